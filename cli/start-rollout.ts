import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { singleQuoted } from '../agent/command.ts';
import { rolloutId, TASK_QUEUE } from '../domain/names.ts';
import { present } from '../domain/present.ts';
import { RolloutInput } from '../domain/rollout-input.ts';
import { introduceRollout } from '../domain/user-metadata.ts';
import { withTemporal } from './access.ts';
import type { StartOptions } from './start.ts';
import { CommandFailed, EXIT, type Terminal } from './terminal.ts';

/** Starts it and says how to look after it; a CommandFailed where one runs already. */
export async function startRollout(
  node: string,
  options: StartOptions,
  terminal: Terminal,
): Promise<void> {
  const { reason, by: requestedBy, skip, evenIfNotRequired, showCommands, json } = options;
  const input = {
    node,
    ...present({ reason, evenIfNotRequired }),
    requestedBy,
    ...(skip.length > 0 && { skip: [...skip] }),
  };
  // What the first activity would refuse is refused here.
  const { error } = RolloutInput.safeParse(input);
  if (error) {
    const rules = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new CommandFailed(rules, EXIT.usage);
  }
  const workflowId = rolloutId(node);
  if (showCommands) {
    const what = `--type nodeRollout --task-queue ${TASK_QUEUE} --workflow-id ${workflowId}`;
    terminal.out(
      `temporal workflow start ${what} --input ${singleQuoted(JSON.stringify(input))}\n`,
    );
    return;
  }
  const runId = await withTemporal(options, (client) => start(client, workflowId, input));
  terminal.out(
    json
      ? `${JSON.stringify({ workflowId, runId })}\n`
      : `started ${workflowId}; lockkeeper why ${node} says where it stands\n`,
  );
}

async function start(
  { workflow }: Client,
  workflowId: string,
  input: Record<string, unknown> & { readonly node: string; readonly reason?: string },
): Promise<string> {
  try {
    const { node, reason } = input;
    const { firstExecutionRunId } = await workflow.start('nodeRollout', {
      workflowId,
      taskQueue: TASK_QUEUE,
      args: [input],
      ...introduceRollout({ node, ...present({ reason }) }),
    });
    return firstExecutionRunId;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const { node } = input;
    throw new CommandFailed([
      `a rollout of ${node} is running; lockkeeper why ${node} says where it stands`,
    ]);
  }
}
