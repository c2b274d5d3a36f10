import { poolOf, problemsOf } from '../domain/policy.ts';
import { recover, type Recovery } from '../domain/recovery.ts';
import { RolloutInput, type RolloutRequest } from '../domain/rollout-input.ts';
import type { Deps } from './deps.ts';
import { failure } from './failure.ts';
import { ownerRunning, thisRun } from './ownership.ts';

export interface Plan {
  readonly request: RolloutRequest;
  /** Absent only for a node that a lost rollout has left behind and that has left its pool meanwhile. */
  readonly pool?: string;
  /** Where the node stands already. */
  readonly recovery: Recovery;
  /** Whether the search attributes are registered, so that the workflow may set them. */
  readonly searchAttributes: boolean;
}

/** Parses what the rollout was started with and looks at its node. Bad input, an unknown node and a node in no pool fail at once. */
export async function planRollout(deps: Deps, input: unknown): Promise<Plan> {
  const parsed = RolloutInput.safeParse(input);
  if (!parsed.success) {
    throw failure(
      'bad-input',
      `the input is refused: ${problemsOf(parsed.error, 'input').join('; ')}`,
    );
  }
  const request = parsed.data;
  const node = await deps.nodes.read(request.node);
  if (!node) {
    throw failure('no-such-node', `there is no node ${request.node}; see kubectl get nodes`);
  }
  const { workflowId } = thisRun();
  const recovery = recover(node, workflowId, await ownerRunning(deps, node, workflowId));
  const { searchAttributes } = deps;
  const choice = poolOf(deps.policy.current(), node.labels);
  if (choice.kind === 'pool')
    return { request, pool: choice.pool.name, recovery, searchAttributes };
  if (recovery.at === 'start') {
    throw failure('no-pool', `node ${node.name} is left alone: ${choice.because}`);
  }
  return { request, recovery, searchAttributes };
}
