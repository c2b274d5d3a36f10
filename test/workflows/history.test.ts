import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { RolloutStory } from '../../cli/history/story.ts';
import { printed } from '../../cli/paint.ts';
import { runNow } from '../../cli/run.fixture.ts';
import { until } from '../ask.ts';
import { stillWaits, untilCancelled, worksUntil, DRAINED } from './played.ts';
import { openRealStage } from './servers.ts';
import { reached } from './standing.ts';
import { World } from './world.ts';

/** `lockkeeper history` against a real server. */

let env: TestWorkflowEnvironment;
let dir: string;
const saved = { ...process.env };
beforeAll(async () => {
  // A history that is continued as new a hundred times sooner.
  env = await openRealStage([
    '--dynamic-config-value',
    'limit.historyCount.suggestContinueAsNew=40',
  ]);
  process.env['TEMPORAL_ADDRESS'] = env.address;
  process.env['TEMPORAL_NAMESPACE'] = env.namespace ?? 'default';
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-history-'));
});
afterAll(async () => {
  process.env = saved;
  await env?.teardown();
  await rm(dir, { recursive: true, force: true });
});

const run = (...argv: string[]) => runNow('history', ...argv);

interface Told {
  readonly atMs: number;
  readonly sinceMs: number;
  readonly rollouts: readonly RolloutStory[];
}
const told = async (...argv: string[]): Promise<readonly RolloutStory[]> =>
  (JSON.parse((await run('--json', ...argv)).out) as Told).rollouts;

/** What is told, as soon as Temporal's list has caught up with it. */
const toldOnce = (
  holds: (rollouts: readonly RolloutStory[]) => boolean,
  ...argv: string[]
): Promise<readonly RolloutStory[]> => until(() => told(...argv), holds);

const closed = [{ gate: 'window', because: 'its window opens tomorrow' }] as const;

describe('lockkeeper history', () => {
  test('says that there is none', async () => {
    const { exit, out } = await run();
    expect(exit).toBe(0);
    expect(out).toMatch(/^Temporal knows of no rollout since 20.*Z\n$/);
  });

  test('tells a rollout that went well with the words of people, and one that waits with why', async () => {
    const drain = { mayEnd: false };
    const world = new World(env, {
      passGates: async ({ node, known }) => {
        if (node === 'n1') return { kind: 'open', policy: 'p1' };
        if (known.length === 0)
          return { kind: 'closed', closed, pollAgainMs: 60_000, policy: 'p1' };
        throw stillWaits('window: its window opens tomorrow, at ten', '1h');
      },
      drainNode: async () => {
        await worksUntil(() => drain.mayEnd);
        return DRAINED;
      },
    });
    await world.run(async () => {
      const n1 = await world.start({ node: 'n1', requestedBy: 'ann', reason: 'a kernel' });
      await world.start({ node: 'n2' });
      await reached(n1, 'draining');
      await n1.executeUpdate('pause', { args: [{ by: 'ben', reason: 'a look' }] });
      await n1.executeUpdate('resume', { args: [{ by: 'ben', reason: 'seen' }] });
      drain.mayEnd = true;
      await n1.result();

      const [first, second] = await toldOnce(
        (rollouts) =>
          rollouts.length === 2 &&
          rollouts[0]?.endedMs !== undefined &&
          rollouts[1]?.end.because.endsWith('at ten') === true,
      );
      expect(first).toMatchObject({
        node: 'n1',
        pool: 'workers',
        by: 'ann',
        reason: 'a kernel',
        end: { how: 'rebooted' },
        podsEvicted: 1,
        bootIdBefore: 'boot-1',
        bootIdAfter: 'boot-2',
        policies: ['p1'],
      });
      const words = first?.happened.flatMap(({ name, by, says, answer }) =>
        name === undefined ? [] : [{ name, by, says, answer }],
      );
      expect(words).toEqual([
        {
          name: 'pause',
          by: 'ben',
          says: 'paused by ben: a look',
          answer: 'paused by ben: a look; nothing more is evicted, and the node stays cordoned',
        },
        {
          name: 'resume',
          by: 'ben',
          says: 'resumed by ben: seen',
          answer: 'resumed: draining n1',
        },
      ]);
      expect(first?.spans.map(({ phase }) => phase)).toContain('paused');
      expect(second).toMatchObject({
        node: 'n2',
        end: { how: 'running', because: 'window: its window opens tomorrow, at ten' },
        spans: [{ phase: 'waiting', because: ['window: its window opens tomorrow'] }],
      });

      const inOneLine = async (...argv: string[]): Promise<string> =>
        printed((await run(...argv)).out, false).replaceAll(/\s+/g, ' ');
      expect(await inOneLine('n1')).toContain('; answered: resumed: draining n1');
      expect(await inOneLine()).toContain('n1: rebooted (ann)');
      expect(await told('--pool', 'other')).toEqual([]);
      expect((await told('n2')).map(({ node }) => node)).toEqual(['n2']);

      const page = join(dir, 'page.html');
      expect((await run('--html', page)).out).toBe('2 rollouts are drawn in page.html\n');
      expect(await readFile(page, 'utf8')).toContain('paused by ben: a look');
      expect(await readdir(dir)).toEqual(['page.html']);
      const { exit, err } = await run('--html', join(dir, 'not', 'there.html'));
      expect(exit).toBe(1);
      expect(err).toContain('there.html cannot be written: there is no such directory');
    });
  });

  test('tells runs that continue as new as one rollout', async () => {
    const world = new World(env, {
      passGates: async ({ known }) => {
        if (known.length === 0) return { kind: 'closed', closed, pollAgainMs: 60_000 };
        throw stillWaits('window: its window opens tomorrow', '1h');
      },
    });
    await world.run(async () => {
      const rollout = await world.start({ node: 'n3' });
      const { runId: first } = await rollout.describe();
      const handle = world.client.workflow.getHandle(rollout.workflowId);
      await until(
        async () => {
          await handle.signal('recheck');
          return (await handle.describe()).runId;
        },
        (runId) => runId !== first,
      );
      const stories = await toldOnce((all) => all.some((one) => one.formerRunIds.length > 0), 'n3');
      expect(stories).toHaveLength(1);
      expect(stories[0]).toMatchObject({ formerRunIds: [first], end: { how: 'running' } });
    });
  });

  test('tells a run that was terminated, and the one that a reset has made of another', async () => {
    const world = new World(env, { drainNode: untilCancelled });
    await world.run(async () => {
      const rollout = await world.start({ node: 'n4' });
      await reached(rollout, 'draining');
      const next = await world.reset(rollout.workflowId, 'drainNode');
      await until(
        async () => (await next.describe()).status.name,
        (status) => status === 'RUNNING',
      );
      await next.terminate('enough');
      const stories = await toldOnce(
        (all) => all.length === 2 && all.every(({ endedMs }) => endedMs !== undefined),
        'n4',
      );
      expect(stories.map(({ end }) => end.how)).toEqual(['terminated', 'terminated']);
      expect(stories[1]?.end.because).toContain('enough');
      expect(stories[1]?.happened[0]?.says).toContain(rollout.firstExecutionRunId);
    });
  });

  test('says of a Temporal that is not there where it was looked for', async () => {
    process.env['TEMPORAL_ADDRESS'] = '127.0.0.1:1';
    const { exit, out, err } = await run();
    process.env['TEMPORAL_ADDRESS'] = env.address;
    expect({ exit, out }).toEqual({ exit: 1, out: '' });
    expect(err).toMatch(/^Temporal at 127\.0\.0\.1:1 cannot be reached: /);
  });
});
