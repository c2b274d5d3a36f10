import type { LockState } from '../lock-state.ts';
import type { NodeFacts } from '../node-facts.ts';
import type { PoolPolicy } from '../policy.ts';
import type { RolloutLength } from '../rollout-length.ts';
import type { Pause } from '../status.ts';
import type { OpenedWindow } from '../opened-window.ts';
import type { WindowState } from '../window/evaluate.ts';
import type { Plan } from '../window/plan.ts';
import type { NodeForecast, RolloutKnown } from './known.ts';

/** The cluster as it will be at a moment to come, as far as that can be reckoned. */

/** Where a node stands that wants a reboot. */
export type Standing =
  /** Its gates are looked at then; until then `because`. */
  | { readonly at: 'gates'; readonly againAtMs: number; readonly because: string }
  | { readonly at: 'queued' }
  | { readonly at: 'out'; readonly endsMs: number }
  | { readonly at: 'done' }
  /** Nothing that is known beforehand changes that. */
  | { readonly at: 'stuck'; readonly because: string };

export interface Member {
  readonly node: string;
  readonly pool: SimulatedPool;
  readonly rollout: RolloutKnown | undefined;
  /** It is rebooted although nothing asks for it. */
  readonly evenIfNotRequired: boolean;
  standing: Standing;
  /** Why it did not come in an opening that is over, or nearly. */
  missed: string | undefined;
  row: NodeForecast | undefined;
}

export interface SimulatedPool {
  readonly policy: PoolPolicy;
  readonly plan: Plan;
  /** What a person has opened beside its windows. */
  readonly opened: OpenedWindow | undefined;
  readonly length: RolloutLength;
  readonly needed: RolloutLength;
  readonly paused: Pause | undefined;
  /** The nodes that its selector takes. */
  readonly takes: readonly string[];
  readonly members: Member[];
  lock: LockState;
  /** Why nobody is admitted, and until when, where that is known. */
  waits: { readonly because: string; readonly againAtMs?: number } | undefined;
  /** The last place that was given. */
  places: number;
  /** What its windows say, kept for all who ask at the same moment. */
  window: { readonly atMs: number; readonly state: WindowState } | undefined;
}

export interface Scene {
  readonly pools: readonly SimulatedPool[];
  readonly awayTaints: readonly string[];
  /** The nodes that our workers run on: they go last. */
  readonly workers: ReadonlySet<string>;
  /** Every node of the cluster. */
  readonly cluster: Map<string, NodeFacts>;
  /** The moment at which the facts were read. */
  readonly readAtMs: number;
}

/** The nodes of a pool, as they are then. */
export const nodesOf = ({ cluster }: Scene, { takes }: SimulatedPool): NodeFacts[] =>
  takes.flatMap((name) => cluster.get(name) ?? []);

/** As a rollout has it that has just cordoned it. */
export function takenOut(facts: NodeFacts, workflowId: string): NodeFacts {
  const { order: _order, answer: _answer, ...rest } = facts;
  const record = {
    workflowId,
    runId: '',
    cordonedByUs: !facts.unschedulable,
    bootIdBefore: facts.bootId,
    phase: 'draining',
  } as const;
  return { ...rest, unschedulable: true, rollout: { ok: true, value: record } };
}

/** As it is when its rollout has handed it back, rebooted or not. */
export function handedBack({ rollout, ...facts }: NodeFacts): NodeFacts {
  const ours = rollout?.ok === true && rollout.value.cordonedByUs;
  return { ...facts, unschedulable: facts.unschedulable && !ours };
}

/** As it is after a reboot that went well: nothing is left to be told of it. */
export function rebooted(facts: NodeFacts): NodeFacts {
  const { quarantine: _quarantine, attempts: _attempts, ...back } = handedBack(facts);
  const { report } = back;
  return { ...back, ready: true, ...(report && { report: { ...report, wants: 'not-required' } }) };
}
