import { hostname } from 'node:os';
import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, type Logger, type WorkerOptions } from '@temporalio/worker';
import { Calendars } from '../activities/calendars.ts';
import { HttpAlertSource } from '../activities/gates/alert-source.ts';
import type { Secrets } from '../activities/secrets.ts';
import { HttpSilences } from '../activities/gates/silences.ts';
import { createActivities } from '../activities/index.ts';
import type { KubeClient } from '../activities/kube/client.ts';
import type { FleetView } from '../activities/kube/fleet-view.ts';
import { kubePorts } from '../activities/kube/ports.ts';
import { temporalPort, workerIdentity } from '../activities/temporal.ts';
import { TASK_QUEUE } from '../domain/names.ts';
import type { WorkerConfig } from './config.ts';
import type { Temporal } from './connect.ts';
import { encryptedBundle } from './encryption/bundle-path.ts';
import type { EncryptionCodec } from './encryption/codec.ts';
import type { Metrics } from './metrics/metrics.ts';
import { observeActivities, quietly } from './metrics/observe.ts';
import type { Notifications } from './notifications.ts';
import type { PolicyFile } from './policy-file.ts';
import type { Upkeep } from './upkeep.ts';

/** In-flight activities get this long to finish before they are handed over to another worker. */
const GRACE_MS = 5_000;
const FORCE_AFTER_MS = 20_000;

/** What the process has made for its worker. */
export interface WorkerParts {
  readonly logger: Logger;
  readonly policy: PolicyFile;
  readonly secrets: Secrets;
  readonly notifications: Notifications;
  readonly kube: KubeClient;
  readonly fleet: FleetView;
  readonly metrics: Metrics;
  readonly upkeep: Upkeep;
  readonly codec: EncryptionCodec | undefined;
}

/** The worker, connected and not running yet. */
export async function createWorker(
  config: WorkerConfig,
  temporal: Temporal,
  { logger, policy, secrets, notifications, kube, fleet, metrics, upkeep, codec }: WorkerParts,
): Promise<Worker> {
  const identity = workerIdentity(hostname(), process.pid, config.node);
  return await Worker.create({
    connection: temporal.native,
    namespace: temporal.namespace,
    taskQueue: TASK_QUEUE,
    identity,
    workflowBundle: { codePath: bundleFor(config) },
    ...dataOf(codec),
    ...versioned(config),
    maxCachedWorkflows: config.cachedWorkflows,
    activities: createActivities({
      worker: identity,
      own: config.own,
      ...kubePorts(kube),
      fleet,
      policy,
      alerts: new HttpAlertSource(secrets),
      silences: new HttpSilences(secrets),
      notices: notifications.notices,
      messenger: notifications.messenger,
      calendars: new Calendars({
        directory: dirname(config.policyPath),
        nowMs: Date.now,
        secrets,
        told: (problem) => logger.warn('calendar cannot be read', { because: problem }),
      }),
      temporal: temporalPort(temporal.client),
      searchAttributes: () => upkeep.hasSearchAttributes(),
      evictionRefused: (pool) => quietly(logger, () => metrics.happened.evictionRefused(pool)),
      pollAgainMs: config.pollAgainMs,
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

/** The workflow bundle for a worker with this configuration: where data is encrypted, the words of failures are too. */
export function bundleFor({ bundlePath, encrypted }: WorkerConfig): string {
  return encrypted ? encryptedBundle(bundlePath) : bundlePath;
}

function dataOf(codec: EncryptionCodec | undefined): Pick<WorkerOptions, 'dataConverter'> {
  if (codec === undefined) return {};
  // Beside this file, as source and in the image.
  const converter = new URL(
    `encryption/failure-converter${extname(import.meta.url)}`,
    import.meta.url,
  );
  return {
    dataConverter: { payloadCodecs: [codec], failureConverterPath: fileURLToPath(converter) },
  };
}

/**
 * Every release replays the histories of those before it, so a workflow may go on with any version: none waits for a worker
 * that is gone, and an operator decides by ramping how many go to a new one.
 */
function versioned({ version }: WorkerConfig): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (version === undefined) return {};
  const defaultVersioningBehavior = 'AUTO_UPGRADE';
  return {
    workerDeploymentOptions: { useWorkerVersioning: true, version, defaultVersioningBehavior },
  };
}
