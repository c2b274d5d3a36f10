import { sayPhase } from './phases.ts';
import type { LockStatus, RolloutStatus } from './status.ts';
import { sayPause } from './why-it-waits.ts';
import { sayOpened } from './opened-window.ts';

/** What has become of what a person said by an update. */
export interface Answer {
  /** `done`: it is so now; `later`: it was heard, and is not done yet; `none`: it changes nothing. */
  readonly effect: 'done' | 'later' | 'none';
  /** In a sentence for people. */
  readonly says: string;
}

/** What a person may say to a rollout, as a signal or as an update. */
export const TO_A_ROLLOUT = ['pause', 'resume', 'abort', 'skipGate', 'retry'] as const;
export type ToARollout = (typeof TO_A_ROLLOUT)[number];

/** How the rollout stands, and how it stood when the word came. */
interface Course {
  readonly now: RolloutStatus;
  readonly before: RolloutStatus;
}

/** What has become of a word; undefined while that is not decided yet. */
export function answerOfRollout(said: ToARollout, course: Course): Answer | undefined {
  return ended(said, course) ?? ANSWERS[said](course);
}

/** What is answered when it has not been decided for too long. */
export function notYetOfRollout({ phase, node }: RolloutStatus): Answer {
  return {
    effect: 'later',
    says: `heard, and it comes at the next safe point; now: ${sayPhase(phase.at, node)}`,
  };
}

const done = (says: string): Answer => ({ effect: 'done', says });
const none = (says: string): Answer => ({ effect: 'none', says });

const ANSWERS: Record<ToARollout, (course: Course) => Answer | undefined> = {
  pause({ now }) {
    if (now.phase.at === 'lost')
      return none(`too late to pause: ${sayPhase('lost', now.node)}, and is waited for`);
    if (!now.paused) return none('it has been resumed meanwhile');
    if (now.phase.at === 'paused') return done(`${sayPause(now.paused)}; ${sayRest(now)}`);
    if (now.phase.at !== 'queued') return tooLate('pause', now);
    return done(`${sayPause(now.paused)}; it keeps its place in the queue, and takes no turn`);
  },
  resume({ now, before }) {
    if (!before.paused) return none(`it was not paused: ${sayPhase(now.phase.at, now.node)}`);
    if (now.phase.at === 'paused') return undefined;
    return done(`resumed: ${sayPhase(now.phase.at, now.node)}`);
  },
  // An abort gives up a node that is lost, as far as its machine lets it.
  abort: ({ now }) => (now.phase.at === 'lost' ? undefined : tooLate('abort', now)),
  skipGate({ now }) {
    const { gate = '' } = now.skipped.at(-1) ?? {};
    return (
      tooLate('skip a gate', now) ?? done(`gate ${gate} is skipped by this rollout from now on`)
    );
  },
  retry({ now }) {
    if (now.phase.at === 'waiting' || now.phase.at === 'queued')
      return done('everything is evaluated again now');
    return none(`nothing waits to be tried again: ${sayPhase(now.phase.at, now.node)}`);
  },
};

function ended(said: ToARollout, { now, before }: Course): Answer | undefined {
  const { phase, node } = now;
  if (phase.at !== 'done' && phase.at !== 'failed' && phase.at !== 'aborted') return undefined;
  if (said !== 'abort' || phase.at !== 'aborted')
    return none(`too late: ${sayPhase(phase.at, node)}: ${phase.because}`);
  const done = before.record ? 'handed back as it was found' : 'left as it is';
  return { effect: 'done', says: `${phase.because}; ${node} is ${done}` };
}

/** Once the agent has accepted the order there is only forward. */
function tooLate(what: string, { phase, node, accepted }: RolloutStatus): Answer | undefined {
  if (phase.at === 'restoring') return none(`too late to ${what}: ${sayPhase(phase.at, node)}`);
  // Whether it was will be known in a moment.
  if (!accepted || phase.at === 'undoing') return undefined;
  const when = accepted.atMs === undefined ? '' : ` at ${new Date(accepted.atMs).toISOString()}`;
  return none(
    `too late to ${what}: the agent accepted the reboot${when}, and ${node} is brought back`,
  );
}

function sayRest({ record, phase }: RolloutStatus): string {
  if (!record) return 'nothing is begun until it is resumed';
  const left = 'drain' in phase ? phase.drain?.podsLeft : undefined;
  const pods = left === undefined ? '' : left === 1 ? '1 pod left, ' : `${left} pods left, `;
  return `${pods}nothing more is evicted, and the node stays cordoned`;
}

/** What has become of a pause of the lock. */
export function answerOfPausedLock({ queue, permits, paused }: LockStatus): Answer {
  if (!paused) return none('it has been resumed meanwhile');
  const waiting = queue.length === 0 ? '' : `; ${queue.length} wait`;
  const names = permits.map(({ node }) => node).join(', ');
  const going = names === '' ? '' : `; ${names} had a turn already and may still be cordoned`;
  return done(`${sayPause(paused)}; nobody is admitted${waiting}${going}`);
}

/** What has become of a word to go on, once the troubles of these nodes are excused. */
export function answerOfResumedLock(before: LockStatus, excused: readonly string[]): Answer {
  const freed = [
    ...(before.paused ? ['it is paused no longer'] : []),
    ...(excused.length > 0 ? [`it is halted no longer for ${excused.join(', ')}`] : []),
  ];
  return freed.length === 0
    ? none('it was neither paused nor halted')
    : done(`resumed: ${freed.join('; ')}`);
}

/** What has become of a window that was to be opened. */
export function answerOfOpenedWindow(now: LockStatus, { window: before }: LockStatus): Answer {
  if (!now.window) return none('it has been closed meanwhile');
  const { queue, paused, troubles } = now;
  const halting = troubles.map(({ node }) => node).join(', ');
  return done(
    [
      sayOpened(now.window),
      ...(before ? [`the one before is replaced: ${sayOpened(before)}`] : []),
      ...(queue.length === 0 ? [] : [`${queue.length} wait`]),
      ...(paused ? [`the pool stays ${sayPause(paused)}`] : []),
      ...(halting === '' ? [] : [`the pool stays halted for ${halting}`]),
    ].join('; '),
  );
}

/** What has become of a window that was to be closed. */
export function answerOfClosedWindow(now: LockStatus, { window: before }: LockStatus): Answer {
  if (now.window) return none(`another has been opened meanwhile: ${sayOpened(now.window)}`);
  if (!before) return none('no window was open on demand');
  return done(`closed, which was ${sayOpened(before)}; only the windows of the policy are left`);
}
