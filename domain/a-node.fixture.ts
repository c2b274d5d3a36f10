import type { NodeFacts } from './node-facts.ts';

/** A healthy node that wants a reboot; a test names only what matters to it. */
export function aNode(facts: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name: 'n1',
    uid: 'uid-n1',
    resourceVersion: '1',
    labels: {},
    createdAtMs: 0,
    deleting: false,
    unschedulable: false,
    bootId: 'boot-1',
    ready: true,
    readySinceMs: 1_000,
    heartbeatAtMs: 2_000,
    taints: [],
    report: { wants: 'required', message: 'linux-image', heardAtMs: 2_000 },
    ...facts,
  };
}

/** What a module reads back from a well-formed annotation. */
export const read = <T>(value: T): { readonly ok: true; readonly value: T } => ({
  ok: true,
  value,
});
