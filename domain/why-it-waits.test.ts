import { describe, expect, test } from '@jest/globals';
import type { QueuePlace } from './lock-state.ts';
import type { Phase, RolloutStatus } from './status.ts';
import { reasonsOf, sayPlace, whyItWaits, type Pending } from './why-it-waits.ts';

const AT = Date.parse('2026-11-23T22:00:00Z');
const aStatus = (phase: Phase = { at: 'starting' }, more: Partial<RolloutStatus> = {}) => ({
  node: 'n1',
  pool: 'workers',
  phase: { ...phase, sinceMs: AT },
  skipped: [],
  notUnderstood: [],
  ...more,
});
const place: QueuePlace = {
  kind: 'waiting',
  place: 2,
  of: 3,
  behind: ['n7'],
  why: 'wait',
  because: 'no room',
};
const gate = { gate: 'hold', because: 'held: x', sinceMs: 5, pollAgainMs: 1 } as const;
const word = { reason: 'release day', by: 'ana', atMs: 7 };
const blocker = (what: string) => ({ what, because: 'its budget allows 0', sinceMs: 5 });
const drain = { podsLeft: 2, evicted: 7, warnings: [], atMs: AT };
const away = { what: 'API server', because: 'it is away', sinceMs: 4 };
const blocked = (what: string) => ({ what, because: `${what}: its budget allows 0`, sinceMs: 5 });

describe('G8: the reasons why a rollout stands where it stands', () => {
  test.each<{ name: string; status: RolloutStatus; expected: object[] }>([
    { name: 'none where nothing holds it up', status: aStatus(), expected: [] },
    {
      name: 'every closed gate',
      status: aStatus({ at: 'waiting', closed: [gate] }),
      expected: [{ what: 'gate hold', because: 'hold: held: x', sinceMs: 5 }],
    },
    { name: 'none before the lock has answered', status: aStatus({ at: 'queued' }), expected: [] },
    {
      name: 'its place in the queue',
      status: aStatus({ at: 'queued', place }),
      expected: [{ what: 'queue', because: 'number 2 of 3 in the queue, behind n7: no room' }],
    },
    {
      name: 'what blocks its drain, and first why nothing can be seen',
      status: aStatus({
        at: 'draining',
        drain: { ...drain, trouble: away, blockers: [blocker('shop/web-1')] },
      }),
      expected: [
        { what: 'API server', because: 'API server: it is away', sinceMs: 4 },
        blocked('shop/web-1'),
      ],
    },
    {
      name: "a person's word first",
      status: aStatus(
        { at: 'paused', drain: { ...drain, blockers: [blocker('shop/web-1')] } },
        { paused: { ...word, untilMs: AT }, aborted: word },
      ),
      expected: [
        {
          what: 'pause',
          because: 'paused by ana until 2026-11-23T22:00:00.000Z: release day',
          sinceMs: 7,
        },
        { what: 'abort', because: 'aborted by ana: release day', sinceMs: 7 },
        blocked('shop/web-1'),
      ],
    },
    ...(['lost', 'undoing', 'done', 'failed', 'aborted'] as const).map((at) => ({
      name: `why it is ${at}`,
      status: aStatus({ at, because: 'the agent refused' }),
      expected: [{ what: at, because: 'the agent refused', sinceMs: AT }],
    })),
  ])('$name', ({ status, expected }) => {
    expect(reasonsOf(status)).toEqual(expected);
  });
});

test.each<{ more: Partial<QueuePlace>; expected: string }>([
  { more: { place: 1, behind: [] }, expected: 'number 1 of 3 in the queue: no room' },
  {
    more: { behind: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
    expected: 'number 2 of 3 in the queue, behind a, b, c, d, e and 2 more: no room',
  },
  {
    more: { because: 'n2 is NotReady' },
    expected: 'number 2 of 3 in the queue, behind n7: n2 is NotReady',
  },
])('G8: a place is said: $expected', ({ more, expected }) => {
  expect(sayPlace({ ...place, ...more })).toBe(expected);
});

describe('in one line', () => {
  const blockers = ['shop/web-1', 'shop/web-2', 'shop/web-3'].map(blocker);
  const gates = aStatus({ at: 'waiting', closed: [gate, { ...gate, gate: 'agent' }] });

  test.each<{ name: string; status?: RolloutStatus; pending?: Pending[]; expected: string }>([
    { name: 'nothing where nothing holds it up', expected: '' },
    { name: 'all it knows', status: gates, expected: 'hold: held: x; agent: held: x' },
    {
      name: 'the last failure of what is tried again, which is newer than what it knows',
      status: gates,
      pending: [{ failure: 'alerts: x fires' }],
      expected: 'alerts: x fires',
    },
    {
      name: "a person's word before anything that is tried again",
      status: aStatus({ at: 'paused' }, { paused: word }),
      pending: [{ failure: 'alerts: x fires' }],
      expected: 'paused by ana: release day',
    },
    {
      name: 'the pods a drain waits for',
      pending: [{ heartbeat: { blockers } }],
      expected: 'shop/web-1: its budget allows 0; shop/web-2: its budget allows 0 and 1 more',
    },
    {
      name: 'what a return waits for',
      pending: [{ heartbeat: { because: 'its boot id has not changed' } }],
      expected: 'its boot id has not changed',
    },
    {
      name: 'what it knows where a heartbeat says nothing',
      status: gates,
      pending: [{ heartbeat: { blockers: [] } }, { heartbeat: 7 }, {}],
      expected: 'hold: held: x; agent: held: x',
    },
  ])('$name', ({ status = aStatus(), pending, expected }) => {
    expect(whyItWaits(status, pending)).toBe(expected);
  });
});
