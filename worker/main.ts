import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { Worker, type Logger } from '@temporalio/worker';
import { Calendars } from '../activities/calendars.ts';
import { HttpAlertSource } from '../activities/gates/alert-source.ts';
import { kuredLocks } from '../activities/gates/kured-locks.ts';
import { secretsOf, type Secrets } from '../activities/gates/secrets.ts';
import { HttpSilences } from '../activities/gates/silences.ts';
import { createActivities } from '../activities/index.ts';
import { connectKube, type KubeClient } from '../activities/kube/client.ts';
import { nodeApi } from '../activities/kube/nodes.ts';
import { podApi } from '../activities/kube/pods.ts';
import { temporalPort, workerIdentity } from '../activities/temporal.ts';
import { TASK_QUEUE } from '../domain/names.ts';
import { describeConfig, readConfig, type WorkerConfig } from './config.ts';
import { connectTemporal, type Temporal } from './connect.ts';
import { serveHealth } from './health.ts';
import { installRuntime } from './logging.ts';
import { followFleet } from './metrics/fleet.ts';
import { Metrics } from './metrics/metrics.ts';
import { observeActivities } from './metrics/observe.ts';
import { peopleOf, type People } from './people.ts';
import { PolicyFile } from './policy-file.ts';
import { ensureFleetScan } from './schedule.ts';
import { ensureSearchAttributes } from './search-attributes.ts';

const HELP = `lockkeeper worker: runs the rollouts of a cluster's nodes

Usage: npm run worker

Configured by the environment. Temporal is reached by the variables and the file of the temporal CLI
(TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_…), Kubernetes by the pod's service
account or KUBECONFIG.

${describeConfig()}

Exit status: 0 after SIGTERM or SIGINT, 1 when it cannot go on, 2 when the configuration is refused.
`;

/** In-flight activities get this long to finish before they are handed over to another worker. */
const GRACE_MS = 5_000;
const FORCE_AFTER_MS = 20_000;

// The Temporal runtime keeps the process alive until it is told otherwise.
process.exit(await main());

async function main(): Promise<number> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  const config = readConfig(process.env);
  if ('problems' in config) {
    for (const problem of config.problems) process.stderr.write(`${problem}\n`);
    return 2;
  }
  if (!existsSync(config.bundlePath)) {
    process.stderr.write(
      `there is no workflow bundle at ${config.bundlePath}: run npm run build\n`,
    );
    return 2;
  }
  const logger = installRuntime(config.logLevel, config.temporalMetrics);
  try {
    return await run(config, logger);
  } catch (error) {
    logger.error('worker stopped', { because: error instanceof Error ? error.message : error });
    return 1;
  }
}

async function run(config: WorkerConfig, logger: Logger): Promise<number> {
  const policy = new PolicyFile(config.policyPath);
  logger.info('policy in force', { path: config.policyPath, hash: policy.hash });
  const stop = stopOnSignal(logger);
  let worker: Worker | undefined;
  const kube = connectKube();
  const fleet = followFleet(kube, stop.signal);
  const metrics = new Metrics({ policy, nodes: () => fleet.nodes(), nowMs: Date.now });
  const health = await serveHealth(config.health, {
    metrics,
    broken: () => (worker?.getState() === 'FAILED' ? 'the worker has failed' : undefined),
    notReady: () => (worker?.getState() === 'RUNNING' ? undefined : 'not polling Temporal yet'),
  });
  try {
    const temporal = await connectTemporal(logger, stop.signal);
    const secrets = secretsOf(process.env);
    const people = peopleOf({ client: temporal.client, policy, secrets, logger });
    people.check();
    const parts = { logger, policy, secrets, people, kube, metrics };
    worker = await createWorker(config, temporal, parts);
    await keepSchedule(temporal, parts);
    const running = worker.run();
    stop.signal.addEventListener('abort', () => worker?.shutdown(), { once: true });
    logger.info('worker started', {
      taskQueue: TASK_QUEUE,
      identity: worker.options.identity,
      // Windows are reckoned by it: two workers should have the same.
      timeZoneData: process.versions['tz'],
    });
    await running;
    await temporal.native.close();
    await temporal.connection.close();
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    throw error;
  } finally {
    policy.close();
    health.close();
    logger.info('worker ended');
  }
}

interface WorkerParts {
  readonly logger: Logger;
  readonly policy: PolicyFile;
  readonly secrets: Secrets;
  readonly people: People;
  readonly kube: KubeClient;
  readonly metrics: Metrics;
}

async function createWorker(
  config: WorkerConfig,
  temporal: Temporal,
  { logger, policy, secrets, people, kube, metrics }: WorkerParts,
): Promise<Worker> {
  const refused = await ensureSearchAttributes(temporal.connection, temporal.namespace);
  if (refused !== undefined) {
    logger.warn('search attributes could not be registered; going on without', {
      because: refused,
    });
  }
  return await Worker.create({
    connection: temporal.native,
    namespace: temporal.namespace,
    taskQueue: TASK_QUEUE,
    identity: workerIdentity(hostname(), process.pid, config.node),
    workflowBundle: { codePath: config.bundlePath },
    activities: createActivities({
      nodes: nodeApi(kube),
      pods: podApi(kube),
      policy,
      alerts: new HttpAlertSource(secrets),
      kuredLocks: kuredLocks(kube),
      silences: new HttpSilences(secrets),
      notices: people.notices,
      messenger: people.messenger,
      calendars: new Calendars({
        directory: dirname(config.policyPath),
        nowMs: Date.now,
        told: (problem) => logger.warn('calendar cannot be read', { because: problem }),
      }),
      temporal: temporalPort(temporal.client, refused === undefined),
      searchAttributes: refused === undefined,
      lookAgainMs: config.lookAgainMs,
    }),
    interceptors: { activity: [observeActivities(metrics, logger)] },
    shutdownGraceTime: GRACE_MS,
    shutdownForceTime: FORCE_AFTER_MS,
    // Cancellation reaches an activity by its heartbeats: a person who aborts is heard within this.
    maxHeartbeatThrottleInterval: '5s',
    // A worker that died keeps its cached workflows for this long: what a signal waits for at worst.
    stickyQueueScheduleToStartTimeout: '5s',
  });
}

/** Keeps the fleet scan at the interval of the policy in force. */
async function keepSchedule(
  temporal: Temporal,
  { logger, policy, people, metrics }: WorkerParts,
): Promise<void> {
  await ensureFleetScan(temporal.client, policy.current().scanEvery);
  policy.watch({
    changed({ scanEvery }, hash) {
      logger.info('policy in force', { hash });
      people.check();
      ensureFleetScan(temporal.client, scanEvery).catch((error: unknown) =>
        logger.warn('the fleet scan keeps its old interval', { because: String(error) }),
      );
    },
    refused({ message }) {
      logger.error('policy refused; the last good one stays in force', { because: message });
      people.policyRefused(message);
      metrics.policyRefused();
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
