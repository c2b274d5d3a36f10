import type { LeftAlone } from '../../activities/scan.ts';
import type { QuietPool } from '../../domain/quiet.ts';
import type { Looks, PausedByServer } from './pending.ts';
import type { LockStatus, RolloutStatus } from '../../domain/status.ts';

/** What `lockkeeper status` has seen; printed as it is with --json. */
export interface Seen {
  readonly atMs: number;
  /** Absent: no worker has made it yet, or somebody has deleted it. */
  readonly schedule?: {
    readonly paused: boolean;
    readonly note?: string;
    /** Absent: somebody has made it a schedule of another kind. */
    readonly everyMs?: number;
    readonly lastMs?: number;
    readonly nextMs?: number;
  };
  /** By each worker that has lately made a scan, the latest first. */
  readonly policies: readonly PolicySeen[];
  readonly pools: readonly PoolSeen[];
  readonly rollouts: readonly RolloutSeen[];
  /** When the latest scan that has ended looked; absent: none has lately. */
  readonly scannedMs?: number;
  /** Nodes that want a reboot and get none, as of that scan. */
  readonly leftAlone: readonly LeftAlone[];
  /** So many more of them. */
  readonly leftAloneMore?: number;
  /** Pools of which no node has asked for a reboot for too long, as of the latest scan. */
  readonly quiet?: readonly QuietPool[];
}

export interface PolicySeen {
  readonly atMs: number;
  readonly worker: string;
  /** Absent: it has started with a bad file. */
  readonly hash?: string;
  /** What it has against the file as it is now. */
  readonly refused: readonly string[];
}

/** Has its status, or why there is none. */
export type PoolSeen = (LockStatus | { readonly pool: string; readonly unknown: string }) & {
  readonly pausedByServer?: readonly PausedByServer[];
};

export interface RolloutSeen extends Looks {
  readonly node: string;
  readonly startedMs: number;
  /** Absent where no worker has answered, as of one that the server has paused. */
  readonly status?: RolloutStatus;
  readonly pausedByServer?: readonly PausedByServer[];
  /** Why it stands where it stands; empty when nothing holds it up. */
  readonly because: string;
}
