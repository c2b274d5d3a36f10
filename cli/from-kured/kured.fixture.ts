import { expect } from '@jest/globals';
import { parse, stringify } from 'yaml';
import type { PolicyText } from './render.ts';
import { fromKured } from './from-kured.ts';

/** The DaemonSet of kured's own manifest with other arguments, and whatever else is asked for. */
export function daemonSet(
  args: readonly string[],
  changes: {
    readonly name?: string;
    readonly container?: object;
    readonly pod?: object;
  } = {},
): string {
  const { name = 'kured', container = {}, pod = {} } = changes;
  return stringify({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: 'kube-system' },
    spec: {
      template: {
        spec: {
          tolerations: [
            { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
            { key: 'node-role.kubernetes.io/master', effect: 'NoSchedule' },
          ],
          volumes: [{ name: 'sentinel', hostPath: { path: '/var/run', type: 'Directory' } }],
          containers: [
            {
              name: 'kured',
              image: 'kubereboot/kured:1.23.0',
              env: [
                { name: 'KURED_NODE_ID', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
              ],
              volumeMounts: [{ mountPath: '/sentinel', name: 'sentinel', readOnly: true }],
              command: ['/usr/bin/kured', '--reboot-sentinel=/sentinel/reboot-required', ...args],
              ...container,
            },
          ],
          ...pod,
        },
      },
    },
  });
}

export interface Result {
  readonly policy: PolicyText;
  /** The comments as one line, without their line breaks. */
  readonly comments: string;
  readonly warnings: readonly string[];
  readonly yaml: string;
}

/** The conversion of an input that is accepted. */
export function converted(text: string): Result {
  const result = fromKured(text);
  if ('problems' in result) throw new Error(result.problems.join('\n'));
  const { yaml, warnings } = result;
  const comments = yaml
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .map((line) => line.slice(1).trim())
    .join(' ');
  return { policy: parse(yaml) as PolicyText, comments, warnings, yaml };
}

/** The only pool of a policy that has one. */
export function onlyPool({ policy }: Result): PolicyText['pools'][number] {
  expect(policy.pools).toHaveLength(1);
  return policy.pools[0] as PolicyText['pools'][number];
}
