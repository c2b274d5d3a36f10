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

describe('what is counted', () => {
  test.each<{ name: string; activity: string; asked: object; answer: object; expected: Counted[] }>(
    [
      {
        name: 'gates found closed',
        activity: 'passGates',
        asked: { ...gates, known: [] },
        answer: { kind: 'closed', closed, pollAgainMs: 1 },
        expected: [['gatesClosed', 'workers', ['alerts', 'window']]],
      },
      {
        name: 'no gate where all are open',
        activity: 'passGates',
        asked: gates,
        answer: { kind: 'open' },
        expected: [],
      },
      {
        name: 'the permits of a pool',
        activity: 'admitNext',
        asked: { pool: 'workers', candidates: [], permits: [{}, {}] },
        answer: { used: [], ended: [], lapsed: [] },
        expected: [['poolCounted', { pool: 'workers', permits: 2 }]],
      },
      {
        name: 'a node that is back',
        activity: 'restoreNode',
        asked: { node: 'n', pool: 'workers' },
        answer: { kind: 'restored' },
        expected: [['nodeReturned', 'workers', 'returned']],
      },
      {
        name: 'a node whose sentinel survived',
        activity: 'restoreNode',
        asked: { node: 'n', pool: 'workers' },
        answer: { kind: 'quarantined' },
        expected: [['nodeReturned', 'workers', 'quarantined']],
      },
      {
        name: 'no node that is away again',
        activity: 'restoreNode',
        asked: { node: 'n', pool: 'workers' },
        answer: { kind: 'not-back' },
        expected: [],
      },
      {
        name: 'a node handed back without a reboot',
        activity: 'undoNode',
        asked: { node: 'n', pool: 'workers', why: 'failure' },
        answer: { kind: 'undone' },
        expected: [['nodeUndone', 'workers', true]],
      },
      {
        name: 'no failure where a person has aborted',
        activity: 'undoNode',
        asked: { node: 'n', pool: 'workers', why: 'abort' },
        answer: { kind: 'undone' },
        expected: [['nodeUndone', 'workers', false]],
      },
      {
        name: 'nothing of an activity that is not observed',
        activity: 'cordonNode',
        asked: {},
        answer: {},
        expected: [],
      },
    ],
  )('$name', async ({ activity, asked, answer, expected }) => {
    const { counted, got } = await observed(activity, asked, async () => answer);
    expect(counted).toEqual(expected);
    expect(got).toBe(answer);
  });

  const pool = { pool: 'workers', candidates: [], permits: [{}] };
  test.each<{ name: string; activity: string; asked: object; error: Error; expected: Counted[] }>([
    {
      name: 'gates that are still closed',
      activity: 'passGates',
      asked: gates,
      error: notYet('gate-closed', 'alerts: x fires', 1_000),
      expected: [['gatesClosed', 'workers', ['alerts', 'window']]],
    },
    {
      name: 'no gate when the look itself failed',
      activity: 'passGates',
      asked: gates,
      error: failure('kube-unavailable', 'no answer'),
      expected: [],
    },
    {
      name: 'permits while nobody is admitted',
      activity: 'admitNext',
      asked: pool,
      error: notYet('no-room', 'n2 is NotReady', 1_000),
      expected: [['poolCounted', { pool: 'workers', permits: 1 }]],
    },
  ])('by the failure that is retried: $name', async ({ activity, asked, error, expected }) => {
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
