import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readConfig as readAgentConfig } from '../agent/config.ts';
import { ANNOTATION, REBOOT_REQUIRED } from '../domain/node-contract.ts';
import { PODS, type Right } from '../domain/gates/outside-gate.ts';
import { dueGates, OUTSIDE_GATES } from '../domain/gates/outside-gates.ts';
import { readPolicy } from '../domain/policy-text.ts';
import { Policy } from '../domain/policy.ts';
import { environmentOf } from '../lab/fleet/container.ts';
import type { KubeObject } from '../lab/fleet/kube.ts';
import { podSpecOf, readManifests } from '../lab/fleet/manifests.ts';
import { readConfig as readWorkerConfig } from '../worker/config.ts';
import { permissionsOf } from './permissions.ts';
import { CHART, SCHEMA } from './helm.ts';
import { valuesSchema } from './values.ts';

interface ConfigMap extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}
const { objects, agent, worker } = await readManifests();
const find = (kind: string) => objects.find((object) => object.kind === kind);
const podOf = (kind: string) => podSpecOf(objects, kind);

describe('the manifests', () => {
  test('hold a policy that is accepted', () => {
    const { data } = find('ConfigMap') as ConfigMap;
    expect(readPolicy(data['policy.yaml'] ?? '', 'policy.yaml')).toMatchObject({ kind: 'policy' });
  });

  test('configure an agent that starts, with its sentinel in the directory that is mounted', () => {
    const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    const around = { fields: { 'spec.nodeName': 'worker-7' }, mounts: { '/sentinel': '/mounted' } };
    const read = readAgentConfig([], { ...pod, ...environmentOf(agent.container, around) });
    if (!read.ok) throw new Error(read.problems.join());
    expect(read.config).toMatchObject({
      node: 'worker-7',
      host: { sentinel: { path: '/mounted/reboot-required' }, reboot: { method: 'signal' } },
    });
    expect(podOf('DaemonSet').volumes).toEqual([
      { name: 'sentinel', hostPath: { path: dirname('/var/run/x'), type: 'Directory' } },
    ]);
  });

  test('configure a worker that starts, with its policy in the directory that is mounted', () => {
    const pod = { 'metadata.name': 'w', 'metadata.namespace': 'ops', 'metadata.uid': 'u' };
    const fields = { 'spec.nodeName': 'n1', ...pod };
    const around = { fields, mounts: { '/etc/lockkeeper': '/mounted' } };
    expect(readWorkerConfig(environmentOf(worker.container, around))).toMatchObject({
      policyPath: '/mounted/policy.yaml',
      temporalMetrics: { port: 9464 },
      node: 'n1',
      pod: { name: 'w', namespace: 'ops', uid: 'u' },
    });
  });

  test('G10: give an agent no more than the signal takes', () => {
    const { containers } = podOf('DaemonSet');
    expect(containers.map(({ securityContext }) => securityContext)).toEqual([
      {
        privileged: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsUser: 0,
        runAsGroup: 0,
        capabilities: { drop: ['ALL'] },
        appArmorProfile: { type: 'Unconfined' },
      },
    ]);
    expect(podOf('DaemonSet').securityContext).toEqual({
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(agent.container.volumeMounts).toEqual([
      {
        name: 'sentinel',
        mountPath: '/sentinel',
        readOnly: true,
        recursiveReadOnly: 'IfPossible',
      },
    ]);
  });

  test('ask for nothing for the worker that Pod Security forbids at its strictest level', () => {
    const { securityContext, containers, initContainers = [] } = podOf('StatefulSet');
    expect(securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    const all = [...initContainers, ...containers];
    expect(all.map(({ name }) => name)).toEqual(['database', 'worker', 'temporal']);
    for (const container of all) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    expect(Object.keys(podOf('StatefulSet'))).not.toContain('hostPID');
  });

  test('G10: let an agent change exactly what the node contract gives it', () => {
    const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
    const text = JSON.stringify(policies.find(({ metadata }) => metadata.name.endsWith('-agent')));
    const named = text.match(/lockkeeper\.io\/[a-z-]+/g);
    expect(new Set(named)).toEqual(new Set([ANNOTATION.answer]));
    expect(text).toContain(`c.type != '${REBOOT_REQUIRED}'`);
  });

  test('give their pods a priority class that is among them', () => {
    const { name } = find('PriorityClass')?.metadata ?? {};
    expect(podOf('DaemonSet').priorityClassName).toBe(name);
    expect(podOf('StatefulSet').priorityClassName).toBe(name);
  });
});

const sayRight = ({ group, resource, verb }: Right): string =>
  `${group === '' ? '' : `${group}/`}${resource}: ${verb}`;

test('gates ask for no object without the right to it', async () => {
  const text = readFileSync(new URL('../docs/examples/every-key.yaml', import.meta.url), 'utf8');
  const { pools } = Policy.parse(parse(text));
  const asked = { moment: 'cordon', skip: [], inWindow: true } as const;
  const due = pools.flatMap(({ gates }) => dueGates(gates, asked));
  expect(new Set(due.map(({ name }) => name))).toEqual(new Set(Object.keys(OUTSIDE_GATES)));
  for (const { name, questions } of due) {
    const needed = [...(questions.objects ?? []), ...(questions.pods ? [PODS] : [])];
    expect(OUTSIDE_GATES[name].rights.map(sayRight)).toEqual(
      expect.arrayContaining(needed.map(sayRight)),
    );
  }
});

const EVENTS = 'events: create';

test('the worker may write Events where its own pod is, and where those of nodes are', () => {
  const namespace = find('StatefulSet')?.metadata.namespace ?? '';
  const roles = objects.filter(
    (object) => object.kind === 'Role' && permissionsOf([object], 'worker').includes(EVENTS),
  );
  const places = roles.map(({ metadata }) => metadata.namespace);
  expect(new Set(places)).toEqual(new Set(['default', namespace]));
});

const read = (path: string): string => readFileSync(join(CHART, path), 'utf8');

describe('the chart', () => {
  test('has the version of the package', () => {
    const { version } = JSON.parse(read('../../package.json')) as { version: string };
    expect(parse(read('Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });

  test('checks values as the policy says: npm run -s manifests makes it so', () => {
    expect(JSON.parse(readFileSync(SCHEMA, 'utf8'))).toEqual(valuesSchema());
  });

  test('has a schema whose patterns Go understands', () => {
    expect(readFileSync(SCHEMA, 'utf8')).not.toMatch(/"pattern": ".*\(\?/);
  });
});
