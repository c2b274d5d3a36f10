import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../lab/fleet/kube.ts';
import { readManifests } from '../lab/fleet/manifests.ts';
import { CHART } from './helm.ts';

/** What only works when two objects of deploy/lockkeeper.yaml agree. */

type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels: Labels;
}
interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly effect?: string;
}
interface Workload extends KubeObject {
  readonly spec: {
    readonly selector: Selector;
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: {
        readonly serviceAccountName: string;
        readonly tolerations?: readonly Toleration[];
        readonly containers: readonly { readonly ports?: readonly { readonly name: string }[] }[];
      };
    };
  };
}
interface StatefulSet extends KubeObject {
  readonly spec: {
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
  };
}
interface NetworkPolicy extends KubeObject {
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly string[];
    readonly ingress?: readonly {
      readonly from?: readonly object[];
      readonly ports: readonly { readonly port: string }[];
    }[];
  };
}
interface Binding extends KubeObject {
  readonly subjects?: readonly { readonly name: string; readonly namespace: string }[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
}

const { objects } = await readManifests();
const all = (kind: string) => objects.filter((object) => object.kind === kind);
const one = (kind: string): KubeObject => {
  const [found, ...more] = all(kind);
  if (!found || more.length > 0) throw new Error(`there is not just one ${kind}`);
  return found;
};
const worker = (one('StatefulSet') as Workload).spec;
const agent = (one('DaemonSet') as Workload).spec;
const labelsOf = ({ template }: Workload['spec']): Labels => template.metadata.labels;
const picks = ({ matchLabels }: Selector, labels: Labels): boolean =>
  Object.keys(matchLabels).length > 0 &&
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
/** Which of the two kinds of pods. */
const picked = (selector: Selector): string[] =>
  Object.entries({ worker, agent })
    .filter(([, workload]) => picks(selector, labelsOf(workload)))
    .map(([name]) => name);

describe('pods are picked by the labels they have:', () => {
  const budget = one('PodDisruptionBudget') as KubeObject & {
    readonly spec: { readonly selector: Selector };
  };

  test.each<[string, Selector, string]>([
    ['the StatefulSet', worker.selector, 'worker'],
    ['the DaemonSet', agent.selector, 'agent'],
    ['the disruption budget', budget.spec.selector, 'worker'],
  ])('%s', (_, selector, who) => {
    expect(picked(selector)).toEqual([who]);
  });

  test('and no worker is kept from its node for good', () => {
    expect(budget.spec).toMatchObject({
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    });
    // It brings its own node back: nothing drives it away while that is out of service.
    const away = { operator: 'Exists', effect: 'NoExecute' };
    expect(worker.template.spec.tolerations).toEqual([
      { key: 'node.kubernetes.io/unschedulable', operator: 'Exists' },
      { key: 'node.kubernetes.io/not-ready', ...away },
      { key: 'node.kubernetes.io/unreachable', ...away },
    ]);
  });
});

const policyOf = (who: string) => {
  const found = (all('NetworkPolicy') as NetworkPolicy[]).filter(({ spec }) =>
    picked(spec.podSelector).includes(who),
  );
  expect(found).toHaveLength(1);
  expect(picked(found[0]?.spec.podSelector ?? { matchLabels: {} })).toEqual([who]);
  return found[0]?.spec;
};

describe('G10: the network', () => {
  test('lets nobody in to an agent', () => {
    expect(policyOf('agent')).toMatchObject({ policyTypes: ['Ingress'] });
    expect(policyOf('agent')?.ingress).toBeUndefined();
    expect(agent.template.spec.containers.flatMap(({ ports = [] }) => ports)).toEqual([]);
  });

  test('lets in to a worker by the ports it has', () => {
    const spec = policyOf('worker');
    expect(spec?.policyTypes).toEqual(['Ingress']);
    // Pods, and nothing from outside the cluster.
    expect(spec?.ingress?.map(({ from }) => from)).toEqual([[{ namespaceSelector: {} }]]);
    const open = (spec?.ingress ?? []).flatMap(({ ports }) => ports.map(({ port }) => port));
    const ports = worker.template.spec.containers.flatMap(({ ports = [] }) => ports);
    expect(open).toEqual(ports.map(({ name }) => name));
  });
});

test('G10: only what has to be is allowed in the namespace without a word', () => {
  const { labels } = one('Namespace').metadata;
  const level = (mode: string) => labels?.[`pod-security.kubernetes.io/${mode}`];
  expect(['enforce', 'warn', 'audit'].map(level)).toEqual([
    'privileged',
    'restricted',
    'restricted',
  ]);
});

const tolerates = (taint: { readonly key: string; readonly effect: string }): boolean =>
  (agent.template.spec.tolerations ?? []).some(
    ({ key, operator, effect }) =>
      operator === 'Exists' &&
      (key === undefined || key === taint.key) &&
      (effect === undefined || effect === taint.effect),
  );

describe('an agent runs on a node', () => {
  test.each([
    ['of the control plane', 'node-role.kubernetes.io/control-plane', 'NoSchedule'],
    ['that is cordoned', 'node.kubernetes.io/unschedulable', 'NoSchedule'],
    ['that is not ready', 'node.kubernetes.io/not-ready', 'NoExecute'],
    ['of somebody else', 'dedicated.example/gpu', 'NoExecute'],
  ])('%s', (_, key, effect) => {
    expect(tolerates({ key, effect })).toBe(true);
  });
});

const indexOf = (kind: string, name: string) =>
  objects.findIndex((object) => object.kind === kind && object.metadata.name === name);
const placeOf = ({ kind, metadata }: KubeObject) => indexOf(kind, metadata.name);

describe('kubectl applies one after the other, so', () => {
  test('every object follows its namespace', () => {
    const { name } = one('Namespace').metadata;
    const inside = objects.filter(({ metadata }) => metadata.namespace !== undefined);
    // That of the Events is there in every cluster.
    const elsewhere = inside.filter(({ metadata }) => metadata.namespace !== name);
    expect(elsewhere.map(({ metadata }) => metadata.namespace)).toEqual(['default', 'default']);
    expect(inside.filter((object) => placeOf(object) < indexOf('Namespace', name))).toEqual([]);
    expect(inside.length).toBeGreaterThan(8);
  });

  test('G10: what bounds rights precedes whoever is given them', () => {
    const guards = objects.filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy'));
    expect(guards).toHaveLength(6);
    const accounts = objects.findIndex(({ kind }) => /^ServiceAccount$|Role/.test(kind));
    expect(Math.max(...guards.map(placeOf))).toBeLessThan(accounts);
  });

  test('every binding follows its role and the account it is for', () => {
    const bindings = [...all('ClusterRoleBinding'), ...all('RoleBinding')] as Binding[];
    expect(bindings).toHaveLength(4);
    for (const binding of bindings) {
      const [{ name, namespace } = { name: '', namespace: '' }, ...more] = binding.subjects ?? [];
      const account = objects[indexOf('ServiceAccount', name)];
      const role = indexOf(binding.roleRef?.kind ?? '', binding.roleRef?.name ?? '');
      expect(more).toEqual([]);
      expect(account?.metadata.namespace).toBe(namespace);
      expect(role).toBeGreaterThanOrEqual(0);
      expect(placeOf(binding)).toBeGreaterThan(Math.max(role, indexOf('ServiceAccount', name)));
    }
  });

  test.each<[string, Workload['spec']]>([
    ['StatefulSet', worker],
    ['DaemonSet', agent],
  ])('the pods of the %s find account, rights and class', (kind, { template }) => {
    const account = template.spec.serviceAccountName;
    const before = ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding'].map((needed) =>
      indexOf(needed, account),
    );
    before.push(placeOf(one('PriorityClass')));
    expect(Math.min(...before)).toBeGreaterThanOrEqual(0);
    expect(placeOf(one(kind))).toBeGreaterThan(Math.max(...before));
  });
});

test('the volume that an alert watches is that of the claim of the database', () => {
  const rules = readFileSync(join(CHART, 'files/rules.yaml'), 'utf8');
  const [, watched = ''] = /persistentvolumeclaim=~"(.+?)"/.exec(rules) ?? [];
  const { metadata, spec } = one('StatefulSet') as StatefulSet;
  const claims = spec.volumeClaimTemplates.map(({ metadata: { name } }) => name);
  expect(claims.map((claim) => `${claim}-${metadata.name}-0`)).toEqual([
    expect.stringMatching(`^(?:${watched})$`),
  ]);
});
