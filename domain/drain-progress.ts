/** What a drain tells while it goes on and when it is done; plain JSON, for heartbeats, history and the status query. */
import { formatDuration } from './durations.ts';
import { fieldsOf } from './fields.ts';
import type { CameBack } from './pod-verdict.ts';
import { present } from './present.ts';
import { shortList } from './short-list.ts';

/** One thing the drain waits for. */
export interface Blocker {
  /** `namespace/pod`, or a volume. */
  readonly what: string;
  readonly because: string;
  readonly sinceMs: number;
}

export interface DrainProgress {
  readonly podsLeft: number;
  /** Pods evicted by this attempt of the drain. */
  readonly evicted: number;
  /** Those that need a person's look first; at most twenty of `podsLeft`. */
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly string[];
  /** Why nothing can be seen or done at present: the API server does not answer as it should. */
  readonly trouble?: Blocker;
  /** What is waited for while nothing is in the way. */
  readonly waits?: string;
}

export interface DrainResult {
  /** Pods evicted by the attempt that finished the drain. */
  readonly evicted: number;
  /** Pods deleted without regard to their budgets, as `onTimeout: delete` demands. */
  readonly deleted: readonly string[];
  readonly warnings: readonly string[];
  /** `namespace/name` of the DaemonSets whose pod on the node was Ready at the end of the drain. */
  readonly daemonSetsReady: readonly string[];
  /** Absent: no pod has come back. */
  readonly cameBack?: CameBack;
}

/** Heartbeats and failures stay readable however full the node is. */
export const MOST_BLOCKERS = 20;

/** All that the drain waits for: the API server's trouble first. */
export function inTheWay({
  trouble,
  blockers,
}: Pick<DrainProgress, 'trouble' | 'blockers'>): Blocker[] {
  return [...(trouble ? [trouble] : []), ...blockers];
}

/** For people: `a/b: its budget … for 5m; c/d: …`. */
export function blockerLine(blockers: readonly Blocker[], nowMs: number): string {
  const words = blockers.map(
    ({ what, because, sinceMs }) => `${what}: ${because} for ${formatDuration(nowMs - sinceMs)}`,
  );
  return shortList(words, { between: '; ' });
}

/** What a signal says of a drain; undefined when it says nothing of the kind. A handler must not fail, whatever was sent. */
export function readProgress(sent: unknown): DrainProgress | undefined {
  const { podsLeft, evicted, blockers, warnings, trouble, waits } = fieldsOf(sent);
  if (typeof podsLeft !== 'number' || typeof evicted !== 'number') return undefined;
  return {
    podsLeft,
    evicted,
    blockers: listOf(blockers, isBlocker),
    warnings: listOf(warnings, (text): text is string => typeof text === 'string'),
    ...present({
      trouble: isBlocker(trouble) ? trouble : undefined,
      waits: typeof waits === 'string' ? waits : undefined,
    }),
  };
}

function isBlocker(sent: unknown): sent is Blocker {
  const { what, because, sinceMs } = fieldsOf(sent);
  if (typeof what !== 'string' || typeof because !== 'string') return false;
  return typeof sinceMs === 'number' && !Number.isNaN(new Date(sinceMs).getTime());
}

function listOf<T>(sent: unknown, fits: (entry: unknown) => entry is T): T[] {
  return Array.isArray(sent) ? sent.filter(fits) : [];
}
