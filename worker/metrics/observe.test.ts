import { describe, expect, test } from '@jest/globals';
import type { ActivityExecuteInput } from '@temporalio/worker';
import type { Context } from '@temporalio/activity';
import { DefaultLogger } from '@temporalio/worker';
import { notYet, failure } from '../../activities/failure.ts';
import type { Metrics } from './metrics.ts';
import { observeActivities } from './observe.ts';

type Counted = readonly [what: string, ...values: unknown[]];

/** Runs one activity under observation; what was counted, and what its caller got. */
async function observed(activity: string, asked: unknown, act: () => Promise<unknown>) {
  const counted: Counted[] = [];
  const metrics = new Proxy({} as Metrics, {
    get:
      (_, what) =>
      (...values: unknown[]) => {
        counted.push([String(what), ...values]);
      },
  });
  const got = await run(metrics, { activity, asked, act });
  return { counted, got };
}

async function run(
  metrics: Metrics,
  { activity, asked, act }: { activity: string; asked: unknown; act: () => Promise<unknown> },
): Promise<unknown> {
  const observer = observeActivities(metrics, new DefaultLogger('ERROR'));
  const { inbound } = observer({ info: { activityType: activity } } as Context);
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
const COUNTED: Counted = ['poolCounted', { pool: 'workers', permits: 2 }];

describe('what is counted', () => {
  test.each<[activity: string, answer: object, asked: object, ...expected: Counted[]]>([
    ['passGates', { kind: 'closed', closed, pollAgainMs: 1 }, { ...gates, known: [] }, AS_CLOSED],
    ['passGates', { kind: 'open' }, gates],
    ['admitNext', { used: [], ended: [], lapsed: [] }, pool, COUNTED],
    ['restoreNode', { kind: 'restored' }, OF, ['nodeReturned', 'workers', 'returned']],
    ['restoreNode', { kind: 'quarantined' }, OF, ['nodeReturned', 'workers', 'quarantined']],
    ['restoreNode', { kind: 'not-back' }, OF],
    ['undoNode', { kind: 'undone' }, { ...OF, why: 'failure' }, ['nodeUndone', 'workers', true]],
    ['undoNode', { kind: 'undone' }, { ...OF, why: 'abort' }, ['nodeUndone', 'workers', false]],
    ['cordonNode', {}, {}],
  ])('of %s that answers %j', async (activity, answer, asked, ...expected) => {
    const { counted, got } = await observed(activity, asked, async () => answer);
    expect(counted).toEqual(expected);
    expect(got).toBe(answer);
  });

  test.each<[activity: string, error: Error, asked: object, ...expected: Counted[]]>([
    ['passGates', notYet('gate-closed', 'alerts: x fires', 1_000), gates, AS_CLOSED],
    ['passGates', failure('kube-unavailable', 'no answer'), gates],
    ['admitNext', notYet('no-room', 'n2 is NotReady', 1_000), pool, COUNTED],
  ])('of %s that is tried again: %s', async (activity, error, asked, ...expected) => {
    const { counted, got } = await observed(activity, asked, () => Promise.reject(error));
    expect(counted).toEqual(expected);
    expect(got).toBe(error);
  });
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
