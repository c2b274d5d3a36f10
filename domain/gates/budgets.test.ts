import { describe, expect, test } from '@jest/globals';
import { aPod } from '../a-pod.fixture.ts';
import type { PodFacts } from '../pod-verdict.ts';
import { budgets } from './budgets.ts';
import { judged } from './judged.fixture.ts';
import type { ObjectAnswer } from './outside-gate.ts';

/** A budget of the pods with this label `app`, of which there are two. */
const aBudget = (app: string, desiredHealthy: number) => ({
  metadata: { namespace: 'shop', name: `${app}-budget` },
  spec: { selector: { matchLabels: { app } } },
  status: { disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy, expectedPods: 2 },
});
const found = (...objects: unknown[]): ObjectAnswer => ({ kind: 'found', objects });
const podOf = (app: string, facts: Partial<PodFacts> = {}) =>
  aPod(`${app}-0`, { labels: { app }, ready: true, ...facts });

const whileWaiting = (answer: ObjectAnswer, ...toEvict: PodFacts[]) =>
  judged(budgets, undefined, { objects: [answer], toEvict });

describe('the gate of the budgets', () => {
  test('is closed by every pod that could never be evicted, by name', () => {
    const answer = found(aBudget('db', 2), aBudget('web', 1), aBudget('api', 3));
    expect(whileWaiting(answer, podOf('web'), podOf('db'), podOf('api'))).toBe(
      'shop/api-0 could never be evicted: disruption budget api-budget needs all of its pods, ' +
        'shop/db-0 could never be evicted: disruption budget db-budget needs all of its pods',
    );
  });

  test.each<[name: string, answer: ObjectAnswer, pods: PodFacts[]]>([
    ['no pod has to be evicted', found(aBudget('db', 2)), []],
    ['no budget is of these pods', found(aBudget('db', 2)), [podOf('web')]],
    ['a pod ends by itself', found(aBudget('db', 2)), [podOf('db', { endsByItself: true })]],
    ['a budget is met when the other pod is well again', found(aBudget('web', 1)), [podOf('web')]],
  ])('is open where %s', (_, answer, pods) => {
    expect(whileWaiting(answer, ...pods)).toBeUndefined();
  });

  test.each<[answer: ObjectAnswer, because: string]>([
    [{ kind: 'unknown', because: 'the worker may not' }, 'the worker may not'],
    [{ kind: 'missing' }, 'the API server has none'],
    [found({ metadata: {} }), 'they cannot be read'],
  ])('is closed while nobody knows: %j', (answer, because) => {
    expect(whileWaiting(answer)).toBe(`the disruption budgets cannot be listed: ${because}`);
  });

  test.each<[name: string, answer: ObjectAnswer, called: boolean]>([
    ['no budget', found(), false],
    ['a budget that has no room for the moment', found(aBudget('web', 1)), false],
    ['budgets that nobody can read', found({}), false],
    ['a budget that can never be met', found(aBudget('web', 1), aBudget('db', 2)), true],
    [
      'two of a namespace, which may select the same pod',
      found(aBudget('web', 1), aBudget('api', 1)),
      true,
    ],
  ])('has the pods listed only where they matter: %s', (_, answer, called) => {
    const { pods } = budgets.questions('wait');
    expect(typeof pods === 'function' && pods([answer])).toBe(called);
  });

  test('is open, and nobody is asked, where the policy ignores them', () => {
    const asked = { objects: [found(aBudget('db', 2))], toEvict: [podOf('db')] };
    expect(judged(budgets, 'ignore', asked)).toBeUndefined();
    expect(budgets.questions('ignore')).toEqual({});
  });
});
