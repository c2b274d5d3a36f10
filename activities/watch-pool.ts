import { activityInfo, log } from '@temporalio/activity';
import type { Holder, LastReturn, Trouble } from '../domain/lock-state.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import type { PoolPolicy } from '../domain/policy.ts';
import {
  isBackInService,
  isWell,
  whoseTurn,
  type Candidate,
  type Turn,
  type TurnQuestion,
} from '../domain/turn.ts';
import type { Deps } from './deps.ts';
import { waiting } from './failure.ts';
import { SETTLED_AFTER_MS } from './lock.ts';
import { knownPool, withPolicyNow, type Followed } from './pool.ts';

/** What a lock knows, as far as the look at the world needs it. */
export interface PoolQuestion {
  readonly pool: string;
  /** The first of those who wait, in turn; none: nothing is granted. */
  readonly line: readonly Candidate[];
  readonly holders: readonly Holder[];
  readonly troubles: readonly Trouble[];
  readonly lastReturn?: LastReturn;
  /** Why it was nobody's turn at the last look. */
  readonly known?: string;
}

/** What a look at the world has brought. */
export interface PoolNews {
  /** Runs of holders that have ended without giving their permit back. */
  readonly ended: readonly string[];
  /** Orphaned permits whose node was seen in service, or is gone. */
  readonly free: readonly string[];
  /** Troubled nodes that are well again. */
  readonly well: readonly string[];
  readonly turn?: Found & Followed;
}

/** Whose turn it is, with the run that is to hear of it: after a reset that is not the one that asked. */
type Found =
  | (Extract<Turn, { kind: 'grant' }> & {
      readonly runId: string;
      /** When the cluster was counted. */
      readonly countedAtMs: number;
    })
  | Extract<Turn, { kind: 'wait' }>
  /** It would be its turn, but it has ended. */
  | { readonly kind: 'ended'; readonly workflowId: string };

/** A holder whose run ends without a word is noticed within this; the cluster is counted as often as anything is looked at. */
const WATCH_EVERY_MS = 20_000;

/**
 * Looks at the rollouts that have a permit and at the live cluster, and answers once there is something new: a run that has
 * ended, a permit that may be given back, a node that is well again, somebody whose turn it is, or another reason why it is
 * nobody's. While nothing changes it is retried with the reason as its message. Unknown is never room.
 */
export async function watchPool(source: Deps, asked: PoolQuestion): Promise<PoolNews> {
  const deps = withPolicyNow(source);
  const nowMs = Date.now();
  const lost = await endedHolders(deps, asked.holders);
  const ended = lost.map(({ runId }) => runId);
  // After a reset another run remembers that it has asked, and waits for a grant that was sent to the run before.
  await deps.temporal.recheck(lost.map(({ workflowId }) => workflowId));
  const seen = isCountDue(deps, asked)
    ? await lookAtPool(deps, asked, nowMs)
    : { free: [], well: [], ...asKnown(asked) };
  const { turn } = seen;
  const because = turn?.kind === 'wait' ? turn.because : undefined;
  const isNews =
    ended.length + seen.free.length + seen.well.length > 0 ||
    (turn !== undefined && turn.kind !== 'wait') ||
    because !== asked.known;
  if (!isNews) throw waiting('no-room', because ?? sayWatched(asked), pauseMs(deps, asked, turn));
  if (because !== undefined) log.info('lock waits', { pool: asked.pool, because });
  return { ended, ...seen, ...followed(deps, turn) };
}

function followed({ policy }: Deps, turn: Found | undefined): Pick<PoolNews, 'turn'> {
  return turn ? { turn: { ...turn, policy: policy.hash } } : {};
}

/** Holders are asked for more often than all nodes of a large pool are listed. A pause between two nodes ends to the second. */
function isCountDue(deps: Deps, { pool, holders }: PoolQuestion): boolean {
  if (holders.length === 0 || knownPool(deps, pool)?.pauseBetween !== 0) return true;
  const looksToACount = Math.max(1, Math.round(deps.lookAgainMs / WATCH_EVERY_MS));
  return (activityInfo().attempt - 1) % looksToACount === 0;
}

function asKnown({ known }: PoolQuestion): Pick<PoolNews, 'turn'> {
  return known === undefined ? {} : { turn: { kind: 'wait', because: known } };
}

function sayWatched({ holders, troubles }: PoolQuestion): string {
  const names = [...holders, ...troubles].map(({ node }) => node);
  return `watching ${[...new Set(names)].join(', ')}`;
}

function pauseMs(deps: Deps, { holders }: PoolQuestion, turn: Found | undefined): number {
  const usual = holders.length > 0 ? Math.min(deps.lookAgainMs, WATCH_EVERY_MS) : deps.lookAgainMs;
  if (turn?.kind !== 'wait' || turn.againAtMs === undefined) return usual;
  return Math.max(1_000, Math.min(usual, turn.againAtMs - Date.now()));
}

async function endedHolders(deps: Deps, holders: readonly Holder[]): Promise<Holder[]> {
  const ended: Holder[] = [];
  for (const holder of holders) {
    const { workflowId, runId, orphanedMs } = holder;
    if (orphanedMs !== undefined) continue;
    if (!(await deps.temporal.isRunning(workflowId, runId))) ended.push(holder);
  }
  return ended;
}

async function lookAtPool(
  deps: Deps,
  asked: PoolQuestion,
  nowMs: number,
): Promise<Omit<PoolNews, 'ended'>> {
  const { line, holders, troubles } = asked;
  const orphans = holders.filter(({ orphanedMs }) => orphanedMs !== undefined);
  const isSettled = settledAt(nowMs);
  const nothing = { free: [], well: [] };
  if (line.length === 0 && orphans.length === 0 && troubles.length === 0) return nothing;
  const pool = knownPool(deps, asked.pool);
  // Waited for rather than failed: the lock must outlive a policy that is being edited.
  if (!pool) {
    const because = `pool ${asked.pool} is not in the policy`;
    return { ...nothing, ...(line.length > 0 ? { turn: { kind: 'wait', because } } : {}) };
  }
  const nodes = await deps.nodes.list(pool.nodes);
  const find = await finder(deps, nodes, [...orphans, ...troubles]);
  const free = orphans
    .filter(isSettled)
    .filter(({ node }) => isBackInService(find(node)))
    .map(({ grantId }) => grantId);
  const well = troubles.filter(({ node }) => isWell(find(node))).map(({ node }) => node);
  // What has ended is given back first; then it is looked again.
  if (line.length === 0 || free.length + well.length > 0) return { free, well };
  const turn = whoseTurn(await question(deps, pool, { asked, nodes, nowMs }));
  if (turn.kind === 'wait') return { free, well, turn };
  const { workflowId } = turn;
  const runId = await deps.temporal.openRun(workflowId);
  return {
    free,
    well,
    turn:
      runId === undefined ? { kind: 'ended', workflowId } : { ...turn, runId, countedAtMs: nowMs },
  };
}

/** Whether the run of a holder has ended so long ago that nothing more comes of it. */
const settledAt =
  (nowMs: number) =>
  ({ orphanedMs = nowMs }: Holder): boolean =>
    nowMs - orphanedMs >= SETTLED_AFTER_MS;

/** A node that has left the pool, by a changed label or policy, is read by its name before it is taken for gone. */
async function finder(
  deps: Deps,
  nodes: readonly NodeFacts[],
  wanted: readonly { node: string }[],
): Promise<(name: string) => NodeFacts | undefined> {
  const known = new Map(nodes.map((node) => [node.name, node]));
  for (const { node: name } of wanted) {
    if (known.has(name)) continue;
    const node = await deps.nodes.read(name);
    if (node) known.set(name, node);
  }
  return (name) => known.get(name);
}

async function question(
  deps: Deps,
  pool: PoolPolicy,
  { asked, nodes, nowMs }: { asked: PoolQuestion; nodes: readonly NodeFacts[]; nowMs: number },
): Promise<TurnQuestion> {
  const { maxUnavailable, order, failureBudget, pauseBetween } = pool;
  const rules = { maxUnavailable, order, failureBudget, pauseBetweenMs: pauseBetween };
  const { line, troubles, lastReturn } = asked;
  const isSettled = settledAt(nowMs);
  const holders = asked.holders.map((holder) => ({ ...holder, leftBehind: isSettled(holder) }));
  return {
    rules,
    nodes,
    before: await nodesOf(deps, pool.after),
    line,
    holders,
    troubles,
    ...(lastReturn ? { lastReturn } : {}),
    nowMs,
  };
}

async function nodesOf(deps: Deps, names: readonly string[]): Promise<TurnQuestion['before']> {
  const pools = deps.policy.current().pools.filter(({ name }) => names.includes(name));
  return await Promise.all(
    pools.map(async ({ name, nodes }) => ({ pool: name, nodes: await deps.nodes.list(nodes) })),
  );
}
