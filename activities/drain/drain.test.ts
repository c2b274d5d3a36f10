import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { DisruptionBudget } from '../../domain/disruption-budget.ts';
import type { DrainProgress, DrainResult } from '../../domain/drain-progress.ts';
import type { EvictionAnswer } from '../../domain/eviction-answer.ts';
import type { CameBack, PodFacts } from '../../domain/pod-verdict.ts';
import { present } from '../../domain/present.ts';
import { drainNode } from './drain.ts';
import type { DrainInput, DrainOptions } from './state.ts';
import { failure } from '../failure.ts';
import type { Change, WatchRequest } from '../kube/follow.ts';
import { aPod } from '../../domain/a-pod.fixture.ts';
import type { PodApi } from '../kube/pods.ts';

const START = Date.parse('2026-11-23T22:00:00Z');
const MINUTE = 60_000;

/** A node as the API server shows it. An accepted eviction marks the pod as leaving; `stopsAfterMs` later it is gone. */
class FakeNode implements PodApi {
  readonly requests: string[] = [];
  readonly pods = new Map<string, PodFacts>();
  answers: Record<string, EvictionAnswer[]> = {};
  budgetsThere: DisruptionBudget[] = [];
  volumes: string[][] = [];
  stopsAfterMs = 1_000;
  /** What each list throws, as long as there is something. */
  troubles: Error[] = [];
  /** How each watch ends at once, as long as there is something: closed in good order, or broken. */
  watches: ('closed' | Error)[] = [];
  /** Owners that put another pod on the node as soon as one is leaving. */
  readonly stubborn = new Set<string>();
  private made = 0;
  private tell: ((change: Change<PodFacts>) => void) | undefined;

  constructor(...pods: PodFacts[]) {
    for (const pod of pods) this.pods.set(pod.uid, pod);
  }

  async list() {
    this.requests.push('list');
    const trouble = this.troubles.shift();
    if (trouble) throw trouble;
    return { pods: [...this.pods.values()], resourceVersion: '1' };
  }

  async watch(_node: string, { onEvent, signal }: WatchRequest<PodFacts>): Promise<void> {
    this.requests.push('watch');
    const end = this.watches.shift();
    if (end === 'closed') return;
    if (end) throw end;
    this.tell = onEvent;
    const bookmarks = setInterval(() => onEvent({ kind: 'alive' }), MINUTE);
    if (!signal.aborted)
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
      });
    clearInterval(bookmarks);
    this.tell = undefined;
  }

  async evict(pod: { name: string; uid: string }): Promise<EvictionAnswer> {
    this.requests.push(`evict ${pod.name}`);
    const answer = this.answers[pod.name]?.shift() ?? { kind: 'evicted' };
    if (answer.kind === 'evicted') this.leave(pod.uid);
    return answer;
  }

  async delete(
    pod: { name: string; uid: string },
    { graceMs }: { graceMs: number },
  ): Promise<EvictionAnswer> {
    this.requests.push(`delete ${pod.name} ${graceMs}`);
    this.leave(pod.uid);
    return { kind: 'evicted' };
  }

  async budgets(namespace: string) {
    this.requests.push(`budgets ${namespace}`);
    return this.budgetsThere;
  }

  async volumesLeft() {
    this.requests.push('volumes');
    return this.volumes.shift() ?? [];
  }

  appear(pod: PodFacts): void {
    this.pods.set(pod.uid, pod);
    this.tell?.({ kind: 'seen', object: pod });
  }

  private putBack(pod: PodFacts): void {
    this.made += 1;
    const { deletionTimestampMs: _, ...alike } = pod;
    setTimeout(() => this.appear({ ...alike, uid: `${pod.uid}+`, name: `web-${this.made}` }), 500);
  }

  private leave(uid: string): void {
    const pod = this.pods.get(uid);
    if (!pod) return;
    this.appear({ ...pod, deletionTimestampMs: Date.now() + pod.gracePeriodMs });
    if (this.stubborn.has(pod.owner?.name ?? '')) this.putBack(pod);
    if (this.stopsAfterMs === Number.POSITIVE_INFINITY) return;
    setTimeout(() => {
      this.pods.delete(uid);
      this.tell?.({ kind: 'gone', object: pod });
    }, this.stopsAfterMs);
  }
}

interface Running {
  readonly outcome: Promise<unknown>;
  readonly reports: DrainProgress[];
  readonly stop: AbortController;
  readonly guard: jest.Mock<() => Promise<void>>;
  /** Says that the guard may have something new to say. */
  readonly news: () => void;
}

type Settings = Partial<DrainOptions> & {
  minutes?: number;
  guard?: () => Promise<void>;
  guardedAtMs?: number;
  cameBack?: CameBack;
  staysEmptyMs?: number;
};

function drain(node: FakeNode, settings: Settings = {}): Running {
  const {
    minutes = 30,
    guard: guardNode = async () => undefined,
    guardedAtMs,
    cameBack,
    staysEmptyMs = 0,
    ...rest
  } = settings;
  const input: DrainInput = {
    node: 'n1',
    own: [],
    deadlineMs: START + minutes * MINUTE,
    options: { atOnce: 20, onTimeout: 'undo', comesBack: 'leave', ...rest },
    staysEmptyMs,
    ...present({ guardedAtMs, cameBack }),
  };
  const reports: DrainProgress[] = [];
  const stop = new AbortController();
  const guard = jest.fn(guardNode);
  const hears = new Set<() => void>();
  const outcome = drainNode(
    {
      pods: node,
      progress: (progress) => reports.push(progress),
      guard,
      onNews: (due) => {
        hears.add(due);
        return () => hears.delete(due);
      },
      signal: stop.signal,
      nowMs: () => Date.now(),
      random: () => 0,
    },
    input,
  ).catch((error: unknown) => error);
  const news = (): void => hears.forEach((due) => due());
  return { outcome, reports, stop, guard, news };
}

const stubbornNode = (...pods: PodFacts[]): FakeNode => {
  const node = new FakeNode(...pods);
  node.stubborn.add('web');
  return node;
};
const evictions = ({ requests }: FakeNode): string[] =>
  requests.filter((request) => request.startsWith('evict'));

const after = (ms: number) => jest.advanceTimersByTimeAsync(ms);

async function finished({ outcome }: Running, withinMs = 60 * MINUTE): Promise<unknown> {
  await after(withinMs);
  return outcome;
}

const blocked = (facts: object = {}): EvictionAnswer => ({
  kind: 'blocked-by-budget',
  budget: 'web',
  because: 'the disruption budget web needs 2 healthy pods and has 2 currently',
  ...facts,
});
const alwaysBlocked = () => Array.from({ length: 99 }, () => blocked());
const WEB: DisruptionBudget = {
  namespace: 'shop',
  name: 'web',
  selector: {},
  allowed: 0,
  healthy: 2,
  desired: 2,
  expected: 3,
};
const away = () => failure('kube-unavailable', 'listing pods: fetch failed');

beforeEach(() => {
  jest.useFakeTimers({ now: START });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a drain', () => {
  test('of an undisturbed node costs four requests beyond its evictions', async () => {
    const node = new FakeNode(
      aPod('a'),
      aPod('b'),
      aPod('cni', { owner: { kind: 'DaemonSet', name: 'cni' } }),
    );
    const result = await finished(drain(node));
    expect(node.requests).toEqual(['list', 'watch', 'evict a', 'evict b', 'list', 'volumes']);
    expect(result).toEqual({
      evicted: 2,
      deleted: [],
      warnings: [],
      daemonSetsReady: ['shop/cni'],
    });
  });

  test('of an empty node evicts and watches nothing', async () => {
    const node = new FakeNode(aPod('static', { mirror: true }));
    expect(await finished(drain(node))).toMatchObject({ evicted: 0, daemonSetsReady: [] });
    expect(node.requests).toEqual(['list', 'volumes']);
  });

  test('goes on from what it observes after a crash, and does not evict again what is leaving', async () => {
    const node = new FakeNode(aPod('a', { deletionTimestampMs: START + 1_000 }));
    const running = drain(node);
    await after(1_000);
    node.pods.clear();
    node.watches.push('closed');
    node.appear(aPod('cni', { owner: { kind: 'DaemonSet', name: 'cni' } }));
    running.stop.abort(new Error('the worker is shut down'));
    expect(await finished(running)).toEqual(new Error('the worker is shut down'));
    expect(await finished(drain(node))).toMatchObject({ evicted: 0 });
    expect(node.requests.filter((request) => request.startsWith('evict'))).toEqual([]);
  });

  test('lets a tier go before the next begins', async () => {
    const node = new FakeNode(
      aPod('critical', { priority: 2_000_001_000 }),
      aPod('low', { priority: -1 }),
      aPod('plain'),
    );
    node.stopsAfterMs = 10_000;
    const running = drain(node);
    await after(9_000);
    expect(node.requests).toEqual(['list', 'watch', 'evict low']);
    expect(running.reports.at(-1)?.blockers.at(-1)).toMatchObject({
      because: 'pods of lower priority go first',
    });
    await finished(running);
    const evictions = node.requests.filter((request) => request.startsWith('evict'));
    expect(evictions).toEqual(['evict low', 'evict plain', 'evict critical']);
  });

  test('has at most `atOnce` pods leaving, not counting those past their grace period', async () => {
    const node = new FakeNode(...['a', 'b', 'c'].map((name) => aPod(name)));
    node.stopsAfterMs = Number.POSITIVE_INFINITY;
    const running = drain(node, { atOnce: 2 });
    await after(25_000);
    expect(node.requests).toEqual(['list', 'watch', 'evict a', 'evict b']);
    await after(25_000);
    expect(node.requests.at(-1)).toBe('evict c');
    running.stop.abort();
    await finished(running);
  });

  test('does not chase a pod that keeps coming back in a hot loop', async () => {
    const node = new FakeNode(aPod('a'));
    const running = drain(node);
    await after(500);
    node.appear(aPod('b'));
    await after(4_000);
    expect(node.requests).not.toContain('evict b');
    await finished(running);
    expect(node.requests).toContain('evict b');
  });

  describe('G2: pods that their owner puts back each time', () => {
    test('are left after three times, with a warning and by their owner', async () => {
      const node = stubbornNode(
        aPod('web-0'),
        aPod('db', { owner: { kind: 'StatefulSet', name: 'db' } }),
      );
      expect(await finished(drain(node), 2 * MINUTE)).toMatchObject({
        evicted: 4,
        warnings: ['put back here after each eviction, and left for the reboot: shop/web-3'],
        cameBack: { 'shop/ReplicaSet/web': 3 },
      });
      expect(evictions(node)).toEqual(['evict web-0', 'evict db', 'evict web-1', 'evict web-2']);
    });

    test('are counted by their owner, not by how many there are', async () => {
      const node = stubbornNode(aPod('web-a'), aPod('web-b'), aPod('web-c'), aPod('web-d'));
      const { cameBack, evicted } = (await finished(drain(node), 2 * MINUTE)) as DrainResult;
      expect({ cameBack, evicted }).toEqual({
        cameBack: { 'shop/ReplicaSet/web': 3 },
        evicted: 12,
      });
    });

    test('are noticed while the node has to stay empty, and it is said what is waited for', async () => {
      const node = new FakeNode(aPod('db', { owner: { kind: 'StatefulSet', name: 'db' } }));
      const running = drain(node, { minutes: 2, staysEmptyMs: 3 * MINUTE });
      await after(MINUTE);
      expect(running.reports.at(-1)).toMatchObject({
        podsLeft: 0,
        waits: 'the node is empty, and is looked at for a while before its reboot',
      });
      node.appear(aPod('db', { uid: 'another', owner: { kind: 'StatefulSet', name: 'db' } }));
      expect(await finished(running)).toMatchObject({ evicted: 2 });
      expect(evictions(node)).toEqual(['evict db', 'evict db']);
    });

    test('are waited for a moment where they tolerate the cordon', async () => {
      const node = new FakeNode(aPod('web-0', { toleratesCordon: true }));
      const running = drain(node);
      await after(4_000);
      node.appear(aPod('web-1', { toleratesCordon: true }));
      expect(await finished(running)).toMatchObject({ evicted: 2 });
    });

    test('are waited for where the policy says so, and it is said that they come back', async () => {
      const node = stubbornNode(aPod('web-0'));
      const running = drain(node, { comesBack: 'wait' });
      await after(10 * MINUTE);
      const because = expect.stringMatching(
        /^its ReplicaSet web has put it back here 1\d times after/,
      );
      const blocker = { what: expect.any(String), because, sinceMs: START };
      expect(running.reports.flatMap(({ blockers }) => blockers)).toContainEqual(blocker);
      expect(evictions(node).length).toBeLessThan(20);
      expect(await finished(running)).toMatchObject({ type: 'drain-timed-out' });
    });

    test('are left at once where the drains before this one have seen them often enough', async () => {
      const node = stubbornNode(aPod('web-0'));
      const cameBack = { 'shop/ReplicaSet/web': 3 };
      expect(await finished(drain(node, { cameBack }))).toMatchObject({ evicted: 0, cameBack });
    });
  });

  test('warns once per cause', async () => {
    const { owner: _, ...bare } = aPod('bare');
    const node = new FakeNode(bare, aPod('cache', { emptyDir: true }));
    expect(await finished(drain(node))).toMatchObject({
      warnings: ['nothing will recreate shop/bare', 'emptyDir data is lost of shop/cache'],
    });
  });

  test('waits for the volumes of those who left', async () => {
    const node = new FakeNode(aPod('db'));
    node.volumes = [['pv-1'], ['pv-1'], []];
    const running = drain(node);
    await after(2_000);
    expect(running.reports.at(-1)?.blockers).toMatchObject([
      { what: 'volume pv-1', because: 'still attached to the node' },
    ]);
    expect(await finished(running)).toMatchObject({ evicted: 1 });
  });
});

describe('a drain that is blocked by a budget', () => {
  test('backs off from 5 s to 60 s and names the budget with its numbers', async () => {
    const node = new FakeNode(aPod('web-1'));
    node.answers = { 'web-1': Array.from({ length: 6 }, () => blocked()) };
    node.budgetsThere = [WEB];
    const running = drain(node);
    const askedAtMs: number[] = [];
    const evict = node.evict.bind(node);
    node.evict = async (pod) => {
      askedAtMs.push(Date.now() - START);
      return evict(pod);
    };
    await after(40_000);
    expect(running.reports.at(-1)?.blockers).toEqual([
      {
        what: 'shop/web-1',
        because: 'disruption budget web allows 0 disruptions (2 of 3 pods healthy, 2 needed)',
        sinceMs: START,
      },
    ]);
    await finished(running);
    expect(askedAtMs.map((ms) => ms / 1_000)).toEqual([0, 5, 15, 35, 75, 135, 195]);
  });

  test('asks for the budgets of a namespace once for all its pods', async () => {
    const node = new FakeNode(...['a', 'b', 'c'].map((name) => aPod(name)));
    node.answers = { a: [blocked()], b: [blocked()], c: [blocked()] };
    await finished(drain(node));
    expect(node.requests.filter((request) => request === 'budgets shop')).toHaveLength(1);
  });

  test('fails at the deadline as drain-timed-out, naming the blocker', async () => {
    const node = new FakeNode(aPod('web-1'));
    node.answers = { 'web-1': alwaysBlocked() };
    node.budgetsThere = [WEB];
    const running = drain(node, { minutes: 5 });
    expect(await finished(running)).toMatchObject({
      type: 'drain-timed-out',
      nonRetryable: true,
      message:
        'node n1 was not empty in time (1 pod or volume left): shop/web-1: disruption budget web allows 0 disruptions (2 of 3 pods healthy, 2 needed) for 5m',
    });
    expect(node.requests.filter((request) => request.startsWith('delete'))).toEqual([]);
  });

  test('deletes at the deadline when told to, in order of priority, and says what', async () => {
    const node = new FakeNode(
      aPod('web-1'),
      aPod('api-1', { priority: 5, gracePeriodMs: 300_000 }),
    );
    node.answers = {
      'web-1': alwaysBlocked(),
      'api-1': [{ kind: 'denied', because: 'admission webhook "x" denied the request' }],
    };
    const result = await finished(drain(node, { minutes: 5, onTimeout: 'delete' }));
    expect(result).toMatchObject({ deleted: ['shop/web-1', 'shop/api-1'], evicted: 0 });
    expect(node.requests.slice(-7)).toEqual([
      'delete web-1 30000',
      'evict api-1',
      'delete api-1 30000',
      'list',
      'watch',
      'list',
      'volumes',
    ]);
  });

  test('never deletes a pod that the API server failed on', async () => {
    const node = new FakeNode(aPod('a'));
    const failed: EvictionAnswer = { kind: 'failed', because: 'the API server failed: HTTP 500' };
    node.answers = { a: Array.from({ length: 99 }, () => failed) };
    const outcome = await finished(drain(node, { minutes: 5, onTimeout: 'delete' }));
    expect(outcome).toMatchObject({ type: 'drain-timed-out' });
    expect(node.requests.filter((request) => request.startsWith('delete'))).toEqual([]);
  });

  test('waits no longer than its deadline where nothing could be deleted, and for what could be', async () => {
    const failed: EvictionAnswer = { kind: 'failed', because: 'the API server failed: HTTP 500' };
    const stays = { a: Array.from({ length: 99 }, () => failed) };
    const ended = async (...pods: PodFacts[]): Promise<number> => {
      const node = new FakeNode(...pods);
      node.answers = { ...stays, b: alwaysBlocked() };
      node.stopsAfterMs = 20_000;
      const beganMs = Date.now();
      let endedMs = 0;
      const running = drain(node, { minutes: (beganMs - START) / MINUTE + 5, onTimeout: 'delete' });
      void running.outcome.then(() => (endedMs = Date.now()));
      await after(10 * MINUTE);
      return endedMs - beganMs - 5 * MINUTE;
    };
    expect(await ended(aPod('a'))).toBeLessThan(1_000);
    expect(await ended(aPod('a'), aPod('b'))).toBeLessThan(1_000);
    const forAll = await ended(aPod('b'));
    expect([forAll > 19_000, forAll < 25_000]).toEqual([true, true]);
  });

  test.each<{ name: string; pod: Partial<PodFacts>; answer: EvictionAnswer }>([
    {
      name: 'that was leaving and is gone by now',
      pod: { deletionTimestampMs: START + 10 * MINUTE },
      answer: { kind: 'gone' },
    },
    {
      name: 'that is leaving, although the API server failed on its delete',
      pod: { deletionTimestampMs: START + 10 * MINUTE },
      answer: { kind: 'failed', because: 'the API server failed: HTTP 500' },
    },
    { name: 'that was refused and is gone by now', pod: {}, answer: { kind: 'gone' } },
  ])('waits for what was deleted beside a pod $name', async ({ pod, answer }) => {
    const node = new FakeNode(aPod('a', pod), aPod('b'));
    node.answers = { a: alwaysBlocked(), b: alwaysBlocked() };
    node.stopsAfterMs = 20_000;
    const deletePod = node.delete.bind(node);
    node.delete = async (asked, options) => {
      const done = await deletePod(asked, options);
      if (asked.name === 'b') return done;
      if (answer.kind === 'gone') node.pods.delete(asked.uid);
      return answer;
    };
    const result = await finished(drain(node, { minutes: 5, onTimeout: 'delete' }));
    expect(result).toMatchObject({ evicted: 0, deleted: ['shop/b'] });
    expect(node.requests).toContain('delete a 30000');
  });

  test('waits no longer than its deadline where the worker may not delete', async () => {
    const node = new FakeNode(aPod('a'));
    node.answers = { a: alwaysBlocked() };
    node.delete = async () => ({ kind: 'forbidden', because: 'the worker may not delete it' });
    const running = drain(node, { minutes: 5, onTimeout: 'delete' });
    expect(await finished(running, 5 * MINUTE + 1_000)).toMatchObject({
      type: 'drain-timed-out',
      message: expect.stringContaining('shop/a: deleting it: the worker may not delete it'),
    });
  });

  test('never deletes without a view of the node', async () => {
    const node = new FakeNode(aPod('a'));
    node.answers = { a: alwaysBlocked() };
    const running = drain(node, { minutes: 5, onTimeout: 'delete' });
    await after(MINUTE);
    node.troubles = Array.from({ length: 99 }, away);
    expect(await finished(running)).toMatchObject({
      type: 'drain-timed-out',
      message: expect.stringContaining('API server: listing pods: fetch failed'),
    });
    expect(node.requests.filter((request) => request.startsWith('delete'))).toEqual([]);
  });
});

describe('a drain in trouble', () => {
  test('keeps trying when the API server is away, says so, and finishes when it is back', async () => {
    const node = new FakeNode(aPod('a'));
    node.troubles = [away(), away(), away()];
    const running = drain(node);
    await after(2_000);
    expect(running.reports.at(-1)?.trouble).toEqual({
      what: 'API server',
      because: 'listing pods: fetch failed',
      sinceMs: START,
    });
    expect(await finished(running)).toMatchObject({ evicted: 1 });
    expect(running.reports.at(-1)?.trouble).toBeUndefined();
  });

  test('does not hammer a server whose watches end at once', async () => {
    const node = new FakeNode(aPod('a'));
    node.answers = { a: alwaysBlocked() };
    node.watches = Array.from({ length: 999 }, () => new Error('Forbidden'));
    const running = drain(node);
    await after(5 * MINUTE);
    expect(node.requests.filter((request) => request === 'watch').length).toBeLessThan(30);
    expect(running.reports.at(-1)?.trouble?.because).toBe('watching pods: Forbidden');
    running.stop.abort();
    await finished(running);
  });

  test('fails at once on an error nobody knows', async () => {
    const node = new FakeNode(aPod('a'));
    node.evict = async () => {
      throw new TypeError('a bug');
    };
    expect(await finished(drain(node), MINUTE)).toEqual(new TypeError('a bug'));
  });

  test('refuses a selector nobody can read', async () => {
    expect(await finished(drain(new FakeNode(), { podSelector: 'a in (' }))).toMatchObject({
      type: 'bad-input',
      message: 'drain.podSelector: "a in (" is not a label selector',
    });
  });
});

describe('a drain in the hands of others', () => {
  test('reports at least every five seconds, also when nothing changes', async () => {
    const node = new FakeNode(aPod('a'));
    node.stopsAfterMs = Number.POSITIVE_INFINITY;
    const running = drain(node);
    await after(1_000);
    const before = running.reports.length;
    await after(30_000);
    expect(running.reports.length - before).toBeGreaterThanOrEqual(6);
    running.stop.abort();
    await finished(running);
  });

  test('asks the guard before the first eviction and every 15 s, and stops when it throws', async () => {
    const node = new FakeNode(aPod('a'), aPod('b', { priority: 1 }));
    node.stopsAfterMs = 20_000;
    const running = drain(node);
    await after(14_000);
    expect(running.guard).toHaveBeenCalledTimes(1);
    running.guard.mockRejectedValue(failure('cordon-lost', 'somebody uncordoned n1'));
    expect(await finished(running)).toMatchObject({ type: 'cordon-lost' });
    expect(node.requests).not.toContain('evict b');
  });

  test('G6: asks the guard 15 s after the cordon was written, however late the drain begins', async () => {
    const node = new FakeNode(aPod('a'));
    node.stopsAfterMs = 20_000;
    const running = drain(node, { guardedAtMs: START - 10_000 });
    await after(4_000);
    expect(running.guard).toHaveBeenCalledTimes(0);
    await after(2_000);
    expect(running.guard).toHaveBeenCalledTimes(1);
    await finished(running);
  });

  test('evicts nothing while the guard cannot be asked', async () => {
    const node = new FakeNode(aPod('a'));
    const until = START + 2 * MINUTE;
    const running = drain(node, {
      guard: async () => {
        if (Date.now() < until) throw away();
      },
    });
    await after(MINUTE);
    expect(node.requests).toEqual([]);
    expect(await finished(running)).toMatchObject({ evicted: 1 });
  });

  test('evicts nothing after news about which the guard could not be asked', async () => {
    const node = new FakeNode(aPod('a'));
    node.answers = { a: [blocked()] };
    const running = drain(node);
    await after(4_000);
    running.guard.mockRejectedValue(away());
    running.news();
    await after(8_000);
    expect(evictions(node)).toEqual(['evict a']);
    running.guard.mockResolvedValue();
    expect(await finished(running)).toMatchObject({ evicted: 1 });
  });

  test.each([
    { name: 'while pods are in the way', answers: { a: [blocked(), blocked(), blocked()] } },
    { name: 'while the node has to stay empty', answers: {} },
  ])('does not hammer a guard that cannot be asked $name', async ({ answers }) => {
    const node = new FakeNode(aPod('a'));
    node.answers = answers;
    const running = drain(node, { staysEmptyMs: 10 * MINUTE });
    await after(14_000);
    running.guard.mockClear();
    running.guard.mockRejectedValue(away());
    const before = running.reports.length;
    await after(2 * MINUTE);
    expect(running.guard.mock.calls.length).toBeLessThan(15);
    expect(running.reports.length - before).toBeLessThan(60);
    expect(running.reports.at(-1)?.trouble?.because).toBe('listing pods: fetch failed');
    running.guard.mockRejectedValue(failure('cordon-lost', 'somebody uncordoned n1'));
    expect(await finished(running, MINUTE)).toMatchObject({ type: 'cordon-lost' });
  });

  test('stops at once when cancelled, with the reason, and evicts nothing more', async () => {
    const node = new FakeNode(aPod('a'), aPod('b', { priority: 1 }));
    const running = drain(node);
    await after(500);
    running.stop.abort(new Error('paused by anna'));
    expect(await finished(running)).toEqual(new Error('paused by anna'));
    expect(node.requests).toEqual(['list', 'watch', 'evict a']);
  });
});
