import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import { TASK_QUEUE } from '../../domain/names.ts';

/** A process that asks Temporal for work of ours. */
export interface Poller {
  readonly identity: string;
  /** As far as it says: `deployment/build` with worker versioning. */
  readonly version?: string;
  readonly heardMs: number;
}

export interface Pollers {
  readonly workflows: readonly Poller[];
  readonly activities: readonly Poller[];
}

/** temporal.api.enums.v1.TaskQueueType. */
const QUEUES = { workflows: 1, activities: 2 } as const;

/** A poll lasts a minute, and Temporal remembers those who asked for five: who has not asked for so long is gone. */
const GONE_AFTER_MS = 120_000;

/** Who asks now for what is to be done. */
export async function pollersOf(client: Client, nowMs: number): Promise<Pollers> {
  const [workflows, activities] = await Promise.all([
    polling(client, QUEUES.workflows, nowMs),
    polling(client, QUEUES.activities, nowMs),
  ]);
  return { workflows, activities };
}

async function polling(client: Client, taskQueueType: 1 | 2, nowMs: number): Promise<Poller[]> {
  const { namespace } = client.options;
  const taskQueue = { name: TASK_QUEUE };
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue,
    taskQueueType,
  });
  return (pollers ?? [])
    .map(({ identity, lastAccessTime, deploymentOptions }) => {
      const { deploymentName, buildId } = deploymentOptions ?? {};
      return {
        identity: identity ?? '',
        heardMs: optionalTsToMs(lastAccessTime) ?? 0,
        ...(buildId && { version: deploymentName ? `${deploymentName}/${buildId}` : buildId }),
      };
    })
    .filter(({ heardMs }) => nowMs - heardMs < GONE_AFTER_MS);
}
