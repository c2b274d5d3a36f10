import { DefaultLogger, Runtime, type LogEntry, type Logger } from '@temporalio/worker';

/** What the SDK adds to each line and nobody on call reads. */
const NOISE = new Set([
  'sdkComponent',
  'taskToken',
  'isLocal',
  'taskQueue',
  'namespace',
  'activityId',
  'workflowType',
]);

/**
 * One JSON line per outcome on stdout; for everything the process runs, so it has to come first. Where `metrics` is given,
 * Temporal's own metrics of client and worker are served there; throws when that address is taken.
 */
export function installRuntime(
  level: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR',
  metrics?: { readonly host: string; readonly port: number },
): DefaultLogger {
  const logger = new DefaultLogger(level, (entry) => process.stdout.write(`${lineOf(entry)}\n`));
  Runtime.install({
    logger,
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} },
      ...(metrics && { metrics: { prometheus: exporterAt(metrics) } }),
    },
  });
  return logger;
}

/** Names and units as Prometheus has them. */
function exporterAt({ host, port }: { readonly host: string; readonly port: number }) {
  const bindAddress = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true };
}

type Say = (message: string, fields: object) => void;

/** The logger as what runs in the worker takes it: a message, which never changes, and fields. */
export function logOf(logger: Logger): Record<'info' | 'warn' | 'error', Say> {
  return {
    info: (message, fields) => logger.info(message, { ...fields }),
    warn: (message, fields) => logger.warn(message, { ...fields }),
    error: (message, fields) => logger.error(message, { ...fields }),
  };
}

/** An entry as a line of JSON: the outcome and its fields, without what only the SDK cares for. */
export function lineOf({ level, message, meta = {}, timestampNanos }: LogEntry): string {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const fields = Object.entries(meta)
    .filter(([key]) => !NOISE.has(key))
    .map(([key, value]) => [key, value instanceof Error ? value.message : value]);
  return JSON.stringify({ time, level, message, ...Object.fromEntries(fields) });
}
