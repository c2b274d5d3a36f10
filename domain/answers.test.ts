import { describe, expect, test } from '@jest/globals';
import {
  answerOfClosedWindow,
  answerOfOpenedWindow,
  answerOfPausedLock,
  answerOfResumedLock,
  answerOfRollout,
  TO_A_ROLLOUT,
  type ToARollout,
} from './answers.ts';
import type { LockStatus, Phase, RolloutStatus } from './status.ts';

const AT = Date.parse('2026-12-04T21:04:11Z');
const PAUSED = { by: 'ann', reason: 'a look', atMs: AT };
const RECORD = { bootIdBefore: 'b' } as NonNullable<RolloutStatus['record']>;
const DRAIN = { podsLeft: 3, evicted: 1, blockers: [], warnings: [], atMs: AT };

const standing = (phase: Phase, more: Partial<RolloutStatus> = {}): RolloutStatus => ({
  node: 'n1',
  pool: 'workers',
  phase: { ...phase, sinceMs: AT },
  skipped: [],
  notUnderstood: [],
  ...more,
});
const WAITING = standing({ at: 'waiting', closed: [] });

const answer = (said: ToARollout, now: RolloutStatus, before = WAITING) =>
  answerOfRollout(said, { now, before });

describe('what was said to a rollout is answered', () => {
  test.each<[string, ToARollout, RolloutStatus, string]>([
    [
      'a pause at the gates',
      'pause',
      standing({ at: 'paused' }, { paused: PAUSED }),
      'done paused by ann: a look; nothing is begun until it is resumed',
    ],
    [
      'a pause in mid-drain',
      'pause',
      standing({ at: 'paused', drain: DRAIN }, { paused: PAUSED, record: RECORD }),
      'done paused by ann: a look; 3 pods left, nothing more is evicted, and the node stays cordoned',
    ],
    [
      'a pause before the drain has told anything',
      'pause',
      standing({ at: 'paused' }, { paused: PAUSED, record: RECORD }),
      'done paused by ann: a look; nothing more is evicted, and the node stays cordoned',
    ],
    [
      'a pause in the queue',
      'pause',
      standing({ at: 'queued' }, { paused: PAUSED }),
      'done paused by ann: a look; it keeps its place in the queue, and takes no turn',
    ],
    [
      'a pause after the agent has accepted',
      'pause',
      standing({ at: 'rebooting' }, { paused: PAUSED, accepted: { atMs: AT } }),
      'none too late to pause: the agent accepted the reboot at 2026-12-04T21:04:11.000Z, and n1 is brought back',
    ],
    [
      'a pause of a node that is lost',
      'pause',
      standing({ at: 'lost', because: 'x' }, { paused: PAUSED, accepted: {} }),
      'none too late to pause: n1 has not come back in time, and is waited for',
    ],
    [
      'a pause that somebody has taken back',
      'pause',
      WAITING,
      'none it has been resumed meanwhile',
    ],
    [
      'a pause of what has ended',
      'pause',
      standing({ at: 'done', because: 'it is back' }),
      'none too late: n1 is done: it is back',
    ],
    [
      'a word to go on',
      'resume',
      standing({ at: 'draining' }),
      'none it was not paused: draining n1',
    ],
    [
      'an abort',
      'abort',
      standing({ at: 'aborted', because: 'aborted by ann: x' }),
      'done aborted by ann: x; n1 is left as it is',
    ],
    [
      'an abort that came too late',
      'abort',
      standing({ at: 'rebooting' }, { accepted: {} }),
      'none too late to abort: the agent accepted the reboot, and n1 is brought back',
    ],
    [
      'an abort of a node that is back',
      'abort',
      standing({ at: 'restoring' }),
      'none too late to abort: n1 is back and is handed back',
    ],
    [
      'an abort of what has ended',
      'abort',
      standing({ at: 'failed', because: 'x' }),
      'none too late: n1 failed: x',
    ],
    [
      'a skipped gate',
      'skipGate',
      { ...WAITING, skipped: [{ ...PAUSED, gate: 'alerts' }] },
      'done gate alerts is skipped by this rollout from now on',
    ],
    [
      'a skipped gate that nobody asks any more',
      'skipGate',
      standing({ at: 'rebooting' }, { accepted: {} }),
      'none too late to skip a gate: the agent accepted the reboot, and n1 is brought back',
    ],
    ['a retry', 'retry', WAITING, 'done everything is evaluated again now'],
    [
      'a retry of what does not wait',
      'retry',
      standing({ at: 'draining' }),
      'none nothing waits to be tried again: draining n1',
    ],
  ])('%s', (_, said, now, words) => {
    const { effect, says } = answer(said, now) ?? {};
    expect(`${effect} ${says}`).toBe(words);
  });

  test('by who has paused it and by what it does now, once it goes on', () => {
    const before = standing({ at: 'paused' }, { paused: PAUSED });
    expect(answer('resume', before, before)).toBeUndefined();
    expect(answer('resume', WAITING, before)).toEqual({
      effect: 'done',
      says: 'resumed: n1 waits for its gates',
    });
  });

  test('an abort that has handed a node back', () => {
    const before = standing({ at: 'draining' }, { record: RECORD });
    const aborted = standing({ at: 'aborted', because: 'aborted by ann: x' });
    expect(answer('abort', aborted, before)?.says).toBe(
      'aborted by ann: x; n1 is handed back as it was found',
    );
  });

  test.each<[ToARollout, RolloutStatus]>([
    ['pause', standing({ at: 'draining' }, { paused: PAUSED })],
    ['pause', standing({ at: 'rebooting' }, { paused: PAUSED })],
    ['abort', standing({ at: 'draining' })],
    ['abort', standing({ at: 'lost', because: 'x' }, { accepted: {} })],
    ['abort', standing({ at: 'undoing', because: 'x' }, { accepted: {} })],
  ])('not yet: %s', (said, now) => {
    expect(answer(said, now)).toBeUndefined();
  });

  test('always, once it has ended', () => {
    for (const said of TO_A_ROLLOUT) {
      for (const at of ['done', 'failed', 'aborted'] as const) {
        expect(answer(said, standing({ at, because: 'x' }))).toBeDefined();
      }
    }
  });
});

const LOCK: LockStatus = {
  pool: 'workers',
  permits: [],
  queue: [],
  troubles: [],
  lengths: [],
  notUnderstood: [],
};

describe('what was said to a lock is answered', () => {
  test('a pause, with who waits and who is under way', () => {
    const permits = [{ node: 'n1', grantId: 'g', sinceMs: AT }];
    const queue = [{ node: 'n2', sinceMs: AT }];
    expect(answerOfPausedLock({ ...LOCK, paused: PAUSED })).toEqual({
      effect: 'done',
      says: 'paused by ann: a look; nobody is admitted',
    });
    expect(answerOfPausedLock({ ...LOCK, paused: PAUSED, permits, queue }).says).toBe(
      'paused by ann: a look; nobody is admitted; 1 wait; n1 had a turn already and may still be cordoned',
    );
    expect(answerOfPausedLock(LOCK).effect).toBe('none');
  });

  test('a word to go on, with what it has ended', () => {
    expect(answerOfResumedLock(LOCK, [])).toEqual({
      effect: 'none',
      says: 'it was neither paused nor halted',
    });
    expect(answerOfResumedLock({ ...LOCK, paused: PAUSED }, ['n3', 'n4'])).toEqual({
      effect: 'done',
      says: 'resumed: it is paused no longer; it is halted no longer for n3, n4',
    });
  });

  const WINDOW = { fromMs: AT, untilMs: AT + 60_000, by: 'ann', reason: 'CHG0042' };
  const OPEN = `open until ${new Date(AT + 60_000).toISOString().slice(0, 19)}Z by ann: CHG0042`;

  test('a window that is opened, with what it replaces and what else the pool waits for', () => {
    const now = { ...LOCK, window: WINDOW };
    expect(answerOfOpenedWindow(now, LOCK)).toEqual({ effect: 'done', says: OPEN });
    const queue = [{ node: 'n2', sinceMs: AT }];
    const troubles = [{ node: 'n9', because: 'it is lost', sinceMs: AT }];
    const before = { ...LOCK, window: { ...WINDOW, by: 'kim', despiteFreeze: true as const } };
    expect(answerOfOpenedWindow({ ...now, queue, troubles, paused: PAUSED }, before).says).toBe(
      `${OPEN}; the one before is replaced: ${OPEN.replace('by ann', 'despite freezes by kim')}; 1 wait; the pool stays paused by ann: a look; the pool stays halted for n9`,
    );
    expect(answerOfOpenedWindow(LOCK, LOCK).effect).toBe('none');
  });

  test('a window that is closed', () => {
    const open = { ...LOCK, window: WINDOW };
    expect(answerOfClosedWindow(LOCK, open)).toEqual({
      effect: 'done',
      says: `closed, which was ${OPEN}; only the windows of the policy are left`,
    });
    expect(answerOfClosedWindow(LOCK, LOCK)).toEqual({
      effect: 'none',
      says: 'no window was open on demand',
    });
    expect(answerOfClosedWindow(open, open).effect).toBe('none');
  });
});
