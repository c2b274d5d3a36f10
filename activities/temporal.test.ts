import { describe, expect, test } from '@jest/globals';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import { temporalPort, workerIdentity } from './temporal.ts';

const notFound = () => new WorkflowNotFoundError('not found', 'id', undefined);

interface Fake {
  /** What `describe` answers, by `id` or `id/run`. */
  readonly open?: Record<string, string>;
  /** What `list` finds. */
  readonly found?: readonly object[];
  /** What every signal, start and query throws. */
  readonly error?: Error;
  readonly pollers?: readonly { identity?: string }[];
  readonly holds?: boolean;
  /** What every query answers. */
  readonly status?: object;
}

/** The client as far as the port uses it; `calls` are what was asked of the server. */
const onServer = ({
  open = {},
  found = [],
  error,
  pollers = [],
  holds = true,
  status,
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
          const name = open[run === undefined ? id : `${id}/${run}`];
          if (name === undefined) throw notFound();
          return { status: { name }, runId: run ?? 'run-now' };
        },
        signal: (...sent: unknown[]) => answer(undefined, 'signal', id, run, ...sent),
        query: (...asked: unknown[]) => answer<unknown>(status ?? holds, 'query', id, ...asked),
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
    },
  };
  return { calls, port: temporalPort(client as unknown as Client, true), client };
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
    await expect(port.holdsPermit('workers', { workflowId: 'w', grantId: 'g' })).rejects.toThrow(
      'Temporal is away',
    );
  });
});

describe('whether the lock knows a permit', () => {
  const permit = { workflowId: 'node-rollout/n1', grantId: 'workers-k-1' };

  test.each([{ holds: true }, { holds: false }])('is what it says: $holds', async ({ holds }) => {
    const { port, calls } = onServer({ open: { 'pool-lock/workers': 'RUNNING' }, holds });
    expect(await port.holdsPermit('workers', permit)).toBe(holds);
    expect(calls).toEqual([
      ['query', 'pool-lock/workers', 'holds', 'node-rollout/n1', 'workers-k-1'],
    ]);
  });

  test('G1: a lock that has ended knows none, though it could still be asked', async () => {
    const { port, calls } = onServer({ open: { 'pool-lock/workers': 'TERMINATED' } });
    expect(await port.holdsPermit('workers', permit)).toBe(false);
    expect(calls).toEqual([]);
  });
});

describe('a lock that was ended', () => {
  test('is dated by its latest run, within the last hour', async () => {
    const found = [5, 9, 7].map((minute) => ({ closeTime: new Date(minute * 60_000) }));
    const { port, calls } = onServer({ found });
    expect(await port.formerLockEndedAt('workers')).toBe(9 * 60_000);
    const [[, query] = []] = calls;
    const since = Date.parse(/CloseTime >= "(.+?)"/.exec(String(query))?.[1] ?? '');
    expect(query).toContain('WorkflowId = "pool-lock/workers"');
    expect(query).toContain('ExecutionStatus != "ContinuedAsNew"');
    expect(Math.abs(Date.now() - 60 * 60_000 - since)).toBeLessThan(60_000);
  });

  test('is none where none is found', async () => {
    expect(await onServer().port.formerLockEndedAt('workers')).toBeUndefined();
  });
});

describe('what is sent', () => {
  test('a rollout is started under the name of its node, with a short summary', async () => {
    const { port, calls } = onServer();
    expect(await port.startRollout({ node: 'n1', reason: 'x'.repeat(999) })).toBe(true);
    expect(calls[0]).toMatchObject(['start', 'nodeRollout', { workflowId: 'node-rollout/n1' }]);
    const [[, , { staticSummary }]] = calls as [[string, string, { staticSummary: string }]];
    expect(staticSummary).toHaveLength(200);
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
    await port.tellDrain({ workflowId: 'node-rollout/n1', runId: 'r' }, progress);
    expect(calls).toEqual([
      ['signal', 'node-rollout/n1', undefined, 'recheck'],
      ['signal', 'pool-lock/workers', undefined, 'recheck'],
      ['signal', 'node-rollout/n1', 'r', 'drainProgress', progress],
    ]);
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

describe('which rollouts are open, and which ended early', () => {
  test('only rollouts are asked for', async () => {
    const { port, calls } = onServer({ found: [{ workflowId: 'node-rollout/n1' }] });
    expect(await port.runningRollouts()).toEqual(new Set(['node-rollout/n1']));
    expect(calls).toEqual([
      ['list', 'WorkflowType = "nodeRollout" AND ExecutionStatus = "Running"'],
    ]);
  });

  test.each([
    { searchAttributes: true, aborted: true },
    { searchAttributes: false, aborted: false },
  ])('aborted ones are known by their search attribute: $aborted', async (given) => {
    const { client, calls } = onServer();
    const port = temporalPort(client as unknown as Client, given.searchAttributes);
    await port.endedEarlySince(0);
    const [[, query] = []] = calls;
    expect(query).toContain('CloseTime >= "1970-01-01T00:00:00.000Z"');
    expect(String(query).includes('LockkeeperPhase = "aborted"')).toBe(given.aborted);
  });
});

describe('how long the rollouts of a pool have taken', () => {
  test('is asked of its lock once, however many want to know', async () => {
    const { port, calls } = onServer({ status: { lengths: [7, 8] } });
    expect(await port.lengthsOf('workers')).toEqual([7, 8]);
    await Promise.all([port.lengthsOf('workers'), port.lengthsOf('workers')]);
    expect(calls).toEqual([['query', 'pool-lock/workers', 'status']]);
    await port.lengthsOf('masters');
    expect(calls).toHaveLength(2);
  });

  test('is nothing where there has been no lock, or one that has not heard of it', async () => {
    expect(await onServer({ error: notFound() }).port.lengthsOf('workers')).toEqual([]);
    expect(await onServer({ status: {} }).port.lengthsOf('workers')).toEqual([]);
  });

  test('is asked again after a failure', async () => {
    const { port, calls } = onServer({ error: new Error('away') });
    await expect(port.lengthsOf('workers')).rejects.toThrow('away');
    await expect(port.lengthsOf('workers')).rejects.toThrow('away');
    expect(calls).toHaveLength(2);
  });
});
