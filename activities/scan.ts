import { heartbeat, log } from '@temporalio/activity';
import { fleetCounts } from '../domain/fleet-counts.ts';
import { FLEET_SCAN, rolloutId } from '../domain/names.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { NO_POLICY, poolOf } from '../domain/policy.ts';
import { present } from '../domain/present.ts';
import { quietPools, type QuietPool } from '../domain/quiet.ts';
import type { Deps } from './deps.ts';
import { notifyWaits, type Remembered } from './notify/overdue.ts';
import { notifyQuiet } from './notify/quiet.ts';
import { tend } from './tend.ts';

/** A node that wants a reboot and gets none. */
export interface LeftAlone {
  readonly node: string;
  readonly because: string;
}

export interface Scan {
  readonly nodes: number;
  readonly started: readonly string[];
  /** Nodes that want a reboot and are in no pool, or in two: left alone. */
  readonly unmanaged: readonly LeftAlone[];
  /** So many more of them; absent: none. */
  readonly unmanagedMore?: number;
  /** Hash of the policy it was done by; where the worker had none, of the one before. */
  readonly policy: string;
  /** The worker that did it. */
  readonly worker?: string;
  /** What that worker has against the policy file as it is now; absent when nothing. */
  readonly refused?: readonly string[];
  /** It has started with that file, and so has no policy to go by. */
  readonly noPolicy?: true;
  readonly atMs: number;
  /** The pools of that policy; absent where the worker had none. */
  readonly pools?: readonly string[];
  /** Pools of which no node has asked for a reboot for too long; absent when there are none. */
  readonly quiet?: readonly QuietPool[];
  /** The long waits and the quiet pools that people have been notified of; absent when there are none. */
  readonly notified?: Remembered;
}

export interface ScanQuestion {
  /** Hash of the policy of the scan before, where there was one. */
  readonly formerPolicy?: string;
  /** What people had been notified of by then. */
  readonly notified?: Remembered;
}

/**
 * Starts a rollout for every node that wants a reboot and for every node that a lost rollout has left behind, unless one is
 * running, and tidies what ended rollouts have left on nodes.
 */
export async function scanFleet(
  deps: Deps,
  { formerPolicy, notified: before = [] }: ScanQuestion,
): Promise<Scan> {
  const atMs = Date.now();
  const nodes = await deps.nodes.list();
  const busy = await deps.temporal.runningRollouts();
  const { started, unmanaged } = await startRollouts(deps, nodes, busy);
  const goneBy = byWhich(deps, formerPolicy);
  const policy = deps.policy.current();
  const quiet = quietPools(fleetCounts(nodes, policy, atMs), policy.pools);
  // Without a policy nobody is known who could be notified of anything.
  const notified = goneBy.noPolicy
    ? before
    : [
        ...(await notifyWaits(deps, nodes, before)),
        ...(await notifyQuiet(deps, quiet, { before, atMs })),
      ];
  const more = Math.max(0, unmanaged.length - MOST_UNMANAGED);
  return {
    nodes: nodes.length,
    started,
    unmanaged: unmanaged.slice(0, MOST_UNMANAGED),
    ...present({ unmanagedMore: more || undefined }),
    atMs,
    ...goneBy,
    ...(!goneBy.noPolicy && { pools: policy.pools.map(({ name }) => name) }),
    ...(quiet.length > 0 && { quiet: quiet.slice(0, MOST_QUIET) }),
    ...(notified.length > 0 && { notified }),
  };
}

/** A whole fleet in no pool is one mistake. */
const MOST_UNMANAGED = 100;
/** Each has words of its agents. */
const MOST_QUIET = 20;
/** More lines of what is wrong nobody reads, and histories are not for files. */
const MOST_PROBLEMS = 20;
const LONGEST_PROBLEM = 300;

/** Which policy it was done by. */
function byWhich(
  { policy, worker }: Deps,
  former: string | undefined,
): Pick<Scan, 'policy' | 'worker' | 'refused' | 'noPolicy'> {
  const problems = (policy.problems ?? []).slice(0, MOST_PROBLEMS);
  const refused = problems.map((problem) => problem.slice(0, LONGEST_PROBLEM));
  const by = { worker, ...(refused.length > 0 && { refused }) };
  if (policy.current() === NO_POLICY) return { ...by, policy: former ?? '', noPolicy: true };
  return { ...by, policy: policy.hash };
}

async function startRollouts(
  deps: Deps,
  nodes: readonly NodeFacts[],
  busy: ReadonlySet<string>,
): Promise<{ started: string[]; unmanaged: LeftAlone[] }> {
  const started: string[] = [];
  const unmanaged: LeftAlone[] = [];
  for (const node of nodes) {
    heartbeat();
    const id = rolloutId(node.name);
    await tend(deps, node, busy.has(id));
    const reason = reasonToRoll(node);
    if (reason === undefined || busy.has(id)) continue;
    const choice = poolOf(deps.policy.current(), node.labels);
    if (choice.kind === 'none' && !node.rollout) {
      unmanaged.push({ node: node.name, because: choice.because });
      log.warn('node is left alone', { node: node.name, because: choice.because });
      continue;
    }
    const input = { node: node.name, reason, requestedBy: FLEET_SCAN };
    if (await deps.temporal.startRollout(input)) {
      started.push(node.name);
      log.info('rollout started', { node: node.name, reason });
    }
  }
  return { started, unmanaged };
}

function reasonToRoll(node: NodeFacts): string | undefined {
  if (node.rollout) return 'a former rollout has left it behind';
  if (node.report?.wants !== 'required') return undefined;
  return node.report.message.slice(0, 200) || 'reboot required';
}
