import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import { TASK_QUEUE } from '../../domain/names.ts';
import { present } from '../../domain/present.ts';

/** A process that asks Temporal for work of ours. */
export interface Poller {
  readonly identity: string;
  /** With worker versioning: `deployment/build`. */
  readonly version?: string;
  readonly heardMs: number;
}

export interface Pollers {
  readonly workflows: readonly Poller[];
  readonly activities: readonly Poller[];
  /** The versions that are given work; none: those without a version are. */
  readonly given: readonly string[];
}

/** temporal.api.enums.v1.TaskQueueType. */
const QUEUES = { workflows: 1, activities: 2 } as const;

/** A poll lasts a minute, and Temporal remembers those who asked for five: who has not asked for so long is gone. */
const GONE_AFTER_MS = 120_000;

/** Who asks now for what is to be done. */
export async function pollersOf(client: Client, nowMs: number): Promise<Pollers> {
  const [workflows, activities] = await Promise.all([
    described(client, QUEUES.workflows),
    described(client, QUEUES.activities),
  ]);
  const { currentDeploymentVersion, rampingDeploymentVersion } = workflows.versioningInfo ?? {};
  const given = [versionOf(currentDeploymentVersion), versionOf(rampingDeploymentVersion)];
  return {
    workflows: pollersIn(workflows, nowMs),
    activities: pollersIn(activities, nowMs),
    given: given.filter((version) => version !== undefined),
  };
}

const described = ({ workflowService, options }: Client, taskQueueType: 1 | 2) =>
  workflowService.describeTaskQueue({
    namespace: options.namespace,
    taskQueue: { name: TASK_QUEUE },
    taskQueueType,
  });

function pollersIn(
  { pollers }: Awaited<ReturnType<typeof described>>,
  nowMs: number,
): readonly Poller[] {
  return (pollers ?? [])
    .map(({ identity, lastAccessTime, deploymentOptions }) => ({
      identity: identity ?? '',
      heardMs: optionalTsToMs(lastAccessTime) ?? 0,
      ...present({ version: versionOf(deploymentOptions) }),
    }))
    .filter(({ heardMs }) => nowMs - heardMs < GONE_AFTER_MS);
}

interface Version {
  readonly deploymentName?: string | null;
  readonly buildId?: string | null;
}

function versionOf(version: Version | null | undefined): string | undefined {
  if (!version?.buildId) return undefined;
  return `${version.deploymentName ?? ''}/${version.buildId}`;
}
