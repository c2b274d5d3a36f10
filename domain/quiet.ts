import { AGENT_SILENT_AFTER_MS } from './node-contract.ts';
import { reportedSince, type NodeFacts } from './node-facts.ts';
import { shortList } from './short-list.ts';

/** For how long no node of a pool has asked for a reboot, in which somebody would have heard of it. */
export interface Quiet {
  /** 0 while one asks. */
  readonly forMs: number;
  /** What the agents say instead. */
  readonly because: string;
}

/**
 * Read from the Nodes alone, so that neither a restart nor a lost database makes a pool less quiet than it is; undefined while
 * no agent has reported. Reboots do not count: the report changes with each that a node had asked for, and one that it had not
 * asked for does not show that it ever would.
 */
export function quietOf(nodes: readonly NodeFacts[], nowMs: number): Quiet | undefined {
  if (nodes.some(({ report }) => report?.wants === 'required')) return { forMs: 0, because: '' };
  const reports = nodes.flatMap((node) => {
    const sinceMs = reportedSince(node, nowMs);
    return sinceMs === undefined ? [] : [{ sinceMs, isFirst: isFirstOf(node, sinceMs) }];
  });
  if (reports.length === 0) return undefined;
  const changed = reports.filter(({ isFirst }) => !isFirst).map(({ sinceMs }) => sinceMs);
  // A node that has just joined asks for nothing yet: those that have been there for longer say since when nobody does.
  const sinceMs =
    changed.length > 0
      ? Math.max(...changed)
      : Math.min(...reports.map(({ sinceMs: firstMs }) => firstMs));
  return { forMs: nowMs - sinceMs, because: sayReports(nodes) };
}

/** The agent of a new node has said the same ever since it was first heard. Of any other it may have asked until then. */
const isFirstOf = ({ createdAtMs }: NodeFacts, sinceMs: number): boolean =>
  sinceMs - createdAtMs <= AGENT_SILENT_AFTER_MS;

function sayReports(nodes: readonly NodeFacts[]): string {
  const messages = new Set(nodes.flatMap(({ report }) => report?.message || []));
  const said = shortList([...messages], { most: 3, between: '; ' });
  return said === '' ? 'the agents give no reason' : `the agents say: ${said}`;
}

/** A pool that has been quiet for longer than its policy lets it be. */
export interface QuietPool extends Quiet {
  readonly pool: string;
  readonly afterMs: number;
}

/** Those among the counted pools. */
export function quietPools(
  counts: readonly { readonly pool: string; readonly quiet?: Quiet }[],
  pools: readonly { readonly name: string; readonly quietAfter: number | 'never' }[],
): QuietPool[] {
  const quiets = new Map(counts.map(({ pool, quiet }) => [pool, quiet]));
  return pools.flatMap(({ name: pool, quietAfter: afterMs }) => {
    const quiet = quiets.get(pool);
    if (afterMs === 'never' || quiet === undefined || quiet.forMs <= afterMs) return [];
    return [{ pool, afterMs, ...quiet }];
  });
}
