import { describe, expect, test } from '@jest/globals';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { MADE_AT } from '../domain/names.ts';
import { temporalPort, workerIdentity } from './temporal.ts';
import { listening } from './testing/stage.ts';

const notFound = () => new WorkflowNotFoundError('not found', 'id', undefined);

const LOCK = 'pool-lock/workers';
const PERMIT = { workflowId: 'node-rollout/n1', grantId: 'workers-k-1' };

interface Fake {
  /** What `describe` answers, by `id` or `id/run`. */
  readonly open?: Record<string, string>;
  /** When it closed, by the same. */
  readonly closedMs?: Record<string, number>;
  /** What `list` finds. */
  readonly found?: readonly object[];
  /** What every signal, start and query throws. */
  readonly error?: Error;
  readonly pollers?: readonly { identity?: string }[];
  /** What its namespace bears. */
  readonly data?: Record<string, string>;
  /** What every query answers. */
  readonly answer?: object | null;
}

/** The client as far as the port uses it; `calls` are what was asked of the server. */
const onServer = ({
  open = {},
  closedMs = {},
  found = [],
  error,
  pollers = [],
  data = {},
  answer: toQuery = null,
}: Fake = {}) => {
  const calls: unknown[][] = [];
  const answer = <T>(value: T, ...call: unknown[]): Promise<T> => {
    calls.push(call);
    return error ? Promise.reject(error) : Promise.resolve(value);
  };
  const client = {
    options: { namespace: 'default' },
    workflow: {
      withDeadline: <T>(_atMs: number, ask: () => Promise<T>) => ask(),
      getHandle: (id: string, run?: string) => ({
        describe: async () => {
          const key = run === undefined ? id : `${id}/${run}`;
          const [name, atMs] = [open[key], closedMs[key]];
          if (name === undefined) throw notFound();
          const closeTime = atMs === undefined ? undefined : new Date(atMs);
          return { status: { name }, runId: run ?? 'run-now', closeTime };
        },
        signal: (...sent: unknown[]) => answer(undefined, 'signal', id, run, ...sent),
        query: (...asked: unknown[]) => answer<unknown>(toQuery, 'query', id, run, ...asked),
      }),
      start: (...given: unknown[]) => answer({}, 'start', ...given),
      signalWithStart: (...given: unknown[]) => answer({}, 'signalWithStart', ...given),
      async *list({ query }: { query: string }) {
        calls.push(['list', query]);
        yield* found;
      },
    },
    workflowService: {
      describeTaskQueue: () => answer({ pollers }, 'describeTaskQueue'),
      describeNamespace: async () => ({ namespaceInfo: { data } }),
    },
  };
  return { calls, port: temporalPort(client as unknown as Client), client };
};

describe('the identity of a worker', () => {
  test.each([
    { node: 'worker-7', expected: 'lockkeeper@host/12 on worker-7' },
    { node: undefined, expected: 'lockkeeper@host/12' },
  ])('names its node: $node', ({ node, expected }) => {
    expect(workerIdentity('host', 12, node)).toBe(expected);
  });

  test('is where others find the nodes of the workers, whatever else polls', async () => {
    const { port } = onServer({
      pollers: [
        { identity: workerIdentity('host-a', 1, 'n1') },
        { identity: workerIdentity('host-b', 1, 'n2') },
        { identity: workerIdentity('host-b', 2, 'n2') },
        { identity: workerIdentity('on elsewhere', 1, undefined) },
        { identity: '7@somebody' },
        {},
      ],
    });
    expect([...(await port.workerNodes())].toSorted()).toEqual(['n1', 'n2']);
  });

  test('is asked for once, however many rollouts want to know', async () => {
    const { port, calls } = onServer({ pollers: [] });
    await port.workerNodes();
    await port.workerNodes();
    expect(calls).toEqual([['describeTaskQueue']]);
  });
});

describe('whether a workflow runs', () => {
  test.each([
    { status: 'RUNNING', expected: true },
    // A person has paused the whole workflow: it is still there, and holds what it holds.
    { status: 'PAUSED', expected: true },
    { status: 'TERMINATED', expected: false },
    { status: 'CONTINUED_AS_NEW', expected: false },
    { status: 'COMPLETED', expected: false },
    { status: undefined, expected: false },
  ])('$status: $expected', async ({ status, expected }) => {
    const { port } = onServer(status === undefined ? {} : { open: { w: status, 'w/r': status } });
    expect(await port.isRunning('w')).toBe(expected);
    expect(await port.isRunning('w', 'r')).toBe(expected);
  });

  test('G1: unknown is not "no": a Temporal that is away is an error', async () => {
    const { port, client } = onServer();
    client.workflow.getHandle = () => {
      throw new Error('Temporal is away');
    };
    await expect(port.isRunning('w')).rejects.toThrow('Temporal is away');
    await expect(port.turnOf('workers', 'w')).rejects.toThrow('Temporal is away');
    await expect(port.permitOf('workers', PERMIT)).rejects.toThrow('Temporal is away');
    await expect(port.countsOnPermit('w', 'g')).rejects.toThrow('Temporal is away');
  });
});

describe('what the lock is asked', () => {
  type Port = ReturnType<typeof temporalPort>;
  const place = { kind: 'waiting', place: 1, of: 1, behind: [] };
  const known = { countedAtMs: 5, others: ['n2'] };

  test.each<{
    name: string;
    ask: (port: Port) => Promise<unknown>;
    asked: string[];
    answer: object;
  }>([
    {
      name: 'the turn of a rollout',
      ask: (port) => port.turnOf('workers', PERMIT.workflowId),
      asked: ['turn', PERMIT.workflowId],
      answer: place,
    },
    {
      name: 'a permit',
      ask: (port) => port.permitOf('workers', PERMIT),
      asked: ['permit', PERMIT.workflowId, PERMIT.grantId],
      answer: known,
    },
  ])('$name, of the one that runs now', async ({ ask, asked, answer }) => {
    const open = { [LOCK]: 'RUNNING' };
    const { port, calls } = onServer({ open, answer });
    expect(await ask(port)).toEqual(answer);
    expect(calls).toEqual([['query', LOCK, undefined, ...asked]]);
    expect(await ask(onServer({ open }).port)).toBeUndefined();
  });

  test('G1: a lock that has ended knows nothing, though it could still be asked', async () => {
    const { port, calls } = onServer({ open: { [LOCK]: 'TERMINATED' }, answer: known });
    expect(await port.permitOf('workers', PERMIT)).toBeUndefined();
    expect(await port.turnOf('workers', PERMIT.workflowId)).toBeUndefined();
    expect(calls).toEqual([]);
  });
});

describe('G1: whether a rollout counts on a permit', () => {
  const { workflowId, grantId } = PERMIT;
  test.each<{ name: string; open?: string; status: object; expected: boolean }>([
    { name: 'it has it', status: { permit: grantId, phase: { at: 'cordoning' } }, expected: true },
    { name: 'it may be about to hear of it', status: { phase: { at: 'queued' } }, expected: true },
    { name: 'it has used it', status: { phase: { at: 'draining' } }, expected: false },
    {
      name: 'it has another',
      status: { permit: 'workers-k-2', phase: { at: 'cordoning' } },
      expected: false,
    },
    {
      name: 'it has ended',
      open: 'COMPLETED',
      status: { permit: grantId, phase: { at: 'failed' } },
      expected: false,
    },
  ])('$name: $expected', async ({ open = 'RUNNING', status, expected }) => {
    const { port } = onServer({ open: { [workflowId]: open }, answer: status });
    expect(await port.countsOnPermit(workflowId, grantId)).toBe(expected);
  });

  test('is asked of the run that is open', async () => {
    const answer = { phase: { at: 'queued' } };
    const { port, calls } = onServer({ open: { [workflowId]: 'RUNNING' }, answer });
    await port.countsOnPermit(workflowId, grantId);
    expect(calls).toEqual([['query', workflowId, 'run-now', 'status']]);
  });
});

const runs = (...ids: string[]) => ids.map((runId) => ({ runId }));

describe('G1: when a former lock was ended', () => {
  const MINUTE = 60_000;
  const all: Fake = {
    found: runs('now', 'first', 'last', 'handed-over'),
    open: {
      [`${LOCK}/now`]: 'RUNNING',
      [`${LOCK}/first`]: 'TERMINATED',
      [`${LOCK}/last`]: 'TERMINATED',
      [`${LOCK}/handed-over`]: 'CONTINUED_AS_NEW',
    },
    closedMs: {
      [`${LOCK}/first`]: 5 * MINUTE,
      [`${LOCK}/last`]: 9 * MINUTE,
      [`${LOCK}/handed-over`]: 99 * MINUTE,
    },
  };

  test('is the latest of its runs, but for this one and those that handed over', async () => {
    const { port, calls } = onServer(all);
    expect(await port.formerLockEndedAt('workers', 'now')).toBe(9 * MINUTE);
    const [[, query] = []] = calls;
    const since = Date.parse(/CloseTime >= "(.+?)"/.exec(String(query))?.[1] ?? '');
    expect(query).toContain(`WorkflowId = "${LOCK}" AND (ExecutionStatus = "Running" OR`);
    expect(Math.abs(Date.now() - 60 * MINUTE - since)).toBeLessThan(MINUTE);
  });

  test('is now while another run seems to be open: a reset has not ended it yet', async () => {
    const before = Date.now();
    const endedMs = await onServer(all).port.formerLockEndedAt('workers', 'first');
    expect(endedMs).toBeGreaterThanOrEqual(before);
  });

  test.each([
    { name: 'there is no other', found: runs('now') },
    { name: 'it has continued as this one', found: runs('now', 'handed-over') },
  ])('is never where $name', async ({ found }) => {
    const { port } = onServer({ ...all, found });
    expect(await port.formerLockEndedAt('workers', 'now')).toBeUndefined();
  });

  test.each([
    { name: 'the namespace was made', madeAt: '1970-01-01T00:00:07.000Z', atMs: 7_000 },
    { name: 'a clock ahead of ours says when', madeAt: '9999-01-01T00:00:00.000Z' },
    { name: 'somebody has written anything', madeAt: 'soon' },
  ])('is where there is no other: $name', async ({ madeAt, atMs }) => {
    const { port } = onServer({ ...all, found: runs('now'), data: { [MADE_AT]: madeAt } });
    expect(await port.formerLockEndedAt('workers', 'now')).toBe(atMs);
  });
});

describe('what is sent', () => {
  test('a rollout is started under the name of its node, with a short summary', async () => {
    const { port, calls } = onServer();
    expect(await port.startRollout({ node: 'n1', reason: 'x'.repeat(999) })).toBe(true);
    expect(calls[0]).toMatchObject(['start', 'nodeRollout', { workflowId: 'node-rollout/n1' }]);
    const [[, , { staticSummary }]] = calls as [[string, string, { staticSummary: string }]];
    expect(staticSummary).toHaveLength(100);
  });

  test('a rollout that runs already is not started a second time', async () => {
    const error = new WorkflowExecutionAlreadyStartedError(
      'runs',
      'node-rollout/n1',
      'nodeRollout',
    );
    expect(await onServer({ error }).port.startRollout({ node: 'n1' })).toBe(false);
  });

  test('a request starts the lock where there is none', async () => {
    const { port, calls } = onServer();
    const request = { workflowId: 'node-rollout/n1', runId: 'r', node: 'n1' };
    await port.requestPermit('workers', request);
    expect(calls).toMatchObject([
      [
        'signalWithStart',
        'poolLock',
        {
          workflowId: 'pool-lock/workers',
          args: [{ pool: 'workers' }],
          signal: 'requestPermit',
          signalArgs: [request],
        },
      ],
    ]);
  });

  test('whoever has ended meanwhile is passed over', async () => {
    const { port, calls } = onServer({ error: notFound() });
    await port.recheck(['node-rollout/n1', 'pool-lock/workers']);
    const progress = { podsLeft: 1, evicted: 0, blockers: [], warnings: [] };
    const run = { workflowId: 'node-rollout/n1', runId: 'r' };
    await port.signalRollout(run, 'drainProgress', progress);
    await port.signalLock('workers', 'permitUsed', PERMIT);
    expect(calls).toEqual([
      ['signal', 'node-rollout/n1', undefined, 'recheck'],
      ['signal', 'pool-lock/workers', undefined, 'recheck'],
      ['signal', 'node-rollout/n1', 'r', 'drainProgress', progress],
      ['signal', LOCK, undefined, 'permitUsed', PERMIT],
    ]);
  });

  test('what a lock is told holds nothing up while Temporal is away: it finds out by itself', async () => {
    const { port } = onServer({ error: new Error('Temporal is away') });
    const logged: string[] = [];
    const environment = new MockActivityEnvironment({}, { logger: listening(logged) });
    await environment.run(() => port.signalLock('workers', 'rolloutEnded', { node: 'n1' }));
    expect(logged).toEqual(['lock not told']);
  });

  test.each([
    { what: 'recheck', send: (port: ReturnType<typeof temporalPort>) => port.recheck(['w']) },
    {
      what: 'startRollout',
      send: (port: ReturnType<typeof temporalPort>) => port.startRollout({ node: 'n1' }),
    },
  ])('$what fails while Temporal is away', async ({ send }) => {
    const { port } = onServer({ error: new Error('Temporal is away') });
    await expect(send(port)).rejects.toThrow('Temporal is away');
  });
});

describe('which rollouts are open', () => {
  test('only rollouts are asked for', async () => {
    const { port, calls } = onServer({ found: [{ workflowId: 'node-rollout/n1' }] });
    expect(await port.runningRollouts()).toEqual(new Set(['node-rollout/n1']));
    expect(calls).toEqual([['list', 'WorkflowType = "nodeRollout" AND CloseTime is null']]);
  });
});

describe('what a lock says of itself', () => {
  const open = { [LOCK]: 'RUNNING', 'pool-lock/masters': 'RUNNING' };
  const answer = { lengths: [7, 8] };
  const QUERY = ['query', LOCK, undefined, 'status'];

  test('is asked of it once within that time, however many want to know', async () => {
    const { port, calls } = onServer({ open, answer });
    expect(await port.lockStatus('workers', 10_000)).toEqual(answer);
    await Promise.all([port.lockStatus('workers', 10_000), port.lockStatus('workers', 10_000)]);
    expect(calls).toEqual([QUERY]);
    await port.lockStatus('masters', 10_000);
    expect(calls).toHaveLength(2);
  });

  test('is nothing where none runs: one that has ended is not asked for what it knew', async () => {
    for (const given of [{}, { open: { [LOCK]: 'TERMINATED' } }]) {
      const { port, calls } = onServer({ ...given, answer });
      expect(await port.lockStatus('workers', 10_000)).toBeUndefined();
      expect(calls).toEqual([]);
    }
  });

  test('is nothing where it cannot be asked, twice in a row', async () => {
    const { port, calls } = onServer({ open, error: new Error('away') });
    const logged: string[] = [];
    const environment = new MockActivityEnvironment({}, { logger: listening(logged) });
    expect(await environment.run(() => port.lockStatus('workers', 10_000))).toBeUndefined();
    expect(calls).toEqual([QUERY, QUERY]);
    expect(logged).toEqual(['lock not asked']);
  });
});
