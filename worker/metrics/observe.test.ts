import { describe, expect, test } from '@jest/globals';
import type { ActivityExecuteInput } from '@temporalio/worker';
import type { Context } from '@temporalio/activity';
import { DefaultLogger } from '@temporalio/worker';
import { waiting, failure } from '../../activities/failure.ts';
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
        answer: { kind: 'closed', closed, lookAgainMs: 1 },
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
        name: 'a look at a lock',
        activity: 'watchPool',
        asked: { pool: 'workers', line: [], holders: [{}, {}], troubles: [{}] },
        answer: { ended: [], free: [], well: [] },
        expected: [['lockLooked', { pool: 'workers', permits: 2, troubles: 1 }]],
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
        asked: { node: 'n', pool: 'workers', failed: true },
        answer: { kind: 'undone' },
        expected: [['nodeUndone', 'workers', true]],
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

  test('gates that are still closed, by the failure that is retried', async () => {
    const error = waiting('gate-closed', 'alerts: x fires', 1_000);
    const { counted, got } = await observed('passGates', gates, () => Promise.reject(error));
    expect(counted).toEqual([['gatesClosed', 'workers', ['alerts', 'window']]]);
    expect(got).toBe(error);
  });

  test('no gate when the look itself failed', async () => {
    const error = failure('kube-unavailable', 'no answer');
    const { counted } = await observed('passGates', gates, () => Promise.reject(error));
    expect(counted).toEqual([]);
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
