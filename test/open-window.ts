import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import type { Answer } from '../domain/answers.ts';
import { lockId, TASK_QUEUE } from '../domain/names.ts';
import type { poolLock } from '../workflows/index.ts';

/** Opens the window of a pool, whose lock is started where there is none. */
export function openWindow(client: Client, pool: string, sent: unknown): Promise<Answer> {
  const startWorkflowOperation = new WithStartWorkflowOperation<typeof poolLock>('poolLock', {
    workflowId: lockId(pool),
    taskQueue: TASK_QUEUE,
    args: [{ pool }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  return client.workflow.executeUpdateWithStart<typeof poolLock, Answer, [unknown]>('openWindow', {
    args: [sent],
    startWorkflowOperation,
  });
}
