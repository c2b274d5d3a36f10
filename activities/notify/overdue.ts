import { heartbeat } from '@temporalio/activity';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { poolOf, type PoolPolicy } from '../../domain/policy.ts';
import type { Deps } from '../deps.ts';

/** The waits that people have been notified of: `node/event/since`. */
export type NotifiedWaits = readonly string[];

/**
 * Notifies people of nodes that have waited too long for their reboot, once for each wait; `before` is what the call before
 * this one returned.
 */
export async function notifyWaits(
  deps: Deps,
  nodes: readonly NodeFacts[],
  before: NotifiedWaits,
): Promise<NotifiedWaits> {
  const notified: string[] = [];
  for (const node of nodes) {
    heartbeat();
    notified.push(...(await notifyWait(deps, node, before)));
  }
  return notified;
}

async function notifyWait(deps: Deps, node: NodeFacts, before: NotifiedWaits): Promise<string[]> {
  const sinceMs = node.report?.wants === 'required' ? node.report.sinceMs : undefined;
  if (!sinceMs) return [];
  const choice = poolOf(deps.policy.current(), node.labels);
  if (choice.kind === 'none') return [];
  const atMs = Date.now();
  const late = levelsOf(choice.pool).filter(({ afterMs }) => atMs - sinceMs > afterMs);
  const ids = late.map(({ event }) => `${node.name}/${event}/${sinceMs}`);
  const [gravest] = late;
  const [id = ''] = ids;
  const pool = choice.pool.name;
  if (!gravest || before.includes(id)) return ids.filter((one) => before.includes(one));
  const { event } = gravest;
  // Whoever wants to hear of it from tomorrow on is notified tomorrow.
  if (!deps.notices.wanted({ event, pool })) return ids.filter((one) => before.includes(one));
  const because = await deps.notices.whyWaiting(node.name);
  await deps.notices.notify({ id, event, atMs, node: node.name, pool, because, sinceMs });
  return ids;
}

/** The gravest first. */
const levelsOf = ({ overdueAfter, waitingAfter }: PoolPolicy) =>
  [
    { event: 'overdue', afterMs: overdueAfter },
    { event: 'waiting', afterMs: waitingAfter },
  ] as const;
