import { ApiException } from '@kubernetes/client-node';
import { expect, test } from '@jest/globals';
import type { ObjectQuestion } from '../../domain/gates/outside-gate.ts';
import type { KubeClient } from './client.ts';
import { objectApi } from './objects.ts';

const DAEMON_SET = { group: 'apps', version: 'v1', resource: 'daemonsets', verb: 'get' } as const;
const KURED: ObjectQuestion = { ...DAEMON_SET, namespace: 'kube-system', name: 'kured' };
const JOBS = { group: 'batch', version: 'v1', resource: 'jobs', verb: 'list' } as const;
const BACKUPS: ObjectQuestion = { ...JOBS, selector: 'app=backup' };

const onStage = (...answers: readonly (() => unknown)[]) => {
  const asked: [string, unknown][] = [];
  const answering = (method: string) => async (given: unknown) => {
    asked.push([method, given]);
    return answers[asked.length - 1]?.();
  };
  const objects = {
    getNamespacedCustomObject: answering('get'),
    listClusterCustomObject: answering('list'),
    listNamespacedCustomObject: answering('list in a namespace'),
  };
  const api = objectApi({ objects } as unknown as Pick<KubeClient, 'objects'>);
  return { asked, ask: (question: ObjectQuestion) => api.ask(question, 10_000) };
};

const failing = (code: number, message: string) => () => {
  throw new ApiException(code, 'x', JSON.stringify({ message }), {});
};

test('one object is asked for by its name', async () => {
  const { asked, ask } = onStage(() => ({ spec: 1 }));
  expect(await ask(KURED)).toEqual({ kind: 'found', objects: [{ spec: 1 }] });
  const plural = 'daemonsets';
  const namespace = 'kube-system';
  expect(asked).toEqual([
    ['get', { group: 'apps', version: 'v1', plural, namespace, name: 'kured' }],
  ]);
});

test('all that a selector matches are asked for, page after page', async () => {
  const { asked, ask } = onStage(
    () => ({ items: [1, 2], metadata: { continue: 'next' } }),
    () => ({ items: [3], metadata: { continue: '' } }),
  );
  expect(await ask(BACKUPS)).toEqual({ kind: 'found', objects: [1, 2, 3] });
  const labelSelector = 'app=backup';
  const page = { group: 'batch', version: 'v1', plural: 'jobs', labelSelector, limit: 500 };
  expect(asked).toEqual([
    ['list', page],
    ['list', { ...page, _continue: 'next' }],
  ]);
});

test('a list may be of one namespace', async () => {
  const { asked, ask } = onStage(() => ({ items: [] }));
  expect(await ask({ ...BACKUPS, namespace: 'ops' })).toEqual({ kind: 'found', objects: [] });
  expect(asked).toMatchObject([['list in a namespace', { namespace: 'ops' }]]);
});

test('the server is asked once for all rollouts that ask the same', async () => {
  const { asked, ask } = onStage(() => ({}));
  await Promise.all([ask(KURED), ask(KURED), ask(KURED)]);
  expect(asked).toHaveLength(1);
});

test.each([
  { name: 'is not there', answer: failing(404, 'not found'), expected: { kind: 'missing' } },
  {
    name: 'is forbidden',
    answer: failing(403, 'daemonsets.apps "kured" is forbidden'),
    expected: {
      kind: 'unknown',
      because: 'reading daemonsets kube-system/kured: daemonsets.apps "kured" is forbidden',
    },
  },
  {
    name: 'is no question the server understands',
    answer: failing(400, 'unable to parse'),
    expected: { kind: 'unknown', because: 'reading daemonsets kube-system/kured: unable to parse' },
  },
])('what $name is an answer', async ({ answer, expected }) => {
  expect(await onStage(answer).ask(KURED)).toEqual(expected);
});

test('an API server that is away is waited for, as everywhere', async () => {
  await expect(onStage(failing(503, 'starting')).ask(BACKUPS)).rejects.toMatchObject({
    type: 'kube-unavailable',
    message: 'listing jobs: starting',
  });
});
