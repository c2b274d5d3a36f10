import { expect } from '@jest/globals';
import { parse, stringify } from 'yaml';
import type { z } from 'zod';
import { Policy, problemsOf } from '../../domain/policy.ts';
import { fromKured } from './from-kured.ts';

interface Changes {
  readonly name?: string;
  readonly container?: object;
  readonly pod?: object;
  readonly spec?: object;
}

/** The DaemonSet of kured's own manifest with other arguments, and whatever else is asked for. */
export function daemonSet(args: readonly string[], changes: Changes = {}): string {
  const { name = 'kured', container = {}, pod = {}, spec = {} } = changes;
  const template = {
    tolerations: [
      { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
      { key: 'node-role.kubernetes.io/master', effect: 'NoSchedule' },
    ],
    volumes: [{ name: 'sentinel', hostPath: { path: '/var/run', type: 'Directory' } }],
    containers: [
      {
        name: 'kured',
        image: 'kubereboot/kured:1.23.0',
        env: [{ name: 'KURED_NODE_ID', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
        volumeMounts: [{ mountPath: '/sentinel', name: 'sentinel', readOnly: true }],
        command: ['/usr/bin/kured', '--reboot-sentinel=/sentinel/reboot-required', ...args],
        ...container,
      },
    ],
    ...pod,
  };
  return stringify({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: 'kube-system' },
    spec: { selector: { matchLabels: { name } }, template: { spec: template }, ...spec },
  });
}

/** The policy as it is written. */
type PolicyText = z.input<typeof Policy>;

export interface Result {
  readonly policy: PolicyText;
  /** The policy's only pool, together with what is said for all pools. */
  readonly pool: PolicyText['pools'][number] & Omit<PolicyText, 'pools'>;
  /** The comments as one line, without their line breaks. */
  readonly comments: string;
  /** What is said aloud, besides what is said of every kured with kured's own tolerations. */
  readonly warnings: string;
  readonly yaml: string;
}

/** The conversion of an input that is accepted, to a policy that is accepted. */
export function converted(...texts: readonly string[]): Result {
  const { yaml, warnings } = fromKured(texts.join('---\n'));
  const lines = yaml.split('\n').filter((line) => line.startsWith('#'));
  const policy = parse(yaml) as PolicyText;
  const { error } = Policy.safeParse(policy);
  expect(error ? problemsOf(error) : []).toEqual([]);
  return {
    policy,
    pool: { ...policy, ...(policy.pools[0] as PolicyText['pools'][number]) },
    comments: lines.map((line) => line.slice(1).trim()).join(' '),
    warnings: warnings.filter((line) => !line.includes(': tolerations: ')).join('\n'),
    yaml,
  };
}

/** What becomes of kured's own manifest with these arguments. */
export const told = (...args: readonly string[]): Result => converted(daemonSet(args));

/** As much of a value as the example has keys; null is nothing. */
export function shown(value: unknown, example: unknown): unknown {
  if (Array.isArray(example)) {
    if (!Array.isArray(value) || typeof example[0] !== 'object') return value;
    return value.map((one, index) => (index in example ? shown(one, example[index]) : one));
  }
  if (typeof example !== 'object' || example === null) return value ?? null;
  const inside = Object(value) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(example).map(([key, one]) => [key, shown(inside[key], one)]),
  );
}
