import { ApiException, type V1DaemonSet } from '@kubernetes/client-node';
import { expect, test } from '@jest/globals';
import type { KubeClient } from '../kube/client.ts';
import { kuredLocks } from './kured-locks.ts';

const RULES = {
  namespace: 'kube-system',
  daemonSet: 'kured',
  annotation: 'weave.works/kured-node-lock',
};

const onStage = (answer: () => V1DaemonSet) => {
  const asked: unknown[] = [];
  const apps = {
    async readNamespacedDaemonSet(given: unknown) {
      asked.push(given);
      return answer();
    },
  };
  const locks = kuredLocks({ apps } as unknown as Pick<KubeClient, 'apps'>);
  return { asked, look: (maxAgeMs = 10_000) => locks.look(RULES, maxAgeMs) };
};

const failing = (code: number, message: string) => () => {
  throw new ApiException(code, 'x', JSON.stringify({ message }), {});
};

test('the annotation of the DaemonSet says who holds the lock', async () => {
  const annotations = { [RULES.annotation]: '{"nodeID":"n1"}' };
  const { asked, look } = onStage(() => ({ metadata: { annotations } }));
  expect(await look()).toEqual({ kind: 'held', nodes: ['n1'] });
  expect(asked).toEqual([{ namespace: 'kube-system', name: 'kured' }]);
});

test('without the annotation it is free', async () => {
  expect(await onStage(() => ({})).look()).toEqual({ kind: 'free' });
  expect(await onStage(() => ({ metadata: { annotations: {} } })).look()).toEqual({ kind: 'free' });
});

test('it is read once for all rollouts that ask', async () => {
  const { asked, look } = onStage(() => ({}));
  await Promise.all([look(), look(), look()]);
  expect(asked).toHaveLength(1);
});

test.each([
  {
    name: 'a DaemonSet that is not there: the name may be wrong',
    answer: failing(404, 'not found'),
    expected:
      'there is no such DaemonSet; take gates.kuredLock out of the policy once kured is gone',
  },
  {
    name: 'a role that does not allow it',
    answer: failing(403, 'daemonsets.apps "kured" is forbidden'),
    expected: 'reading DaemonSet kube-system/kured: daemonsets.apps "kured" is forbidden',
  },
])('$name closes the gate', async ({ answer, expected }) => {
  expect(await onStage(answer).look()).toEqual({ kind: 'unknown', because: expected });
});

test('an API server that is away is waited for, as everywhere', async () => {
  await expect(onStage(failing(503, 'starting')).look()).rejects.toMatchObject({
    type: 'kube-unavailable',
    message: 'reading DaemonSet kube-system/kured: starting',
  });
});
