import { expect, test } from '@jest/globals';
import { permissionsOf } from '../../deploy/permissions.ts';
import { Policy } from '../../domain/policy.ts';
import { readManifests } from '../../lab/fleet/manifests.ts';
import { judgeOwn, judgeWorker, rightsFor } from './rights.ts';
import { sayRight, WORKER_RIGHTS } from './worker-rights.ts';

test('the rights of the worker are those that the chart gives it', async () => {
  const { objects } = await readManifests();
  expect(WORKER_RIGHTS.map(sayRight).toSorted()).toEqual(permissionsOf(objects, 'worker'));
});

const policy = (onTimeout: 'undo' | 'delete') =>
  Policy.parse({ pools: [{ name: 'a', nodes: 'a', drain: { onTimeout } }] });

test('one more is asked for where the policy deletes pods', () => {
  expect(rightsFor(policy('delete')).map(sayRight)).toContain('pods: delete');
  expect(rightsFor(policy('undo'))).toBe(WORKER_RIGHTS);
  expect(rightsFor(undefined)).toBe(WORKER_RIGHTS);
});

test('what this command may not look at is not known, and not bad', () => {
  expect(judgeOwn('kim', [])).toMatchObject([{ verdict: 'good' }]);
  expect(judgeOwn('kim', [['', 'configmaps', 'get']])).toMatchObject([
    { verdict: 'unknown', says: expect.stringContaining('configmaps: get') },
  ]);
});

test('what the worker may not do is bad', () => {
  expect(judgeWorker('lockkeeper-worker', [])).toMatchObject([{ verdict: 'good' }]);
  expect(judgeWorker('lockkeeper-worker', [['', 'pods/eviction', 'create']])).toMatchObject([
    { verdict: 'bad', says: 'lockkeeper-worker may not: pods/eviction: create' },
  ]);
});
