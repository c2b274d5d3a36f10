import { describe, expect, test } from '@jest/globals';
import type { V1Pod } from '@kubernetes/client-node';
import { podFacts } from './pod-facts.ts';

const DELETED = '2026-11-23T22:00:30Z';

const POD = {
  metadata: {
    namespace: 'shop',
    name: 'web-1',
    uid: 'u1',
    labels: { app: 'web' },
    deletionTimestamp: DELETED,
    deletionGracePeriodSeconds: 30,
    finalizers: ['example.com/held'],
    ownerReferences: [
      { kind: 'Other', name: 'x', controller: false },
      { kind: 'ReplicaSet', name: 'web', controller: true },
    ],
  },
  spec: {
    priority: 7,
    terminationGracePeriodSeconds: 600,
    containers: [],
    tolerations: [{ operator: 'Exists' }],
    volumes: [
      { name: 'cache', emptyDir: {} },
      { name: 'data', persistentVolumeClaim: { claimName: 'data-web' } },
      { name: 'scratch', ephemeral: {} },
    ],
  },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
};

describe('podFacts', () => {
  test.each([
    { restartPolicy: 'Always', endsByItself: undefined },
    { restartPolicy: undefined, endsByItself: undefined },
    { restartPolicy: 'OnFailure', endsByItself: true },
    { restartPolicy: 'Never', endsByItself: true },
  ])('with restartPolicy $restartPolicy: $endsByItself', ({ restartPolicy, endsByItself }) => {
    const spec = { ...POD.spec, ...(restartPolicy && { restartPolicy }) };
    expect(podFacts({ ...POD, spec } as unknown as V1Pod).endsByItself).toBe(endsByItself);
  });

  test.each([
    { name: 'the plain JSON of a watch', deletionTimestamp: DELETED },
    { name: 'the typed object of a list', deletionTimestamp: new Date(DELETED) },
  ])('reads $name', ({ deletionTimestamp }) => {
    const pod = { ...POD, metadata: { ...POD.metadata, deletionTimestamp } };
    expect(podFacts(pod as unknown as V1Pod)).toEqual({
      namespace: 'shop',
      name: 'web-1',
      uid: 'u1',
      labels: { app: 'web' },
      mirror: false,
      owner: { kind: 'ReplicaSet', name: 'web' },
      priority: 7,
      phase: 'Running',
      finished: false,
      ready: true,
      deletionTimestampMs: Date.parse(DELETED),
      gracePeriodMs: 30_000,
      finalizers: ['example.com/held'],
      emptyDir: true,
      toleratesCordon: true,
      claims: ['data-web', 'web-1-scratch'],
    });
  });

  test('reads a bare pod that says next to nothing', () => {
    const pod = { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } };
    expect(podFacts(pod)).toMatchObject({ mirror: true, gracePeriodMs: 30_000, ready: false });
  });
});
