import { describe, expect, test } from '@jest/globals';
import type { ActivityExecuteInput } from '@temporalio/worker';
import type { Context } from '@temporalio/activity';
import { DefaultLogger } from '@temporalio/worker';
import { notYet, failure } from '../../activities/failure.ts';
import type { Metrics } from './metrics.ts';
import { observeActivities } from './observe.ts';

type Counted = readonly [what: string, ...values: unknown[]];

/** When the first attempt was scheduled. */
const SINCE_MS = 1_800_000_000_000;

/** Runs one activity under observation; what was counted, and what its caller got. */
async function observed(
  activity: string,
  asked: unknown,
  act: () => Promise<unknown>,
  isCancelled = false,
) {
  const counted: Counted[] = [];
  const metrics: Metrics = new Proxy({} as Metrics, {
    get: (_, what) =>
      what === 'happened'
        ? metrics
        : (...values: unknown[]) => {
            counted.push([String(what), ...values]);
          },
  });
  const got = await run(metrics, { activity, asked, act }, isCancelled);
  return { counted, got };
}

async function run(
  metrics: Metrics,
  { activity, asked, act }: { activity: string; asked: unknown; act: () => Promise<unknown> },
  isCancelled = false,
): Promise<unknown> {
  const observer = observeActivities(metrics, new DefaultLogger('ERROR'));
  const { inbound } = observer({
    info: { activityType: activity, scheduledTimestampMs: SINCE_MS },
    ...(isCancelled && { cancellationDetails: { cancelRequested: true } }),
  } as Context);
  const input: ActivityExecuteInput = { args: [asked], headers: {} };
  return await inbound?.execute?.(input, act).catch((error: unknown) => error);
}

const closed = [
  { gate: 'alerts', because: 'x fires' },
  { gate: 'window', because: 'opens later' },
];
const gates = { node: 'n', pool: 'workers', skip: [], evenIfNotRequired: false, known: closed };

const AS_CLOSED: Counted = ['gatesClosed', 'workers', ['alerts', 'window']];
const OF = { node: 'n', pool: 'workers' };
const pool = { pool: 'workers', candidates: [], permits: [{}, {}] };
const SINCE = { pool: 'workers', sinceMs: SINCE_MS };
const CORDONED = { ...OF, cordonedAtMs: SINCE_MS };
const DRAIN = { ...OF, startedAtMs: 7 };
const ORDERED = { ...OF, orderedAtMs: SINCE_MS };
const COUNTED: Counted = ['poolCounted', { pool: 'workers', permits: 2 }];

const BACK = (outcome: string): Counted => ['nodeReturned', 'workers', outcome];
const UNDONE = (failed: boolean): Counted => ['nodeUndone', 'workers', failed];
const ended =
  (what: string) =>
  (outcome: string): Counted => ['ended', what, { ...SINCE, outcome }];
const OUT = ended('rollout');
const DRAINED = ended('drain');
const REBOOTED = ended('reboot');

describe('what is counted', () => {
  test.each<[activity: string, answer: object, asked: object, ...expected: Counted[]]>([
    ['passGates', { kind: 'closed', closed, pollAgainMs: 1 }, { ...gates, known: [] }, AS_CLOSED],
    ['passGates', { kind: 'open' }, gates],
    ['admitNext', { used: [], ended: [], lapsed: [] }, pool, COUNTED],
    ['restoreNode', { kind: 'restored' }, CORDONED, BACK('returned'), OUT('returned')],
    ['restoreNode', { kind: 'quarantined' }, CORDONED, BACK('quarantined'), OUT('quarantined')],
    ['restoreNode', { kind: 'not-back' }, CORDONED],
    ['restoreNode', { kind: 'not-ours' }, CORDONED],
    ['undoNode', { kind: 'undone' }, { ...CORDONED, why: 'failure' }, UNDONE(true), OUT('undone')],
    ['undoNode', { kind: 'undone' }, { ...CORDONED, why: 'abort' }, UNDONE(false), OUT('undone')],
    ['undoNode', { kind: 'too-late' }, { ...CORDONED, why: 'abort' }],
    ['cordonNode', { kind: 'cordoned' }, { ...OF, askedAtMs: 7 }, ['turnTaken', 'workers', 7]],
    ['cordonNode', { kind: 'closed' }, { ...OF, askedAtMs: 7 }, ['turnTaken', 'workers', 7]],
    ['drainNode', { evicted: 3 }, DRAIN, DRAINED('drained')],
    ['drainNode', { closed: 'hold: held' }, DRAIN, DRAINED('stopped')],
    ['awaitReturn', { kind: 'returned' }, { ...ORDERED, lost: false }, REBOOTED('returned')],
    ['awaitReturn', { kind: 'returned' }, { ...ORDERED, lost: true }, REBOOTED('late')],
    ['awaitReturn', { kind: 'late' }, { ...ORDERED, lost: false }],
    ['awaitReturn', { kind: 'refused' }, { ...ORDERED, lost: false }],
    ['orderReboot', {}, {}],
  ])('of %s that answers %j', async (activity, answer, asked, ...expected) => {
    const { counted, got } = await observed(activity, asked, async () => answer);
    expect(counted).toEqual(expected);
    expect(got).toBe(answer);
  });

  test.each<[activity: string, error: Error, asked: object, ...expected: Counted[]]>([
    ['passGates', notYet('gate-closed', 'alerts: x fires', 1_000), gates, AS_CLOSED],
    ['passGates', failure('kube-unavailable', 'no answer'), gates],
    ['admitNext', notYet('no-room', 'n2 is NotReady', 1_000), pool, COUNTED],
    ['drainNode', failure('kube-unavailable', 'no answer'), DRAIN],
    ['drainNode', new Error('a worker has stopped it'), DRAIN],
    ['drainNode', failure('drain-timed-out', 'not empty'), DRAIN, DRAINED('timed-out')],
    ['drainNode', failure('cordon-lost', 'lifted'), DRAIN, DRAINED('stopped')],
    ['restoreNode', failure('kube-unavailable', 'no answer'), CORDONED],
  ])('of %s that fails: %s', async (activity, error, asked, ...expected) => {
    const { counted, got } = await observed(activity, asked, () => Promise.reject(error));
    expect(counted).toEqual(expected);
    expect(got).toBe(error);
  });
});

const cancelled = () => Promise.reject(new Error('cancelled'));

test('a drain that a person stops is over, whatever its attempt fails with', async () => {
  const { counted } = await observed('drainNode', DRAIN, cancelled, true);
  expect(counted).toEqual([DRAINED('stopped')]);
});

test('G11: counting that breaks changes nothing for the activity', async () => {
  const broken = new Proxy({} as Metrics, {
    get: () => () => {
      throw new Error('the registry is broken');
    },
  });
  const answer = { kind: 'restored' };
  const asked = { node: 'n', pool: 'workers' };
  const act = async () => answer;
  expect(await run(broken, { activity: 'restoreNode', asked, act })).toBe(answer);
});
