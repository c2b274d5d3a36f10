import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Leftovers } from './leftovers.ts';
import { planUninstall, uninstall, type UninstallParts } from './uninstall.ts';

const left = (node: string): Leftovers => ({
  node,
  resourceVersion: '1',
  annotations: ['lockkeeper.io/attempts'],
  conditions: [],
  cordon: false,
});

/** Everything that happens, in its order; time passes only in pauses. */
class World {
  readonly did: string[] = [];
  nowMs = 0;
  /** What each look at the rollouts shows; the last one for ever. */
  rollouts: (string[] | 'no answer')[] = [[]];
  found: Leftovers[][] = [[]];
  conflicts = 0;
  /** Of several looks that alike follow each other only the first is written down. */
  private note(what: string): void {
    if (this.did.at(-1) !== what) this.did.push(what);
  }

  readonly parts: UninstallParts = {
    temporal: {
      pauseScans: async () => this.note('pause scans'),
      openRollouts: async () => {
        const open = (this.rollouts.length > 1 ? this.rollouts.shift() : this.rollouts[0]) ?? [];
        if (open === 'no answer') throw new Error('14 UNAVAILABLE');
        // A run is told from another one of the same id by what follows a hash.
        return open.map((run) => ({ id: run.replace(/#.*/, ''), run }));
      },
      abort: async ({ id }) => this.note(`abort ${id}`),
      terminateAll: async () => {
        this.note('terminate');
        return ['pool-lock/workers'];
      },
      removeSchedule: async () => this.note('remove schedule'),
    },
    cluster: {
      removeAgents: async () => this.note('remove agents'),
      leftovers: async () => (this.found.length > 1 ? this.found.shift() : this.found[0]) ?? [],
      clean: async ({ node }) => {
        this.note(`clean ${node}`);
        this.conflicts -= 1;
        return this.conflicts < 0;
      },
    },
    say: () => undefined,
    nowMs: () => this.nowMs,
    pause: async (ms) => {
      this.nowMs += ms;
    },
  };
}

let world: World;
beforeEach(() => {
  world = new World();
});
const options = { timeoutMs: 60_000, force: false };
const run = (over: Partial<typeof options> = {}) => uninstall(world.parts, { ...options, ...over });

describe('uninstall', () => {
  test('G6: touches no node before every rollout has handed its own back', async () => {
    world.rollouts = [['a', 'b'], ['a', 'b'], ['b'], []];
    world.found = [[left('n1')], []];
    await run();
    expect(world.did).toEqual([
      'pause scans',
      'abort a',
      'abort b',
      'terminate',
      'remove agents',
      'clean n1',
      'remove schedule',
    ]);
  });

  test('aborts also a rollout that shows only after a look without any', async () => {
    world.rollouts = [[], ['late'], []];
    await run();
    expect(world.did).toContain('abort late');
  });

  test('aborts a rollout that somebody has started again', async () => {
    world.rollouts = [['a#1'], ['a#1', 'b'], ['a#2'], []];
    await run();
    expect(world.did.filter((did) => did === 'abort a')).toHaveLength(2);
  });

  test('waits for Temporal, whose own node may be rebooting, until its time is over', async () => {
    world.rollouts = [['a'], 'no answer', 'no answer', ['a'], []];
    await run();
    expect(world.did).toContain('terminate');

    world.rollouts = ['no answer'];
    await expect(run()).rejects.toThrow('14 UNAVAILABLE');
  });

  test('that waits for a rollout in vain says for which, and has touched nothing', async () => {
    world.rollouts = [['node-rollout/n3']];
    await expect(run()).rejects.toThrow('still under way after 1m: node-rollout/n3');
    expect(world.did).toEqual(['pause scans', 'abort node-rollout/n3']);
  });

  test('by force goes on after the wait', async () => {
    world.rollouts = [['node-rollout/n3']];
    world.found = [[left('n3')], []];
    await run({ force: true });
    expect(world.nowMs).toBeGreaterThanOrEqual(60_000);
    expect(world.did.slice(-4)).toEqual([
      'terminate',
      'remove agents',
      'clean n3',
      'remove schedule',
    ]);
  });

  test('tries a node again that has changed meanwhile, and looks until nothing is left', async () => {
    world.conflicts = 1;
    world.found = [[left('n1')], [left('n1')], [left('n2')], []];
    await run();
    expect(world.did.slice(-3)).toEqual(['clean n1', 'clean n2', 'remove schedule']);
  });

  test('gives up where somebody goes on writing, and names the node', async () => {
    world.found = [[left('n1')]];
    await expect(run()).rejects.toThrow('n1: 1 annotation');
  });

  test('without Temporal cleans the cluster alone', async () => {
    await uninstall({ ...world.parts, temporal: undefined }, options);
    expect(world.did).toEqual(['remove agents']);
  });
});

test('a plan changes nothing', async () => {
  world.rollouts = [['node-rollout/n1']];
  world.found = [[left('n1')]];
  const said: string[] = [];
  await planUninstall({ ...world.parts, say: (line) => said.push(line) });
  expect(said).toEqual(['would abort node-rollout/n1', 'would take away from n1: 1 annotation']);
  expect(world.did).toEqual([]);
});
