import { log } from '@temporalio/activity';
import { ANNOTATION, writeExcused } from '../domain/node-contract.ts';
import type { SignalRecord } from '../domain/status.ts';
import { troublesOf } from '../domain/trouble.ts';
import type { Deps } from './deps.ts';
import { failure, notYet } from './failure.ts';
import { knownPool } from './pool.ts';

/**
 * Writes on every node that halts the pool that a person has excused its troubles up to this moment, where the lock of now and
 * any that takes its place read it. Repeating it changes nothing. Answers the nodes it was written on.
 */
export async function excuseTroubles(
  deps: Deps,
  { pool: name, by, reason, atMs }: { readonly pool: string } & SignalRecord,
): Promise<string[]> {
  const pool = knownPool(deps, name);
  if (!pool) throw notYet('no-room', `pool ${name} is not in the policy`, deps.pollAgainMs);
  const judged = { reboot: pool.reboot, nowMs: Date.now() };
  const nodes = await deps.nodes.list(pool.nodes);
  const excused: string[] = [];
  for (const node of nodes) {
    // An attempt before this one has written it.
    if (node.excusedAtMs === atMs) excused.push(node.name);
    const [trouble] = troublesOf([node], judged);
    if (!trouble || trouble.sinceMs > atMs) continue;
    const done = await deps.nodes.update(node.name, {
      resourceVersion: node.resourceVersion,
      annotations: { [ANNOTATION.excused]: writeExcused(atMs) },
    });
    // Tried again from what stands there then.
    if (done === 'conflict') throw failure('kube-unavailable', `${node.name} has just changed`);
    if (done === 'gone') continue;
    excused.push(node.name);
    log.info('trouble excused', { node: node.name, pool: name, by, reason });
  }
  return excused;
}
