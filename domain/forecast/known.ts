import type { NodeFacts } from '../node-facts.ts';
import type { Policy } from '../policy.ts';
import type { RolloutLength } from '../rollout-length.ts';
import type { LockStatus, RolloutStatus } from '../status.ts';
import type { Plan } from '../window/plan.ts';

/** A rollout that runs. */
export interface RolloutKnown {
  readonly node: string;
  readonly startedMs: number;
  /** Absent where no worker has answered. */
  readonly status?: RolloutStatus;
  /** Why it stands where it stands; empty when nothing holds it up. */
  readonly because: string;
}

/** Everything that a forecast is made of, as it is at one moment. */
export interface ForecastQuestion {
  readonly policy: Policy;
  /** When the pools are open, in the order of the policy. */
  readonly plans: readonly Plan[];
  /** All of the cluster. */
  readonly nodes: readonly NodeFacts[];
  /** Of the pools that have had one. */
  readonly locks: readonly LockStatus[];
  readonly rollouts: readonly RolloutKnown[];
  /** The nodes that our workers run on. */
  readonly workerNodes: ReadonlySet<string>;
  /** When a node without a rollout gets one, or why it gets none. */
  readonly nextScan: NextScan;
  readonly nowMs: number;
}

export type NextScan = { readonly atMs: number } | { readonly because: string };

/** What is foretold of one node that wants a reboot, or is out of service for one. */
export type NodeForecast =
  | {
      readonly kind: 'under-way';
      readonly node: string;
      /** In the order of the pool, from 1. */
      readonly place: number;
      readonly phase: string;
      /** When it was cordoned, where that is known. */
      readonly beginsMs?: number;
      readonly endsMs: number;
      /** What is in its way; absent: nothing is known to be. */
      readonly because?: string;
    }
  | {
      readonly kind: 'foretold';
      readonly node: string;
      readonly place: number;
      /** When it is cordoned. */
      readonly beginsMs: number;
      /** When it is back in service. */
      readonly endsMs: number;
      /** When the opening closes that it begins in; absent: not within a year. */
      readonly closesMs?: number;
      /** Why it does not begin in an earlier opening; absent: it begins in the first one. */
      readonly because?: string;
    }
  | {
      readonly kind: 'not-foretold';
      readonly node: string;
      readonly because: string;
    };

export interface PoolForecast {
  readonly pool: string;
  /** What a rollout is foretold to take. */
  readonly length: RolloutLength;
  /** What has to fit before the window closes. */
  readonly needed: RolloutLength;
  /** In the order in which they come, then those that nothing is foretold of. */
  readonly nodes: readonly NodeForecast[];
}

export interface Forecast {
  /** In the order of the policy. */
  readonly pools: readonly PoolForecast[];
  /** Nodes that want a reboot and get none, for the policy has them in no pool. */
  readonly inNoPool: readonly { readonly node: string; readonly because: string }[];
}
