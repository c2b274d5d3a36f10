import { expect, test } from '@jest/globals';
import type { Kube } from '../fleet/kube.ts';
import { caughtUp } from './caught-up.ts';
import type { NodeObject } from './sight.ts';

const NODE: NodeObject = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', resourceVersion: '7' },
};
const { signal } = new AbortController();
const kube: Pick<Kube, 'get'> = { get: async <T>() => ({ items: [NODE] }) as T };

test('says so when the watch stays behind', async () => {
  await expect(caughtUp({ kube, knows: () => false, signal, withinMs: 150 })).rejects.toThrow(
    'the watch does not show what the API server has of the nodes',
  );
});
