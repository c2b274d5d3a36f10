import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Liveness, type Working } from './liveness.ts';

type Status = ReturnType<Working['status']>;

const WELL: Status = {
  runState: 'RUNNING',
  workflowPollerState: 'POLLING',
  activityPollerState: 'POLLING',
};

let nowMs: number;
let seesNodes: boolean;
let status: Status;
let answer: () => Promise<unknown>;
let answerAnew: () => Promise<unknown>;
let said: string[];
let liveness: Liveness;

beforeEach(() => {
  nowMs = 1_000_000;
  seesNodes = true;
  status = WELL;
  answer = async () => undefined;
  answerAnew = refuse;
  said = [];
  liveness = new Liveness({
    nowMs: () => nowMs,
    seesNodes: () => seesNodes,
    log: { info: (message) => said.push(message), warn: (message) => said.push(message) },
  });
});
afterEach(() => liveness.stop());

const follow = () =>
  liveness.follow({
    status: () => status,
    askTemporal: () => answer(),
    askAnew: () => answerAnew(),
  });
const refuse = async () => {
  throw new Error('certificate expired');
};
const after = async (ms: number): Promise<void> => {
  nowMs += ms;
  await liveness.ask();
};

describe('a worker', () => {
  test('that is not there yet is not ready, and not broken however long that takes', async () => {
    await after(86_400_000);
    expect(liveness.notReady()).toBe('not polling Temporal yet');
    expect(liveness.broken()).toBeUndefined();
  });

  test('that polls, hears Temporal and sees the nodes is ready', async () => {
    follow();
    await after(3_600_000);
    expect(liveness.notReady()).toBeUndefined();
    expect(liveness.broken()).toBeUndefined();
  });

  test('that is stopping takes no more work, and is not broken', () => {
    follow();
    status = { ...WELL, runState: 'DRAINING' };
    expect(liveness.notReady()).toBe('not polling Temporal yet');
    expect(liveness.broken()).toBeUndefined();
  });

  test('G8: that does not see the nodes says so, and is not restarted for it', () => {
    follow();
    seesNodes = false;
    expect(liveness.notReady()).toBe('the nodes of the cluster cannot be seen');
    expect(liveness.broken()).toBeUndefined();
  });

  test.each<[name: string, status: Status]>([
    ['that has failed', { ...WELL, runState: 'FAILED' }],
    ['whose poll for workflows has failed', { ...WELL, workflowPollerState: 'FAILED' }],
    ['whose poll for activities has failed', { ...WELL, activityPollerState: 'FAILED' }],
  ])('%s is broken', (_, failed) => {
    follow();
    status = failed;
    expect(liveness.broken()).toBe('the worker has failed');
  });
});

describe('when Temporal does not answer', () => {
  beforeEach(() => {
    follow();
    answer = refuse;
  });

  test("one lost answer is nobody's business", async () => {
    await after(30_000);
    expect(liveness.notReady()).toBeUndefined();
  });

  test('G8: the worker says why it is not ready, and for how long', async () => {
    await after(10_000);
    await after(50_000);
    expect(liveness.notReady()).toBe('Temporal has not answered for 60 s: certificate expired');
    expect(liveness.broken()).toBeUndefined();
  });

  test('no restart is asked for, however long, while a new connection is not answered either', async () => {
    await after(86_400_000);
    await after(86_400_000);
    expect(liveness.broken()).toBeUndefined();
  });

  test('a restart is asked for when a new connection has been answered for a minute', async () => {
    await after(86_400_000);
    answerAnew = async () => undefined;
    await after(10_000);
    await after(60_000);
    expect(liveness.broken()).toBeUndefined();
    await after(1_000);
    expect(liveness.broken()).toBe(
      'Temporal has not answered for 86471 s: certificate expired; a new connection is answered',
    );
  });

  test.each([
    { name: 'its own is answered', mends: () => (answer = async () => undefined) },
    { name: 'a new one is not answered any more', mends: () => (answerAnew = refuse) },
  ])('the minute begins anew once $name', async ({ mends }) => {
    answerAnew = async () => undefined;
    await after(50_000);
    mends();
    await after(10_000);
    answer = refuse;
    answerAnew = async () => undefined;
    await after(10_000);
    await after(60_000);
    expect(liveness.broken()).toBeUndefined();
  });

  test('an answer that never comes counts as none', () => {
    answer = () => new Promise(() => undefined);
    void liveness.ask();
    nowMs += 60_000;
    expect(liveness.notReady()).toBe('Temporal has not answered for 60 s');
  });

  test('it is said once, and once more when it is over', async () => {
    await after(10_000);
    await after(10_000);
    expect(said).toEqual(['Temporal does not answer']);
    answer = async () => undefined;
    await after(10_000);
    await after(10_000);
    expect(said).toEqual(['Temporal does not answer', 'Temporal is reached again']);
    expect(liveness.notReady()).toBeUndefined();
  });
});

test('Temporal is asked by itself until it is stopped', async () => {
  jest.useFakeTimers();
  try {
    let asked = 0;
    answer = async () => {
      asked += 1;
    };
    follow();
    await jest.advanceTimersByTimeAsync(25_000);
    expect(asked).toBe(2);
    liveness.stop();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(2);
  } finally {
    jest.useRealTimers();
  }
});
