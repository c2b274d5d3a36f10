import type { PodFacts } from './pod-verdict.ts';

/** A pod with a controller that recreates it elsewhere; a test names only what matters to it. */
export function aPod(name: string, facts: Partial<PodFacts> = {}): PodFacts {
  return {
    namespace: 'shop',
    name,
    uid: `uid-${name}`,
    labels: {},
    priority: 0,
    phase: 'Running',
    finished: false,
    mirror: false,
    owner: { kind: 'ReplicaSet', name: 'web' },
    gracePeriodMs: 30_000,
    finalizers: [],
    emptyDir: false,
    toleratesCordon: false,
    ready: true,
    claims: [],
    ...facts,
  };
}
