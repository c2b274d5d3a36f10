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

const evicted = (because: string, ...warnings: string[]) => ({
  action: 'evict',
  because,
  warnings,
});
const stays = (because: string) => ({ action: 'leave', because });
const OWN: PodRules = {
  own: [
    { namespace: 'lockkeeper', kind: 'StatefulSet', name: 'lockkeeper-worker' },
    { namespace: 'lockkeeper', kind: 'Job', name: 'lockkeeper-uninstall' },
  ],
};
const OWN_STAYS = stays("Lockkeeper's own: it brings the node back");
const worker = (facts: Partial<PodFacts> = {}): PodFacts =>
  aPod({
    namespace: 'lockkeeper',
    owner: { kind: 'StatefulSet', name: 'lockkeeper-worker' },
    ...facts,
  });
const DAEMON_STAYS = stays('its DaemonSet would recreate it here');
const RECREATED = 'its ReplicaSet web recreates it elsewhere';
const ONE_MINUTE: PodRules = { skipWaitForDeleteTimeoutMs: 60_000 };

describe('judgePod', () => {
  test.each<[name: string, pod: PodFacts, expected: object, rules?: PodRules]>([
    ['evicts a pod that its controller recreates', aPod(), evicted(RECREATED)],
    [
      'leaves a mirror pod, also one that is terminating',
      aPod({ mirror: true, deletionTimestampMs: NOW }),
      stays('static pod: the kubelet owns it'),
    ],
    ['leaves a DaemonSet pod', aPod({ owner: DAEMON }), DAEMON_STAYS],
    ['leaves a finished DaemonSet pod too', aPod({ owner: DAEMON, finished: true }), DAEMON_STAYS],
    ['leaves a worker of our own', worker(), OWN_STAYS, OWN],
    [
      'leaves a worker of our own, also one that is terminating',
      worker({ deletionTimestampMs: NOW }),
      OWN_STAYS,
      OWN,
    ],
    [
      'leaves the pod of our own uninstallation, which ends the rollout',
      worker({ owner: { kind: 'Job', name: 'lockkeeper-uninstall' } }),
      OWN_STAYS,
      OWN,
    ],
    [
      'evicts a worker of another installation',
      worker({ namespace: 'another' }),
      { action: 'evict' },
      OWN,
    ],
    ['evicts a worker where it has not been told whose it is', worker(), { action: 'evict' }],
    [
      'leaves a pod that the podSelector does not match',
      aPod({ labels: { app: 'db' } }),
      stays('the drain podSelector does not match it'),
      onlyWeb,
    ],
    ['evicts a pod that the podSelector matches', aPod(), evicted(RECREATED), onlyWeb],
    [
      'waits for a terminating pod and names its finalizers',
      aPod({ deletionTimestampMs: NOW - 3_600_000, finalizers: ['example.com/held'] }),
      {
        action: 'leaving',
        because: 'it is terminating, held by the finalizer example.com/held',
      },
    ],
    [
      'waits for a pod exactly as long as skipWaitForDeleteTimeout',
      aPod({ deletionTimestampMs: NOW - 60_000 }),
      { action: 'leaving', because: 'it is terminating' },
      ONE_MINUTE,
    ],
    [
      'leaves a pod that terminates longer than that',
      aPod({ deletionTimestampMs: NOW - 60_001 }),
      stays('terminating for longer than skipWaitForDeleteTimeout'),
      ONE_MINUTE,
    ],
    [
      'waits for ever when skipWaitForDeleteTimeout is 0',
      aPod({ deletionTimestampMs: 1 }),
      { action: 'leaving' },
      { skipWaitForDeleteTimeoutMs: 0 },
    ],
    [
      'evicts a finished pod without a warning, whoever made it',
      unmanaged({ finished: true, emptyDir: true }),
      evicted('it has already finished'),
    ],
    [
      'evicts an unmanaged pod and warns that nothing recreates it',
      unmanaged({ emptyDir: true }),
      evicted('nothing will recreate it', 'nothing-recreates-it', 'loses-empty-dir'),
    ],
    [
      'warns of emptyDir data and of a pod that may come back to a cordoned node',
      aPod({ emptyDir: true, toleratesCordon: true }),
      evicted(RECREATED, 'loses-empty-dir', 'tolerates-cordon'),
    ],
  ])('%s', (_, pod, expected, rules = {}) => {
    expect(judgePod(pod, rules, NOW)).toMatchObject(expected);
  });
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
