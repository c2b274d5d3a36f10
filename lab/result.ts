import { present } from '../domain/present.ts';

/** How one node of a lab ended. */
type Outcome =
  | 'rebooted'
  | 'untouched'
  | 'not-rebooted'
  | 'not-finished'
  | 'rebooted-again'
  | 'rebooted-unasked'
  | 'rollout-failed'
  | 'not-ready'
  | 'not-as-schedulable';

/** What is known of one node when the lab is asked for its result. */
export interface NodeEnd {
  readonly name: string;
  readonly asked: boolean;
  /** As the API server showed them, the one before any reboot first. */
  readonly bootIds: readonly string[];
  readonly ready: boolean;
  readonly schedulable: boolean;
  readonly schedulableBefore: boolean;
  readonly rollout: RolloutEnd;
  /** From the request to the end of its rollout, or so far; 0 for a node nobody asked. */
  readonly seconds: number;
}

/** What became of a node's rollout. */
export type RolloutEnd =
  | { readonly state: 'none' }
  | { readonly state: 'running'; readonly standing: string }
  /** `outcome` and `because` are the rollout's own words. */
  | { readonly state: 'completed'; readonly outcome: string; readonly because: string }
  | { readonly state: 'failed'; readonly because: string };

export interface NodeResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly bootIds: readonly string[];
  readonly schedulable: boolean;
  readonly seconds: number;
  /** Only when the outcome is not a good one. */
  readonly because?: string;
}

/** What `--once --json` prints. */
export interface LabResult {
  readonly ok: boolean;
  readonly nodes: readonly NodeResult[];
  readonly seconds: number;
  /** What the witness saw broken, a sentence each; only when there was something. */
  readonly violations?: readonly string[];
}

/**
 * Good when every asked node was rebooted exactly once, no other was, all are as schedulable as before, and no guarantee
 * was broken on the way.
 */
export function labResult(
  nodes: readonly NodeEnd[],
  seconds: number,
  violations: readonly string[] = [],
): LabResult {
  const results = nodes.map(nodeResult);
  const ok = violations.length === 0 && results.every(isGood);
  return { ok, nodes: results, seconds, ...(violations.length > 0 && { violations }) };
}

/** Whether nothing more will happen to this node by itself, or all that should has happened. */
export function isSettled(node: NodeEnd): boolean {
  return node.rollout.state === 'failed' || isGood(nodeResult(node));
}

export function isGood({ outcome }: NodeResult): boolean {
  return outcome === 'rebooted' || outcome === 'untouched';
}

function nodeResult(node: NodeEnd): NodeResult {
  const { outcome, because } = judge(node);
  const { name, bootIds, schedulable, seconds } = node;
  return {
    name,
    outcome,
    bootIds,
    schedulable,
    seconds,
    ...present({ because }),
  };
}

interface Verdict {
  readonly outcome: Outcome;
  readonly because?: string;
}

/** The first rule that applies; the gravest come first. */
function judge(node: NodeEnd): Verdict {
  const reboots = Math.max(0, node.bootIds.length - 1);
  if (!node.asked && reboots > 0)
    return {
      outcome: 'rebooted-unasked',
      because: `it was rebooted ${times(reboots)} and nobody asked`,
    };
  if (reboots > 1)
    return { outcome: 'rebooted-again', because: `it was rebooted ${times(reboots)}` };
  return (
    judgeRollout(node, reboots) ??
    judgeState(node) ?? { outcome: node.asked ? 'rebooted' : 'untouched' }
  );
}

function judgeRollout({ asked, rollout }: NodeEnd, reboots: number): Verdict | undefined {
  switch (rollout.state) {
    case 'failed':
      return { outcome: 'rollout-failed', because: `its rollout failed: ${rollout.because}` };
    case 'running':
      return { outcome: 'not-finished', because: `its rollout is not done: ${rollout.standing}` };
    case 'none':
      return asked
        ? { outcome: 'not-rebooted', because: 'no rollout was started for it' }
        : undefined;
    case 'completed':
      if (!asked || reboots > 0) return undefined;
      return {
        outcome: 'not-rebooted',
        because: `its rollout ended without a reboot (${rollout.outcome}): ${rollout.because}`,
      };
    default:
      return rollout satisfies never;
  }
}

function judgeState(node: NodeEnd): Verdict | undefined {
  if (!node.ready) return { outcome: 'not-ready', because: 'it is not Ready' };
  if (node.schedulable === node.schedulableBefore) return undefined;
  const because = node.schedulable
    ? 'it was cordoned before and is not any more'
    : 'it is still cordoned';
  return { outcome: 'not-as-schedulable', because };
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
