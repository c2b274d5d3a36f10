import { aPod as namedPod } from './a-pod.fixture.ts';
import { describe, expect, test } from '@jest/globals';
import { drainTiers } from './drain-tiers.ts';
import { judgePod, podsInTheWay, type PodFacts, type PodRules } from './pod-verdict.ts';
import { warningLines } from './pod-warnings.ts';

const NOW = 1_000_000;

const aPod = (facts: Partial<PodFacts> = {}): PodFacts =>
  namedPod('web-1', { uid: 'u1', labels: { app: 'web' }, ...facts });

function unmanaged(facts: Partial<PodFacts> = {}): PodFacts {
  const { owner: _, ...rest } = aPod(facts);
  return rest;
}

const DAEMON = { kind: 'DaemonSet', name: 'cni' };
const onlyWeb: PodRules = { selected: (labels) => labels['app'] === 'web' };

describe('judgePod', () => {
  test.each<{ name: string; pod: PodFacts; rules?: PodRules; expected: object }>([
    {
      name: 'evicts a pod that its controller recreates',
      pod: aPod(),
      expected: {
        action: 'evict',
        because: 'its ReplicaSet web recreates it elsewhere',
        warnings: [],
      },
    },
    {
      name: 'leaves a mirror pod, also one that is terminating',
      pod: aPod({ mirror: true, deletionTimestampMs: NOW }),
      expected: { action: 'leave', because: 'static pod: the kubelet owns it' },
    },
    {
      name: 'leaves a DaemonSet pod',
      pod: aPod({ owner: DAEMON }),
      expected: { action: 'leave', because: 'its DaemonSet would recreate it here' },
    },
    {
      name: 'leaves a finished DaemonSet pod, which would be recreated here as well',
      pod: aPod({ owner: DAEMON, finished: true }),
      expected: { action: 'leave', because: 'its DaemonSet would recreate it here' },
    },
    {
      name: 'leaves a pod that the podSelector does not match',
      pod: aPod({ labels: { app: 'db' } }),
      rules: onlyWeb,
      expected: { action: 'leave', because: 'the drain podSelector does not match it' },
    },
    {
      name: 'evicts a pod that the podSelector matches',
      pod: aPod(),
      rules: onlyWeb,
      expected: { action: 'evict' },
    },
    {
      name: 'waits for a terminating pod and names its finalizers',
      pod: aPod({ deletionTimestampMs: NOW - 3_600_000, finalizers: ['example.com/held'] }),
      expected: {
        action: 'leaving',
        because: 'it is terminating, held by the finalizer example.com/held',
      },
    },
    {
      name: 'waits for a pod exactly as long as skipWaitForDeleteTimeout',
      pod: aPod({ deletionTimestampMs: NOW - 60_000 }),
      rules: { skipWaitForDeleteTimeoutMs: 60_000 },
      expected: { action: 'leaving', because: 'it is terminating' },
    },
    {
      name: 'leaves a pod that terminates longer than skipWaitForDeleteTimeout',
      pod: aPod({ deletionTimestampMs: NOW - 60_001 }),
      rules: { skipWaitForDeleteTimeoutMs: 60_000 },
      expected: {
        action: 'leave',
        because: 'terminating for longer than skipWaitForDeleteTimeout',
      },
    },
    {
      name: 'waits for ever when skipWaitForDeleteTimeout is 0',
      pod: aPod({ deletionTimestampMs: 1 }),
      rules: { skipWaitForDeleteTimeoutMs: 0 },
      expected: { action: 'leaving' },
    },
    {
      name: 'evicts a finished pod without a warning, whoever made it',
      pod: unmanaged({ finished: true, emptyDir: true }),
      expected: { action: 'evict', because: 'it has already finished', warnings: [] },
    },
    {
      name: 'evicts an unmanaged pod and warns that nothing recreates it',
      pod: unmanaged({ emptyDir: true }),
      expected: {
        action: 'evict',
        because: 'nothing will recreate it',
        warnings: ['nothing-recreates-it', 'loses-empty-dir'],
      },
    },
    {
      name: 'warns of emptyDir data and of a pod that may come back to a cordoned node',
      pod: aPod({ emptyDir: true, toleratesCordon: true }),
      expected: { action: 'evict', warnings: ['loses-empty-dir', 'tolerates-cordon'] },
    },
  ])('$name', ({ pod, rules = {}, expected }) =>
    expect(judgePod(pod, rules, NOW)).toMatchObject(expected),
  );
});

describe('podsInTheWay', () => {
  test('names what was not evicted and what is still terminating, and nothing that may stay', () => {
    const pods = [
      aPod({ name: 'late' }),
      aPod({ name: 'leaving', deletionTimestampMs: NOW }),
      aPod({ name: 'finished', finished: true }),
      aPod({ name: 'daemon', owner: DAEMON }),
      aPod({ name: 'static', mirror: true }),
    ];
    const inTheWay = podsInTheWay(pods, {}, NOW);
    expect(inTheWay.map(({ pod, because }) => `${pod.name}: ${because}`)).toEqual([
      'late: it has not been evicted',
      'leaving: it is terminating',
    ]);
  });
});

describe('drainTiers', () => {
  test('lets the lowest priority leave first and system-node-critical last', () => {
    const pods = [2_000_001_000, 0, -5, 2_000_000_000, 0].map((priority) => ({ priority }));
    expect(drainTiers(pods).map((tier) => tier.map(({ priority }) => priority))).toEqual([
      [-5],
      [0, 0],
      [2_000_000_000],
      [2_000_001_000],
    ]);
  });
});

describe('warningLines', () => {
  test('says each cause once, with a few names', () => {
    const warned = Array.from({ length: 7 }, (_, index) => ({
      pod: aPod({ name: `web-${index}` }),
      warnings: index === 0 ? (['loses-empty-dir'] as const) : (['nothing-recreates-it'] as const),
    }));
    expect(warningLines(warned)).toEqual([
      'nothing will recreate shop/web-1, shop/web-2, shop/web-3, shop/web-4, shop/web-5 and 1 more',
      'emptyDir data is lost of shop/web-0',
    ]);
  });
});
