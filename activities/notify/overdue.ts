import { heartbeat } from '@temporalio/activity';
import { wantedSince, type NodeFacts } from '../../domain/node-facts.ts';
import { poolOf, type PoolPolicy } from '../../domain/policy.ts';
import type { Deps } from '../deps.ts';

/** What people have been notified of: `node/event/since/when`, and of a pool `pool:name/event/since/when`. */
export type Remembered = readonly string[];

/**
 * Notifies people of nodes that have waited too long for their reboot, once for each wait and at most once a day; `before` is what the call before
 * this one returned.
 */
export async function notifyWaits(
  deps: Deps,
  nodes: readonly NodeFacts[],
  before: Remembered,
): Promise<Remembered> {
  const notified: string[] = [];
  for (const node of nodes) {
    heartbeat();
    notified.push(...(await notifyWait(deps, node, before)));
  }
  return notified;
}

/** One of them, as it is remembered. */
interface Notified {
  readonly event: string;
  readonly sinceMs: number;
  readonly atMs: number;
}

async function notifyWait(deps: Deps, node: NodeFacts, all: Remembered): Promise<string[]> {
  const atMs = Date.now();
  const before = all.filter((id) => id.startsWith(`${node.name}/`));
  // Who says now that it waits and now that it does not is not forgotten in between.
  const recent = before.filter((id) => atMs - notifiedIn(id).atMs < DAY_MS);
  const sinceMs = wantedSince(node, atMs);
  const choice = poolOf(deps.policy.current(), node.labels);
  if (sinceMs === undefined || choice.kind === 'none') return recent;
  const late = levelsOf(choice.pool).filter(({ afterMs }) => atMs - sinceMs > afterMs);
  const [gravest] = late;
  if (!gravest) return recent;
  const { event } = gravest;
  const same = before.filter((id) => notifiedIn(id).sinceMs === sinceMs);
  const kept = [...new Set([...same, ...recent])];
  // The node says since when it waits. Whatever it says, people are notified of it once a day.
  if (kept.some((id) => notifiedIn(id).event === event)) return kept;
  const pool = choice.pool.name;
  // Whoever wants to hear of it from tomorrow on is notified tomorrow.
  if (!deps.notices.wanted({ event, pool })) return kept;
  const because = await deps.notices.whyWaiting(node.name);
  const id = `${node.name}/${event}/${sinceMs}`;
  await deps.notices.notify({ id, event, atMs, node: node.name, pool, because, sinceMs });
  return late.map((level) => `${node.name}/${level.event}/${sinceMs}/${atMs}`);
}

const DAY_MS = 24 * 60 * 60_000;

export function notifiedIn(id: string): Notified {
  const [, event = '', sinceMs, atMs] = id.split('/');
  return { event, sinceMs: Number(sinceMs), atMs: Number(atMs) };
}

/** The gravest first. */
const levelsOf = ({ overdueAfter, waitingAfter }: PoolPolicy) =>
  [
    { event: 'overdue', afterMs: overdueAfter },
    { event: 'waiting', afterMs: waitingAfter },
  ] as const;
