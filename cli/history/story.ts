import type { ClosedGate } from '../../domain/gates/names.ts';
import type { RolloutResult } from '../../domain/status.ts';

/** Stretches of a rollout that last, in the words of its phases; `settling`: from the new boot until it is handed back. */
export const PHASES = [
  'waiting',
  'queued',
  'draining',
  'rebooting',
  'lost',
  'settling',
  'undoing',
  'paused',
] as const;
export type StoryPhase = (typeof PHASES)[number];

export interface Span {
  readonly phase: StoryPhase;
  readonly fromMs: number;
  /** Absent: it still is so. */
  readonly toMs?: number;
  /** Why, or with what result: each reason once, in the order in which they were given. */
  readonly because: readonly string[];
}

/** A stretch of time; without an end where it still lasts. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs?: number;
}

/** One thing that happened, in words, and the values of it where there are some. */
export interface Happening {
  readonly atMs: number;
  readonly what:
    | 'asked'
    | 'gates'
    | 'place'
    | 'cordoned'
    | 'drain'
    | 'ordered'
    | 'return'
    | 'handed back'
    | 'said'
    | 'moved'
    | 'restarted'
    | 'ended';
  readonly says: string;
  /** Of `gates`: those that were closed; none: all were open. */
  readonly closed?: readonly ClosedGate[];
  /** Of `drain`: evicted so far by this attempt. */
  readonly evicted?: number;
  /** Of `drain`, once it is done: pods that were deleted without regard to their budgets. */
  readonly deleted?: readonly string[];
  /** Of `said`: the signal or update, who says to have sent it, and the client that did. */
  readonly name?: string;
  readonly by?: string;
  readonly client?: string;
  /** Of `said` by an update: what was answered. */
  readonly answer?: string;
}

export type StoryEnd =
  | { readonly how: 'running'; readonly because: string }
  | { readonly how: RolloutResult['outcome']; readonly because: string }
  | {
      /** `completed`: its result cannot be read. */
      readonly how: 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed-out';
      /** Of `failed`: the type of the failure. */
      readonly type?: string;
      readonly because: string;
    };

/** What one rollout of one node was, from its first run to its last. */
export interface RolloutStory {
  readonly node: string;
  /** Absent: its node was in none. */
  readonly pool?: string;
  readonly workflowId: string;
  /** Its latest run. */
  readonly runId: string;
  /** The runs before it that continued as it, the first first. */
  readonly formerRunIds: readonly string[];
  /** Who asked for it: `fleet-scan`, or the name a person gave, else the client that started it. */
  readonly by: string;
  /** Absent: no reason was given. */
  readonly reason?: string;
  readonly beganMs: number;
  /** Absent: it runs. */
  readonly endedMs?: number;
  readonly end: StoryEnd;
  readonly spans: readonly Span[];
  /** When its node was out of service by it. */
  readonly outOfService: readonly Stretch[];
  readonly podsEvicted: number;
  /** An attempt of the drain was lost, with the number of what it had evicted. */
  readonly podsEvictedAtLeast?: true;
  readonly bootIdBefore?: string;
  readonly bootIdAfter?: string;
  /** Hashes of the policies that its decisions followed, each once. */
  readonly policies: readonly string[];
  readonly happened: readonly Happening[];
  /** What of its history cannot be read here, and why; each reason once. */
  readonly unread: readonly string[];
}

/** How long a story was in these phases, in milliseconds; one that still lasts counts until `nowMs`. */
export function timeIn({ spans }: RolloutStory, phases: readonly StoryPhase[], nowMs: number) {
  return spans
    .filter(({ phase }) => phases.includes(phase))
    .reduce((sum, { fromMs, toMs = nowMs }) => sum + Math.max(0, toMs - fromMs), 0);
}

/** How a story ended, in a word or two. */
export function sayEnd({ end }: RolloutStory): string {
  return 'type' in end && end.type !== undefined ? `${end.how}: ${end.type}` : end.how;
}
