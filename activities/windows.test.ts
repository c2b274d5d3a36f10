import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Policy } from '../domain/policy.ts';
import type { LockStatus } from '../domain/status.ts';
import { parseCalendar } from '../domain/window/calendar.ts';
import { cordonNode } from './cordon.ts';
import { drainAsOrdered } from './drain/activity.ts';
import { evaluateGates, passGates } from './gates/pass-gates.ts';
import { orderReboot } from './order.ts';
import { recorded } from './testing/fake-cluster.ts';
import { Stage } from './testing/stage.ts';
import { windowState } from './windows.ts';

const at = (text: string): void => {
  jest.setSystemTime(new Date(text));
};

beforeEach(() => {
  jest.useFakeTimers();
  at('2026-12-05T12:00:00Z');
});
afterEach(() => {
  jest.useRealTimers();
});

const ASKED = { node: 'n1', pool: 'workers', skip: [], evenIfNotRequired: false };
const NIGHTS = {
  timeZone: 'Europe/Zurich',
  windows: [{ days: ['tue', 'wed'], start: '22:00', end: '02:00' }],
};

/** A node that wants a reboot, at a moment. */
function waiting(moment: string, pool: object = NIGHTS) {
  at(moment);
  const stage = new Stage(pool);
  stage.nodes.add('n1');
  return stage;
}

/** A node this run has cordoned, at a moment. */
function takenOut(moment: string, pool: object = NIGHTS) {
  at(moment);
  const stage = new Stage(pool);
  stage.nodes.add('n1', { unschedulable: true, annotations: recorded() });
  return stage;
}

const CLOSED = 'closed until Tue 2026-12-08 22:00 Europe/Zurich';
const TOO_LATE =
  'the window closes at Wed 2026-12-09 02:00 Europe/Zurich and a rollout may take 55m (the sum of its timeouts); the next opens at Wed 2026-12-09 22:00 Europe/Zurich';

describe('G8: the gate of a closed window', () => {
  test('says when it opens next', async () => {
    const look = await waiting('2026-12-05T12:00:00Z').run(evaluateGates, ASKED);
    expect(look).toEqual({
      kind: 'closed',
      policy: 'policy-1',
      closed: [{ gate: 'window', because: CLOSED }],
      pollAgainMs: 300_000,
    });
  });

  test('is looked at again just after it opens', async () => {
    const stage = waiting('2026-12-08T20:59:50Z');
    const look = await stage.run(evaluateGates, ASKED);
    expect(look).toMatchObject({ kind: 'closed', pollAgainMs: 10_000 });
    const known = look.kind === 'closed' ? look.closed : [];
    const failure: unknown = await stage
      .run(passGates, { ...ASKED, known })
      .catch((error: unknown) => error);
    const { nextRetryDelay } = failure as { nextRetryDelay: number };
    expect(nextRetryDelay).toBeGreaterThanOrEqual(10_000);
    expect(nextRetryDelay).toBeLessThanOrEqual(11_000);
  });
});

describe('a rollout whose length does not fit before the close', () => {
  test('is not begun: not by the gates', async () => {
    const stage = waiting('2026-12-09T00:05:01Z');
    expect(await stage.run(evaluateGates, ASKED)).toMatchObject({
      closed: [{ gate: 'window', because: TOO_LATE }],
    });
    expect(await waiting('2026-12-09T00:05:00Z').run(evaluateGates, ASKED)).toMatchObject({
      kind: 'open',
    });
  });

  test('is not begun: not by the cordon', async () => {
    const stage = waiting('2026-12-09T00:05:01Z');
    expect(
      await stage.run(cordonNode, { ...ASKED, grantId: 'workers-1', countedAtMs: Date.now() }),
    ).toEqual({ kind: 'closed', policy: 'policy-1', because: `window: ${TOO_LATE}` });
    expect(stage.nodes.updates).toEqual([]);
  });

  test('is ordered to reboot to the last moment of the window, once it is drained', async () => {
    const stage = takenOut('2026-12-09T00:59:59Z');
    expect(await stage.run(orderReboot, ASKED)).toMatchObject({ kind: 'ordered' });
  });
});

/** A drain that is looked at for the first time at a moment. */
const drain = (moment: string, lock: Partial<LockStatus> = {}) => {
  const stage = takenOut(moment);
  stage.temporal.lock = lock;
  const request = { ...ASKED, startedAtMs: Date.now(), cordonedAtMs: Date.now() - 60_000 };
  return stage.run(drainAsOrdered, request);
};

/** The gates of a pool whose lock says this, at a moment. */
const lookBy = (lock: Partial<LockStatus>, moment: string, pool: object = NIGHTS) => {
  const stage = waiting(moment, pool);
  stage.temporal.lock = lock;
  return { stage, answer: stage.run(evaluateGates, ASKED) };
};

describe('a rollout that would not fit by its timeouts', () => {
  const NINE = { lengths: Array.from({ length: 6 }, () => 9 * 60_000) };

  test('is begun when past rollouts say that it does', async () => {
    const { answer } = lookBy(NINE, '2026-12-09T00:50:00Z');
    expect(await answer).toMatchObject({ kind: 'open' });
  });

  test('is not begun when they say that it does not, and says so', async () => {
    const { answer } = lookBy(NINE, '2026-12-09T00:52:00Z');
    const because = TOO_LATE.replace(
      '55m (the sum of its timeouts)',
      '9m (as nine of ten of the last did at most)',
    );
    expect(await answer).toMatchObject({ closed: [{ gate: 'window', because }] });
  });

  test('waits for a short window, which is long enough for it', async () => {
    const pool = {
      windows: [
        { days: ['tue'], start: '22:00', end: '22:30' },
        { days: ['sat'], start: '22:00', end: '24:00' },
      ],
    };
    const { answer } = lookBy(NINE, '2026-12-06T12:00:00Z', pool);
    const because = 'closed until Tue 2026-12-08 22:00 UTC';
    expect(await answer).toMatchObject({ closed: [{ because }] });
  });

  test('asks nobody about the past when it fits by its timeouts', async () => {
    const { stage, answer } = lookBy(NINE, '2026-12-08T22:00:00Z');
    await answer;
    expect(stage.temporal.lockAsked).toEqual([]);
  });
});

/** Opened by a person while the windows of the policy are closed: on Saturday at noon, for ten hours. */
const OPENED = {
  fromMs: Date.parse('2026-12-05T12:00:00Z'),
  untilMs: Date.parse('2026-12-05T22:00:00Z'),
  by: 'ann',
  reason: 'CHG0042',
};
const FROZEN = { ...NIGHTS, freezes: [{ from: '2026-12-05', to: '2026-12-05', because: 'x' }] };
const SHUT = `window: ${CLOSED}`;

const look = (moment = '2026-12-05T13:00:00Z', pool: object = NIGHTS, over: object = {}) =>
  lookBy({ window: { ...OPENED, ...over } }, moment, pool).answer;

describe('G8: a window that a person has opened', () => {
  test('opens the gate, which says so', async () => {
    expect(await look()).toMatchObject({
      kind: 'open',
      window: 'open until 2026-12-05T22:00:00Z by ann: CHG0042',
    });
  });

  test('opens nothing too late for a rollout, in a freeze, or when it is over', async () => {
    const AT_ONE = '2026-12-05T13:00:00Z';
    expect(await look('2026-12-05T21:30:00Z')).toMatchObject({ kind: 'closed' });
    expect(await look(AT_ONE, FROZEN)).toMatchObject({ kind: 'closed' });
    expect(await look(AT_ONE, FROZEN, { despiteFreeze: true })).toMatchObject({ kind: 'open' });
    expect(await look('2026-12-05T22:00:00Z')).toMatchObject({
      closed: [{ gate: 'window', because: CLOSED }],
    });
  });

  test('opens nothing where the lock cannot be asked', async () => {
    const stage = waiting('2026-12-05T13:00:00Z');
    expect(await stage.run(evaluateGates, ASKED)).toMatchObject({
      closed: [{ gate: 'window', because: CLOSED }],
    });
    expect(stage.temporal.lockAsked).toHaveLength(1);
  });

  test.each<[look: string, attempt: number, maxAgeMs: number]>([
    ['a first look, which may follow on the news of it', 1, 2_000],
    ['every further look', 2, 10_000],
  ])('is shared: by %s', async (_, attempt, maxAgeMs) => {
    at('2026-12-05T13:00:00Z');
    const stage = new Stage(NIGHTS, { attempt });
    stage.nodes.add('n1');
    await stage.run(evaluateGates, ASKED);
    expect(stage.temporal.lockAsked).toEqual([maxAgeMs]);
  });

  test('lets a node be taken and ordered to reboot, by what the lock says at that moment', async () => {
    const stage = waiting('2026-12-05T13:00:00Z');
    stage.temporal.lock = { window: OPENED };
    const asked = { ...ASKED, grantId: 'workers-1' };
    expect(await stage.run(cordonNode, asked)).toMatchObject({ kind: 'cordoned' });
    expect(await stage.run(orderReboot, ASKED)).toMatchObject({ kind: 'ordered' });
    expect(stage.temporal.lockAsked).toEqual([0, 0]);
  });

  test('G2: has nothing ordered once it is closed', async () => {
    const stage = takenOut('2026-12-05T13:00:00Z');
    stage.temporal.lock = {};
    expect(await stage.run(orderReboot, ASKED)).toMatchObject({ kind: 'closed', because: SHUT });
    expect(stage.nodes.updates).toEqual([]);
  });

  test('G2: has a drain given up once it is closed', async () => {
    const AT_ONE = '2026-12-05T13:00:00Z';
    expect(await drain(AT_ONE, {})).toEqual({ closed: SHUT, policy: 'policy-1' });
    expect(await drain(AT_ONE, { window: OPENED })).not.toHaveProperty('closed');
  });
});

describe('G2: when the window has closed', () => {
  const NEXT = 'window: closed until Wed 2026-12-09 22:00 Europe/Zurich';

  test('no reboot is ordered', async () => {
    const stage = takenOut('2026-12-09T01:00:00Z');
    expect(await stage.run(orderReboot, ASKED)).toEqual({
      kind: 'closed',
      policy: 'policy-1',
      because: NEXT,
    });
    expect(stage.nodes.updates).toEqual([]);
  });

  test('no reboot is ordered in a freeze', async () => {
    const freezes = [{ from: '2026-12-09', to: '2026-12-09', because: 'release' }];
    const stage = takenOut('2026-12-08T23:00:00Z', { ...NIGHTS, freezes });
    expect(await stage.run(orderReboot, ASKED)).toEqual({
      kind: 'closed',
      policy: 'policy-1',
      because: 'window: closed until Thu 2026-12-10 00:00 Europe/Zurich (freeze: release)',
    });
  });

  test('a drain is given up half-way, and one that may go on is not', async () => {
    expect(await drain('2026-12-09T01:00:00Z')).toEqual({ closed: NEXT, policy: 'policy-1' });
    expect(await drain('2026-12-09T00:59:00Z')).not.toHaveProperty('closed');
  });
});

/** A calendar that is open on one day. */
const copy = (day: string) => {
  const calendar = parseCalendar(
    `BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:${day}\nEND:VEVENT\nEND:VCALENDAR`,
  );
  if ('problems' in calendar) throw new Error(calendar.problems.join());
  return { calendar };
};

describe('windowState', () => {
  const policy = Policy.parse({
    pools: [
      { name: 'workers', nodes: 'pool=workers', windows: [{ calendar: 'a.ics' }] },
      { name: 'gpu', nodes: 'pool=gpu', windows: [{ always: true }] },
    ],
  });
  const nowMs = Date.parse('2026-12-05T12:00:00Z');
  const asked = { pool: 'workers', underWay: false, maxAgeMs: 0, nowMs };

  const scene = () => {
    const { deps, calendars, temporal } = new Stage();
    const inForce = { policy };
    const source = {
      policy: { current: () => inForce.policy, hash: '' },
      calendars: deps.calendars,
      temporal,
    };
    return {
      calendars,
      inForce,
      look: (over: object = {}) => windowState(source, { ...asked, ...over }),
    };
  };

  test('follows a calendar that has changed', async () => {
    const { look, calendars } = scene();
    calendars.copies.set('a.ics', copy('20261205'));
    expect(await look()).toMatchObject({ kind: 'open' });
    calendars.copies.set('a.ics', copy('20261207'));
    expect(await look()).toMatchObject({ because: 'closed until Mon 2026-12-07 00:00 UTC' });
  });

  test('follows a policy that has changed', async () => {
    const { look, inForce } = scene();
    expect(await look()).toMatchObject({ kind: 'closed' });
    inForce.policy = Policy.parse({
      pools: [{ name: 'workers', nodes: 'pool=workers', windows: [{ always: true }] }],
    });
    expect(await look()).toEqual({ kind: 'open' });
  });

  test('keeps pools apart', async () => {
    const { look } = scene();
    expect(await look()).toMatchObject({ kind: 'closed' });
    expect(await look({ pool: 'gpu' })).toEqual({ kind: 'open' });
    expect(await look()).toMatchObject({ kind: 'closed' });
  });

  test('is closed in a pool that is no longer in the policy', async () => {
    const { look } = scene();
    expect(await look({ pool: 'former' })).toEqual({
      kind: 'closed',
      because: 'pool former is not in the policy',
    });
  });
});
