import { answers, type RolloutRecord } from './node-contract.ts';
import type { NodeFacts } from './node-facts.ts';

/** Where a rollout that starts (again) stands, judged by the node alone. */
export type Recovery =
  /** Nothing is under way. */
  | { readonly at: 'start' }
  /** A rollout was interrupted before the point of no return: undo it, then start. */
  | { readonly at: 'undo'; readonly record: RolloutRecord; readonly because: string }
  /** The point of no return is passed: only the return can be finished. */
  | { readonly at: 'return'; readonly record: RolloutRecord; readonly because: string };

/**
 * Reads the record a former run left on the node. The record of another rollout that is still running is not ours
 * to finish: that is a closed gate, and this answers `start`.
 */
export function recover(node: NodeFacts, workflowId: string, ownerRunning: boolean): Recovery {
  if (!node.rollout?.ok) return { at: 'start' };
  const record = node.rollout.value;
  if (record.workflowId !== workflowId && ownerRunning) return { at: 'start' };
  if (node.bootId !== record.bootIdBefore) {
    return { at: 'return', record, because: 'the node has rebooted since it was cordoned' };
  }
  if (isAccepted(node)) {
    return { at: 'return', record, because: 'the agent has accepted the order' };
  }
  return { at: 'undo', record, because: `a former run was interrupted while ${record.phase}` };
}

/** Whether the order on the node has been accepted for the boot that is running: the point of no return. */
export function isAccepted(node: Pick<NodeFacts, 'order' | 'answer' | 'bootId'>): boolean {
  if (!node.order?.ok || !node.answer?.ok) return false;
  const { value: answer } = node.answer;
  if (answer.bootId !== node.bootId) return false;
  return answer.verdict === 'accepted' && answers(answer, node.order.value);
}
