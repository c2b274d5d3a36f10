import { AGENT_HEARTBEAT_MS } from '../domain/node-contract.ts';
import { runAgent } from './agent.ts';
import { readConfig, usage } from './config.ts';
import { createHost, type HostSettings } from './host.ts';
import { createLog } from './log.ts';

/** 0: told to stop. 1: a fault of ours; the kubelet starts us again. 2: cannot run with this configuration. */
type ExitCode = 0 | 1 | 2;

async function main(flags: readonly string[]): Promise<ExitCode> {
  if (flags.includes('--help') || flags.includes('-h')) {
    process.stdout.write(usage());
    return 0;
  }
  const read = readConfig(flags, process.env);
  if (!read.ok) {
    const problems = read.problems.map((problem) => `  ${problem}\n`).join('');
    process.stderr.write(`lockkeeper-agent: the configuration is wrong:\n${problems}`);
    return 2;
  }
  const { config } = read;
  const log = createLog(config.logFormat, { node: config.node });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort());
  log.info('agent started', { period: `${config.periodMs / 1000}s`, ...describeHost(config.host) });
  keepSmall();
  try {
    await runAgent({ config, host: createHost(config.host), log, signal: stop.signal });
    log.info('agent stopped');
    return 0;
  } catch (error) {
    const because = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error('the agent has a fault and ends', { because });
    return 1;
  }
}

function describeHost({ sentinel, reboot }: HostSettings) {
  return {
    sentinel: sentinel.kind === 'file' ? sentinel.path : sentinel.command.line,
    reboot: describeReboot(reboot),
  };
}

function describeReboot(reboot: HostSettings['reboot']): string {
  if (reboot.method === 'signal') return `signal ${reboot.signal}`;
  return reboot.method === 'file' ? `file ${reboot.path}` : reboot.command.line;
}

/**
 * With `--expose-gc`: gives back what starting has left behind, and then what heartbeats leave, which are too few
 * for V8 to collect by itself.
 */
function keepSmall(): void {
  const { gc } = globalThis;
  if (gc === undefined) return;
  const collect = () => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  setTimeout(collect, 5_000).unref();
  setInterval(collect, AGENT_HEARTBEAT_MS).unref();
}

// exit(), not exitCode: an open connection must not keep a stopped agent alive.
void main(process.argv.slice(2)).then((code) => process.exit(code));
