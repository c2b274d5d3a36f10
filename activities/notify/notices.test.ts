import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Notice } from '../../domain/notifications/events.ts';
import { Policy } from '../../domain/policy.ts';
import type { RolloutStatus } from '../../domain/status.ts';
import { TemporalNotices, type NoticesPorts } from './notices.ts';

const NOTICE: Notice = { id: '1', event: 'draining', atMs: 0, node: 'n1', pool: 'workers' };

interface Signalled {
  readonly workflowId: string;
  readonly signalArgs: readonly [
    { readonly notice: Notice; readonly receivers: readonly string[] },
  ];
}

/** A Temporal that takes signals, or fails or hangs. */
class Scene {
  readonly signals: Signalled[] = [];
  readonly logged: string[] = [];
  answer: () => Promise<void> = async () => undefined;
  status: () => Promise<RolloutStatus> = async () => {
    throw new Error('there is none');
  };

  notices(...receivers: object[]): TemporalNotices {
    const policy = Policy.parse({
      pools: [
        { name: 'workers', nodes: 'pool=workers' },
        { name: 'edge', nodes: 'pool=edge' },
      ],
      notifications: receivers,
    });
    const client = {
      workflow: {
        signalWithStart: async (_: string, options: Signalled) => {
          await this.answer();
          this.signals.push(options);
        },
        getHandle: () => ({ query: () => this.status() }),
      },
      withDeadline: async <T>(_: number, call: () => Promise<T>): Promise<T> => await call(),
    };
    return new TemporalNotices({
      client: client as unknown as NoticesPorts['client'],
      policy: { current: () => policy },
      log: {
        warn: (message) => this.logged.push(`warn ${message}`),
        error: (message) => this.logged.push(`error ${message}`),
      },
    });
  }

  get told(): string[] {
    return this.signals.map(({ workflowId, signalArgs: [{ notice, receivers }] }) =>
      [workflowId, notice.event, ...receivers].join(' '),
    );
  }
}

afterEach(() => {
  jest.useRealTimers();
});

describe('a notice', () => {
  test('goes to the notifier of its node, with the names of those who want to hear of it', async () => {
    const scene = new Scene();
    await scene
      .notices(
        { slack: '${A}' },
        { name: 'lost-only', slack: '${A}', on: ['lost'] },
        { name: 'edge-only', slack: '${B}', pools: ['edge'] },
        { name: 'mine', teams: '${B}', pools: ['workers'] },
      )
      .notify(NOTICE);
    expect(scene.told).toEqual(['notify/node/n1 draining slack ${A} mine']);
  });

  test.each([
    [{ pool: 'workers' }, 'notify/pool/workers'],
    [{}, 'notify/policy'],
  ])('of %j goes to %s', async (about, id) => {
    const scene = new Scene();
    await scene.notices({ slack: '${A}' }).notify({ id: '1', event: 'halted', atMs: 0, ...about });
    expect(scene.signals[0]?.workflowId).toBe(id);
  });

  test('that nobody wants to hear of is no signal at all', async () => {
    const scene = new Scene();
    await scene.notices().notify(NOTICE);
    await scene.notices({ slack: '${A}', on: ['lost'] }).notify(NOTICE);
    expect(scene.signals).toEqual([]);
    expect(scene.notices({ slack: '${A}', on: ['lost'] }).wanted(NOTICE)).toBe(false);
    expect(scene.notices({ slack: '${A}' }).wanted(NOTICE)).toBe(true);
  });

  test('has a reason of at most a thousand letters', async () => {
    const scene = new Scene();
    await scene.notices({ slack: '${A}' }).notify({ ...NOTICE, because: 'x'.repeat(5_000) });
    expect(scene.signals[0]?.signalArgs[0].notice.because).toHaveLength(1_000);
  });
});

describe('G11: while Temporal', () => {
  test('hangs, whoever tells goes on, and it is told afterwards', async () => {
    jest.useFakeTimers();
    const scene = new Scene();
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    scene.answer = () => promise;
    const notices = scene.notices({ slack: '${A}' });
    const first = notices.notify(NOTICE);
    const second = notices.notify({ ...NOTICE, id: '2', event: 'rebooting' });
    await jest.advanceTimersByTimeAsync(2_000);
    await Promise.all([first, second]);
    expect(scene.signals).toEqual([]);
    wake();
    await jest.advanceTimersByTimeAsync(1);
    expect(scene.told.map((words) => words.split(' ')[1])).toEqual(['draining', 'rebooting']);
  });

  test('takes the second of two notices but not the first, they keep their order', async () => {
    jest.useFakeTimers();
    const scene = new Scene();
    let failures = 1;
    scene.answer = async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('away');
    };
    const notices = scene.notices({ slack: '${A}' });
    const first = notices.notify(NOTICE);
    const second = notices.notify({ ...NOTICE, id: '2', event: 'rebooting' });
    await jest.advanceTimersByTimeAsync(5_000);
    await Promise.all([first, second]);
    expect(scene.told.map((words) => words.split(' ')[1])).toEqual(['draining', 'rebooting']);
  });

  test('is away, it goes on trying by itself, and says so once', async () => {
    jest.useFakeTimers();
    const scene = new Scene();
    let failures = 3;
    scene.answer = async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('away');
    };
    const telling = scene.notices({ slack: '${A}' }).notify(NOTICE);
    await jest.advanceTimersByTimeAsync(10_000);
    await telling;
    expect(scene.told).toHaveLength(1);
    expect(scene.logged).toEqual(['warn people are told later']);
  });

  test('stays away, it is given up after half an hour, and said to be', async () => {
    jest.useFakeTimers();
    const scene = new Scene();
    scene.answer = async () => {
      throw new Error('away');
    };
    const telling = scene.notices({ slack: '${A}' }).notify(NOTICE);
    await jest.advanceTimersByTimeAsync(32 * 60_000);
    await telling;
    expect(scene.logged).toEqual(['warn people are told later', 'error people are not told']);
  });
});

describe('what a node waits for', () => {
  const STATUS: RolloutStatus = {
    node: 'n1',
    pool: 'workers',
    phase: { at: 'starting', sinceMs: 0 },
    skipped: [],
    notUnderstood: [],
  };
  test.each<[string, Partial<RolloutStatus>, string]>([
    ['a person', { paused: { by: 'ann', reason: 'lunch', atMs: 0 } }, 'paused by ann: lunch'],
    ['its reboot', { phase: { at: 'rebooting', sinceMs: 0 } }, 'its rollout is rebooting'],
  ])('is said by its rollout: %s', async (_, changes, words) => {
    const scene = new Scene();
    scene.status = async () => ({ ...STATUS, ...changes });
    expect(await scene.notices().whyWaiting('n1')).toBe(words);
  });

  test('is said not to be known when there is no rollout', async () => {
    expect(await new Scene().notices().whyWaiting('n1')).toBe('no rollout of it says why');
  });
});
