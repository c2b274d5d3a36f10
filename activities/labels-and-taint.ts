import { cancellationSignal, log } from '@temporalio/activity';
import type { RolloutRecord } from '../domain/node-contract.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { addTaint, changesOf, removeTaint, undoLabels } from '../domain/labels-and-taint.ts';
import type { PoolPolicy } from '../domain/policy.ts';
import { present } from '../domain/present.ts';
import { pastConflicts } from './conflicts.ts';
import type { Deps } from './deps.ts';
import type { NodeUpdate } from './kube/nodes.ts';
import { knownPool, poolOfTaken } from './pool.ts';

/** What is written besides the cordon and the record when a node is taken; nothing where the pool asks for nothing. */
export function labelsOfTaking(
  pool: PoolPolicy | undefined,
  node: NodeFacts,
): Pick<NodeUpdate, 'labels' | 'taints' | 'annotations'> & {
  readonly record: Pick<RolloutRecord, 'labels'>;
} {
  const labels = pool?.labels?.before;
  const record = labels ? { labels: changesOf(node.labels, labels) } : {};
  return { ...present({ labels }), ...removeTaint(node), record };
}

/**
 * Labels to write on a node that is back. Without a policy for them they are as they were found, as after an undo. Where its
 * rollout began while the node was in no pool, the pool that it is in now decides.
 */
export function labelsOfReturn(
  deps: Deps,
  pool: string | undefined,
  { node, record }: { node: NodeFacts; record: RolloutRecord },
) {
  const labels = poolOfTaken(deps, pool, node)?.labels;
  return labels ? (labels.after ?? {}) : undoLabels(node.labels, record);
}

/** Puts the pool's taint on a node that waits in the queue, unless somebody has the node. Repeating it changes nothing. */
export async function taintWaiting(
  deps: Deps,
  { node: name, pool }: { node: string; pool: string },
): Promise<void> {
  await pastConflicts(`${name} cannot be tainted`, async () => {
    const node = await deps.nodes.read(name);
    const key = knownPool(deps, pool)?.taint;
    const patch = node && !node.rollout && key !== undefined && addTaint(node, key);
    if (!patch) return 'nothing';
    // An attempt that was given up must not mark a node that no longer waits.
    cancellationSignal().throwIfAborted();
    const done = await deps.nodes.update(name, { resourceVersion: node.resourceVersion, ...patch });
    if (done === 'updated') log.info('waiting node tainted', { node: name, taint: key });
    return done;
  });
}

/** Takes our taint off a node that no longer waits. */
export async function untaintWaiting(deps: Deps, { node: name }: { node: string }): Promise<void> {
  await pastConflicts(`the taint of ${name} cannot be taken off`, async () => {
    const node = await deps.nodes.read(name);
    return node ? await untaint(deps, node) : 'gone';
  });
}

/** Takes our taint off, if it is on; a node that has changed since it was read is left for another time. */
export async function untaint(
  deps: Deps,
  node: NodeFacts,
): Promise<'updated' | 'conflict' | 'gone'> {
  const patch = removeTaint(node);
  if (!patch) return 'updated';
  return await deps.nodes.update(node.name, { resourceVersion: node.resourceVersion, ...patch });
}
