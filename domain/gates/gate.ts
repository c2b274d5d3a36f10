import type { NodeFacts } from '../node-facts.ts';
import type { BackOffRules, Rest } from '../attempts.ts';
import type { WindowState } from '../window/evaluate.ts';
import type { GateName } from './names.ts';

/** The steps of a rollout at which gates are evaluated. */
export type Moment = 'waiting' | 'cordon' | 'drain' | 'order';

/** A drain itself makes alerts fire, and to undo it would disturb twice: most gates are evaluated again when the node is empty. */
export const NOT_IN_DRAIN: readonly Moment[] = ['waiting', 'cordon', 'order'];

/** What the gates are judged on, gathered at one moment. */
export interface GateFacts {
  readonly moment: Moment;
  readonly node: NodeFacts;
  /** The rollout that asks. */
  readonly workflowId: string;
  /** Whether the rollout named on the node, if it is another one, is still running. */
  readonly ownerRunning: boolean;
  readonly window: WindowState;
  /** Why gates are closed that ask outside the Node; those that were not asked, or are open, are absent. */
  readonly outside: Readonly<Partial<Record<GateName, string>>>;
  readonly rest: BackOffRules;
  /** The rollout before it ended early: it rests until then. */
  readonly restAfter?: Rest;
  /** The taints that mean that a node is being taken away or is down. */
  readonly awayTaints: readonly string[];
  /** Why the policy has the node in no pool; absent: it has it in one. */
  readonly noPool?: string;
  /** Reboot although nothing asks for it. */
  readonly evenIfNotRequired: boolean;
  readonly nowMs: number;
}

/** A gate that is judged on what is known anyway: the Node, its pool's windows, who has it. */
export interface NodeGate {
  readonly moments: readonly Moment[];
  /** Why it is closed; undefined: it is open. */
  readonly judge: (facts: GateFacts) => string | undefined;
  /** When it opens by itself; absent or undefined: nobody knows. */
  readonly opensAtMs?: (facts: GateFacts) => number | undefined;
  /** Nothing but that time opens it, so that there is no use in polling it often. */
  readonly onlyTimeOpens?: true;
}
