import type { RebootManner } from './world/machine.ts';
import type { TroubleKind } from './world/weather.ts';

/** All that is decided before a history begins: nothing else makes two histories differ. Plain values, so that a counterexample can be made smaller. */
export interface Plan {
  /** Of every latency and every toss of a coin. */
  readonly seed: number;
  readonly workers: number;
  /** The workers run on nodes of the fleet, and say so. */
  readonly workersOnNodes: boolean;
  readonly pollAgainMs: number;
  readonly scanEveryMs: number;
  /** In events of a history. */
  readonly continueAsNewAt: number;
  readonly lateSignals: { readonly chance: number; readonly mostMs: number };
  readonly pools: readonly PoolPlan[];
  readonly nodes: readonly NodePlan[];
  readonly apps: readonly AppPlan[];
  /** Then people mend whatever is broken and lift whatever they have put in the way. */
  readonly troubleForMs: number;
  readonly events: readonly PlannedEvent[];
}

export interface PoolPlan {
  readonly maxUnavailable: number | string;
  readonly failureBudget: number;
  readonly order: 'fifo' | 'zone';
  readonly pauseBetweenMs: number;
  /** Goes after the pool before it. */
  readonly afterFormer: boolean;
  readonly drainTimeoutMs: number;
  readonly drainDelayMs: number;
  readonly onTimeout: 'undo' | 'delete';
  /** Between an empty node and its order. */
  readonly rebootDelayMs: number;
  readonly orderExpiresMs: number;
  readonly returnWithinMs: number;
  readonly stableForMs: number;
  readonly retryMs: number;
  readonly labels: LabelsPlan;
  /** Whether nodes bear a taint while they wait. */
  readonly taint: boolean;
}

/** Which labels are set around a reboot; `before`: nothing is set after it. */
export type LabelsPlan = 'none' | 'both' | 'before';

export interface NodePlan {
  readonly pool: number;
  readonly zone: number;
  /** When its sentinel appears; absent: never. */
  readonly wantsAtMs?: number;
  readonly cordonedBefore: boolean;
  readonly downForMs: number;
  readonly reboots: readonly RebootManner[];
  readonly skewMs: number;
}

export interface AppPlan {
  readonly replicas: number;
  /** Pods that may be missing; -1: it has no budget. */
  readonly spare: number;
  readonly priority: number;
  readonly stopsInMs: number;
  readonly startsInMs: number;
  /** Its pods tolerate the cordon, and each is made anew where it was. */
  readonly putsBack: boolean;
}

export interface PlannedEvent {
  readonly when: Moment;
  readonly what: WorldEvent;
}

/** At some time, or a little after some node has come to some step for the first time; then it befalls that very node. */
type Moment =
  | { readonly atMs: number }
  | { readonly node: number; readonly step: Step; readonly plusMs: number };

export const STEPS = [
  'wanted',
  'granted',
  'cordoned',
  'emptied',
  'ordered',
  'accepted',
  'booted',
  'ready again',
  'handed back',
] as const;
export type Step = (typeof STEPS)[number];

/** What befalls the world. Nodes, pools, workers and applications are numbers, taken modulo how many there are. */
export type WorldEvent =
  | {
      readonly kind: 'worker';
      readonly worker: number;
      readonly how: WorkerTrouble;
      readonly forMs: number;
    }
  | {
      readonly kind: 'network';
      readonly service: 'kube' | 'temporal';
      readonly worker?: number;
      readonly trouble: TroubleKind;
      readonly chance: number;
      readonly forMs: number;
    }
  | { readonly kind: 'temporal-down'; readonly forMs: number }
  | {
      readonly kind: 'workflow';
      readonly node: number;
      readonly how: 'terminate' | 'cancel' | 'reset';
      readonly fraction: number;
    }
  | {
      readonly kind: 'lock';
      readonly pool: number;
      readonly how: 'terminate' | 'reset';
      readonly fraction: number;
    }
  | {
      readonly kind: 'say';
      readonly node: number;
      readonly signal: RolloutSignal;
      readonly input: unknown;
      readonly times: number;
    }
  | {
      readonly kind: 'say-lock';
      readonly pool: number;
      readonly signal: 'pause' | 'resume' | 'recheck';
      readonly input: unknown;
    }
  | {
      readonly kind: 'start';
      readonly node: number;
      readonly otherId: boolean;
      readonly evenIfNotRequired: boolean;
    }
  | {
      readonly kind: 'node';
      readonly node: number;
      readonly how: NodeTrouble;
      readonly forMs: number;
    }
  | {
      readonly kind: 'pods';
      readonly node: number;
      readonly app: number;
      readonly how: 'stuck' | 'denied' | 'two-budgets' | 'bare-pod';
      readonly forMs: number;
    }
  | { readonly kind: 'policy'; readonly pool: number; readonly change: PolicyChange };

type WorkerTrouble = 'crash' | 'freeze' | 'stop';

export const ROLLOUT_SIGNALS = [
  'pause',
  'resume',
  'abort',
  'skipGate',
  'retry',
  'recheck',
  'permitGranted',
  'drainProgress',
] as const;
type RolloutSignal = (typeof ROLLOUT_SIGNALS)[number];

export const NODE_TROUBLES = [
  'cordon',
  'uncordon',
  'hold',
  'unhold',
  'delete',
  'strip-record',
  'strip-order',
  'strip-answer',
  'scribble-record',
  'lose-kubelet',
  'power-cut',
  'sentinel-off',
  'sentinel-on',
  'lose-agent',
  'copy-order',
  'label',
  'unlabel',
  'taint',
  'untaint',
  'take-away',
  'babble',
] as const;
export type NodeTrouble = (typeof NODE_TROUBLES)[number];

export type PolicyChange =
  | { readonly maxUnavailable: number | string }
  | { readonly failureBudget: number }
  | { readonly closedForMs: number }
  | { readonly goneForMs: number }
  | { readonly stableForMs: number }
  | { readonly labels: LabelsPlan }
  | { readonly taint: boolean };
