import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@temporalio/worker';
import { secretsOf } from '../activities/secrets.ts';
import { BadKubeConfig, connectKube } from '../activities/kube/client.ts';
import { followFleet } from '../activities/kube/fleet-view.ts';
import { temporalPort } from '../activities/temporal.ts';
import { messageOf } from '../domain/message-of.ts';
import { TASK_QUEUE } from '../domain/names.ts';
import { AdmissionProbe } from './admission-probe.ts';
import { describeConfig, readConfig, type WorkerConfig } from './config.ts';
import { askAnew, connectTemporal, type Temporal } from './connect.ts';
import { bundleFor, createWorker, type WorkerParts } from './create-worker.ts';
import { codecOf } from './encryption/codec.ts';
import { BadKeyFile } from './encryption/keys.ts';
import { serveHealth } from './health.ts';
import { installRuntime, logOf } from './logging.ts';
import { Metrics } from './metrics/metrics.ts';
import { notificationsOf } from './notifications.ts';
import { eventsOf, type PolicyEvents } from './policy-events.ts';
import { PolicyFile } from './policy-file.ts';
import { Liveness } from './liveness.ts';
import { BadTemporalConfig } from './temporal-config.ts';
import { isMissing } from './namespace.ts';
import { PolicyBroadcast } from './policy-broadcast.ts';
import { Upkeep } from './upkeep.ts';

const HELP = `lockkeeper worker: runs the rollouts of a cluster's nodes

Usage: npm run worker

Configured by the environment. Temporal is reached by the variables and the file of the temporal CLI
(TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_…), Kubernetes by the pod's service
account or KUBECONFIG.

${describeConfig()}

Exit status: 0 after SIGTERM or SIGINT, 1 when it cannot go on, 2 when the configuration is refused.
A Temporal that cannot be reached, or does not let the worker in, is tried again and again.
`;

/** What is configured is wrong, and stays so until somebody changes it. */
const REFUSALS = [BadTemporalConfig, BadKubeConfig, BadKeyFile];

async function main([flag]: readonly string[]): Promise<number> {
  if (flag === '--help' || flag === '-h') {
    process.stdout.write(HELP);
    return 0;
  }
  if (flag !== undefined) {
    process.stderr.write(`${flag}: not known here, the environment configures; see --help\n`);
    return 2;
  }
  const config = readConfig(process.env);
  if ('problems' in config) {
    for (const problem of config.problems) process.stderr.write(`${problem}\n`);
    return 2;
  }
  if (!existsSync(bundleFor(config))) {
    process.stderr.write(
      `there is no workflow bundle at ${bundleFor(config)}: run npm run build\n`,
    );
    return 2;
  }
  return runLogged(config);
}

async function runLogged(config: WorkerConfig): Promise<number> {
  const logger = loggerOf(config);
  if (typeof logger === 'string') {
    process.stderr.write(`LOCKKEEPER_TEMPORAL_METRICS: ${logger}\n`);
    return 2;
  }
  try {
    return await run(config, logger);
  } catch (error) {
    logger.error('worker stopped', { because: messageOf(error) });
    return REFUSALS.some((refusal) => error instanceof refusal) ? 2 : 1;
  }
}

/** The logger of the process, or why there is none: nothing but the address of the metrics can be in its way. */
function loggerOf({ logLevel, temporalMetrics }: WorkerConfig): Logger | string {
  try {
    return installRuntime(logLevel, temporalMetrics);
  } catch (error) {
    return messageOf(error);
  }
}

async function run(config: WorkerConfig, logger: Logger): Promise<number> {
  const policy = new PolicyFile(config.policyPath);
  if (!policy.notInForce()) {
    logger.info('policy in force', { path: config.policyPath, hash: policy.hash });
  }
  const codec = codecOf(process.env);
  const stop = stopOnSignal(logger);
  const kube = connectKube();
  const fleet = followFleet(kube, stop.signal);
  const log = logOf(logger);
  const nodes = () => fleet.nodes();
  const probe = new AdmissionProbe({ core: kube.core, node: () => nodes()?.[0]?.name, log });
  const isUnguarded = () => probe.isMissing();
  const metrics = new Metrics({ policy, nodes, isUnguarded, nowMs: Date.now });
  const seesNodes = () => nodes() !== undefined;
  const liveness = new Liveness({ nowMs: Date.now, seesNodes, log });
  const health = await serveHealth(config.health, {
    metrics,
    broken: () => liveness.broken(),
    notReady: () => policy.notInForce() ?? liveness.notReady(),
  });
  try {
    const { signal } = stop;
    const temporal = await connectTemporal({ env: process.env, logger, signal, codec });
    const secrets = secretsOf(process.env, config.secretDirectories);
    const notifications = notificationsOf({ client: temporal.client, policy, secrets, logger });
    notifications.check();
    const upkeep = new Upkeep({ temporal, policy, log });
    await upkeep.begin(signal);
    const parts = { logger, policy, secrets, notifications, kube, fleet, metrics, upkeep, codec };
    const worker = await createWorker(config, temporal, parts);
    followPolicy(temporal, parts, { events: eventsOf(kube, config.pod), signal });
    const running = worker.run();
    void probe.run(signal);
    liveness.follow({
      status: () => worker.getStatus(),
      askTemporal: () => askTemporal(temporal, upkeep),
      askAnew: () => askAnew(process.env),
    });
    signal.addEventListener('abort', () => worker.shutdown(), { once: true });
    logger.info('worker started', {
      taskQueue: TASK_QUEUE,
      identity: worker.options.identity,
      ...config.version,
      encrypted: codec !== undefined,
      // Windows are reckoned by it: two workers should have the same.
      timeZoneData: process.versions['tz'],
    });
    await running;
    await Promise.all([temporal.native.close(), temporal.connection.close()]);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    throw error;
  } finally {
    liveness.stop();
    policy.close();
    health.close();
    logger.info('worker ended');
  }
}

const ASK_FOR_MS = 5_000;

/** On the worker's own connection; tells of a lost right as well, and sees to a lost namespace. */
async function askTemporal({ native, namespace }: Temporal, upkeep: Upkeep): Promise<void> {
  const asking = () => native.workflowService.describeNamespace({ namespace });
  try {
    // The deadline is kept by the connection itself, which is what is doubted here.
    await Promise.race([native.withDeadline(Date.now() + ASK_FOR_MS, asking), tooLate()]);
  } catch (error) {
    if (isMissing(error)) await upkeep.look();
    throw error;
  }
}

async function tooLate(): Promise<never> {
  await pause(2 * ASK_FOR_MS, undefined, { ref: false });
  throw new Error(`no answer within ${(2 * ASK_FOR_MS) / 1_000} s`);
}

/** Keeps the fleet scan at the interval of the policy in force, and lets what waits know when that changes. */
function followPolicy(
  temporal: Temporal,
  { logger, policy, notifications, metrics, upkeep }: WorkerParts,
  { events, signal }: { events: PolicyEvents; signal: AbortSignal },
): void {
  const broadcast = new PolicyBroadcast({
    temporal: temporalPort(temporal.client),
    log: logOf(logger),
  });
  signal.addEventListener('abort', () => broadcast.close(), { once: true });
  policy.watch({
    changed(now, hash) {
      logger.info('policy in force', { hash });
      notifications.check();
      broadcast.policyChanged(now);
      void upkeep.look();
    },
    refused({ message }) {
      const because = { because: message };
      if (policy.notInForce()) logger.error('policy refused; none is in force', because);
      else logger.error('policy refused; the last good one stays in force', because);
      void events.refused(message);
      notifications.policyRefused(message);
      metrics.happened.policyRefused();
    },
  });
}

function stopOnSignal(logger: Logger): AbortController {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      logger.info('worker stops', { signal });
      stop.abort(new Error(signal));
    });
  }
  return stop;
}

// Last, for nothing that is declared below a top-level await exists before it is over. And an exit, because the Temporal runtime
// keeps the process alive until it is told otherwise.
process.exit(await main(process.argv.slice(2)));
