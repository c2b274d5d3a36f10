import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { heartbeat } from '@temporalio/activity';
import { createActivities, type Activities } from './index.ts';
import { RECORD } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const ASKED = {
  node: 'n1',
  pool: 'workers',
  record: RECORD,
  skip: [],
  known: [],
  candidates: [],
  permits: [{}],
  receiver: 'ops',
  notice: {},
};

/** What is done around each while it works; a drain and a return tell how they stand with heartbeats of their own. */
const AROUND: Readonly<Record<keyof Activities, string>> = {
  planRollout: '',
  passGates: '',
  awaitTurn: '',
  leaveQueue: 'heartbeat',
  cordonNode: 'heartbeat',
  drainNode: 'silences kept',
  orderReboot: 'heartbeat',
  awaitReturn: 'silences kept',
  restoreNode: 'heartbeat',
  undoNode: 'heartbeat',
  remind: 'heartbeat',
  admitNext: '',
  excuseTroubles: 'heartbeat',
  tellPool: 'heartbeat',
  scanFleet: '',
  deliver: '',
};

describe('around an activity that hangs', () => {
  const hanging = new Proxy({}, { get: () => () => new Promise<never>(() => undefined) }) as never;

  test.each(Object.entries(AROUND))('%s: %s', async (name, expected) => {
    const timers = jest.spyOn(globalThis, 'setInterval');
    const stage = new Stage();
    const deps = { ...stage.deps, nodes: hanging, pods: hanging, temporal: hanging };
    const activities = createActivities({ ...deps, messenger: hanging, notices: hanging });
    void stage.environment
      .run(() => activities[name as keyof Activities](ASKED as never) as Promise<unknown>)
      .catch(() => undefined);
    await jest.advanceTimersByTimeAsync(0);
    // So soon others hear of a worker that was lost in the middle.
    const isBeating = timers.mock.calls.some(([what, ms]) => what === heartbeat && ms === 3_000);
    const beats = isBeating ? ['heartbeat'] : [];
    const kept = stage.silences.told.length > 0 ? ['silences kept'] : [];
    expect([...beats, ...kept].join(', ')).toBe(expected);
  });

  test('every activity is named here: their names stand in workflow history', () => {
    const names = Object.keys(createActivities(new Stage().deps));
    expect(names.toSorted()).toEqual(Object.keys(AROUND).toSorted());
  });
});
