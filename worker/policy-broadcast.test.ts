import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Policy } from '../domain/policy.ts';
import { PolicyBroadcast } from './policy-broadcast.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const policyOf = (...names: readonly string[]): Policy =>
  Policy.parse({ pools: names.map((name) => ({ name, nodes: `pool=${name}` })) });

const onStage = (rollouts: readonly string[]) => {
  const told: string[] = [];
  const logged: string[] = [];
  const take = (message: string): void => void logged.push(message);
  const temporal = {
    runningRollouts: async () => new Set(rollouts),
    recheck: async (ids: readonly string[]) => void told.push(...ids),
  };
  const broadcast = new PolicyBroadcast({ temporal, log: { info: take, warn: take } });
  return { broadcast, temporal, told, logged };
};

const FIRST_ROUND_MS = 5_000;
const BOTH_ROUNDS_MS = 20_000;

describe('when the policy has changed', () => {
  test('every running rollout and the lock of every pool look again', async () => {
    const { broadcast, told } = onStage(['node-rollout/n1', 'node-rollout/n2']);
    broadcast.policyChanged(policyOf('a', 'b'));
    await jest.advanceTimersByTimeAsync(FIRST_ROUND_MS);
    expect(told).toEqual(['pool-lock/a', 'pool-lock/b', 'node-rollout/n1', 'node-rollout/n2']);
  });

  test('and once more, for a worker that had still the old file, and then no more', async () => {
    const { broadcast, told } = onStage(['node-rollout/n1']);
    broadcast.policyChanged(policyOf('a'));
    await jest.advanceTimersByTimeAsync(BOTH_ROUNDS_MS);
    const round = ['pool-lock/a', 'node-rollout/n1'];
    expect(told).toEqual([...round, ...round]);
    await jest.advanceTimersByTimeAsync(10 * BOTH_ROUNDS_MS);
    expect(told).toHaveLength(4);
  });

  test('few are told at a time, however many there are', async () => {
    const many = Array.from({ length: 100 }, (_, index) => `node-rollout/n${index}`);
    const { broadcast, temporal, told } = onStage(many);
    let open = 0;
    let most = 0;
    temporal.recheck = async (ids) => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 50));
      open -= 1;
      told.push(...ids);
    };
    broadcast.policyChanged(policyOf('a'));
    await jest.advanceTimersByTimeAsync(FIRST_ROUND_MS);
    expect(most).toBe(10);
    expect(new Set(told).size).toBe(101);
  });

  test('a Temporal that is away is asked again, and does no harm', async () => {
    const { broadcast, temporal, told, logged } = onStage(['node-rollout/n1']);
    const { runningRollouts } = temporal;
    temporal.runningRollouts = async () => {
      temporal.runningRollouts = runningRollouts;
      throw new Error('away');
    };
    broadcast.policyChanged(policyOf('a'));
    await jest.advanceTimersByTimeAsync(BOTH_ROUNDS_MS);
    expect(told).toEqual(['pool-lock/a', 'node-rollout/n1']);
    expect(logged[0]).toBe('not told of the changed policy; what waits evaluates again by itself');
  });

  test('a change in the middle of that begins it anew', async () => {
    const { broadcast, told } = onStage([]);
    broadcast.policyChanged(policyOf('a'));
    await jest.advanceTimersByTimeAsync(FIRST_ROUND_MS);
    broadcast.policyChanged(policyOf('b'));
    await jest.advanceTimersByTimeAsync(BOTH_ROUNDS_MS);
    expect(told).toEqual(['pool-lock/a', 'pool-lock/b', 'pool-lock/b']);
  });

  test('a worker that stops says no more', async () => {
    const { broadcast, told } = onStage(['node-rollout/n1']);
    broadcast.policyChanged(policyOf('a'));
    broadcast.close();
    await jest.advanceTimersByTimeAsync(BOTH_ROUNDS_MS);
    expect(told).toEqual([]);
  });
});
