import type { GateName } from '../../domain/gates/names.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import type { Reason } from '../../domain/why-it-waits.ts';
import type { RolloutSeen } from '../status/seen.ts';

/** A gate as the rollout has seen it last. */
export interface GateSeen {
  readonly gate: GateName;
  readonly state: 'open' | 'closed' | 'skipped';
  readonly because?: string;
  readonly sinceMs?: number;
}

/** A rollout of the node that has ended. */
export interface FormerRollout {
  readonly runId: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** As in its result, or how Temporal says that it ended: failed, cancelled, terminated. */
  readonly outcome: string;
  readonly because?: string;
}

/** What `lockkeeper why` has seen; printed as it is with --json. */
export interface WhySeen {
  readonly atMs: number;
  readonly node: string;
  /** The rollout that runs; absent: none does. */
  readonly rollout?: RolloutSeen;
  /** Every reason why it stands where it stands, what people have said first. */
  readonly reasons: readonly Reason[];
  /** Absent where no rollout runs, or it does not answer. */
  readonly gates?: readonly GateSeen[];
  /** Why the latest scan has left the node alone. */
  readonly leftAlone?: string;
  /** When that scan was; absent: none has ended lately. */
  readonly scannedMs?: number;
  /** The latest ones, the newest first. */
  readonly former: readonly FormerRollout[];
  /** The Node object, or why it could not be read. */
  readonly onNode:
    Pick<NodeFacts, 'report' | 'hold' | 'ready' | 'unschedulable' | 'bootId'> | string;
}
