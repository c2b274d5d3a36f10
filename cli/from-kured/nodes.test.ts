import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { parseSelector } from '../../domain/label-selector.ts';
import { Scheduling } from './kured.ts';
import { nodesOf } from './nodes.ts';

interface Row {
  /** The node selector. */
  readonly labels?: object;
  /** The terms of the required node affinity: conditions of key, operator and values. */
  readonly terms?: readonly (readonly (readonly [string, string, ...string[]])[])[];
  readonly tolerations?: readonly object[];
  readonly nodes: string;
  /** What no selector can say. */
  readonly unsaid?: string;
}

const nodesIn = ({ labels, terms = [], tolerations = [{ operator: 'Exists' }] }: Partial<Row>) => {
  const nodeSelectorTerms = terms.map((term) => ({
    matchExpressions: term.map(([key, operator, ...values]) => ({ key, operator, values })),
  }));
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  const affinity = { nodeAffinity: required };
  return nodesOf(Scheduling.parse({ nodeSelector: labels, affinity, tolerations }), 'workers');
};

const ROWS = parse(
  String.raw`
no choice: { nodes: kubernetes.io/os=linux }
a selector: { labels: { pool: gpu, tier: a }, nodes: 'pool=gpu,tier=a' }
In: { terms: [[[pool, In, a, b]]], nodes: 'pool in (a,b)' }
In with one value: { terms: [[[pool, In, a]]], nodes: pool=a }
NotIn: { terms: [[[pool, NotIn, a, b]]], nodes: 'pool notin (a,b)' }
NotIn with one value: { terms: [[[pool, NotIn, a]]], nodes: pool!=a }
Exists: { terms: [[[pool, Exists]]], nodes: pool }
DoesNotExist: { terms: [[[pool, DoesNotExist]]], nodes: '!pool' }
selector and affinity: { labels: { tier: a }, terms: [[[pool, In, a], [b, Exists]]], nodes: 'tier=a,pool=a,b' }
alternatives that are values of one label: { terms: [[[pool, In, a]], [[pool, In, b, a]]], nodes: 'pool in (a,b)' }
other alternatives: { terms: [[[pool, In, a]], [[tier, In, b]]], nodes: lockkeeper.io/pool=workers, unsaid: pool In a; or tier In b }
alternatives of several conditions: { labels: { os: linux }, terms: [[[pool, In, a]], [[pool, In, b], [tier, Exists]]], nodes: 'os=linux,lockkeeper.io/pool=workers', unsaid: pool In a; or pool In b and tier Exists }
Gt: { terms: [[[cores, Gt, '8']]], nodes: lockkeeper.io/pool=workers, unsaid: cores Gt 8 }
a term that matches nothing: { terms: [[]], nodes: lockkeeper.io/pool=workers, unsaid: '' }
K3 a label that is filled in: { labels: { pool: '@{POOL}' }, nodes: lockkeeper.io/pool=workers, unsaid: 'pool In @{POOL}' }
`.replaceAll('@{', '${'),
) as Record<string, Row>;

test.each(Object.entries(ROWS))('the nodes of a DaemonSet as a selector: %s', (_, row) => {
  const { nodes, notes } = nodesIn(row);
  expect(nodes).toBe(row.nodes);
  expect(parseSelector(nodes)).toBeDefined();
  const text = `no label selector says this: ${row.unsaid}.`;
  const told = { about: 'nodeAffinity', loud: true, text: expect.stringContaining(text) };
  expect(notes).toEqual(row.unsaid === undefined ? [] : [told]);
});

test('names become a label, and preferences exclude no node', () => {
  const preferredDuringSchedulingIgnoredDuringExecution = [{ weight: 1 }];
  const name = { key: 'metadata.name', operator: 'In', values: ['worker-1'] };
  const nodeSelectorTerms = [{ matchFields: [name] }];
  const nodeAffinity = {
    preferredDuringSchedulingIgnoredDuringExecution,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
  };
  const { nodes, notes } = nodesOf(Scheduling.parse({ affinity: { nodeAffinity } }), 'workers');
  expect(nodes).toBe('lockkeeper.io/pool=workers');
  expect(notes.map(({ text }) => text)).toEqual([
    expect.stringContaining('preferences exclude no node'),
    expect.stringContaining('metadata.name In worker-1.'),
    expect.stringContaining('its tolerations let it'),
  ]);
});

const key = 'node-role.kubernetes.io/control-plane';
const LEFT_OUT = `kubernetes.io/os=linux,!${key}`;

describe('the control plane', () => {
  test.each<[string, object[], string]>([
    ['its taint', [{ key, effect: 'NoSchedule' }], 'kubernetes.io/os=linux'],
    ['its key', [{ key, operator: 'Exists' }], 'kubernetes.io/os=linux'],
    ['NoSchedule', [{ operator: 'Exists', effect: 'NoSchedule' }], 'kubernetes.io/os=linux'],
    ['nothing', [], LEFT_OUT],
    ['another taint', [{ key: 'gpu', operator: 'Exists' }], LEFT_OUT],
    ['its taint with a value that it does not have', [{ key, value: 'yes' }], LEFT_OUT],
    ['only its eviction', [{ key, effect: 'NoExecute' }], LEFT_OUT],
  ])('K5: of a kured that tolerates %s, aloud with the way to look', (_, tolerations, nodes) => {
    const choice = nodesIn({ tolerations });
    const [note] = choice.notes;
    expect(choice.nodes).toBe(nodes);
    expect(note).toMatchObject({ about: 'tolerations', loud: true });
    expect(note?.text).toMatch(/nodes with other taints are in this pool too.*kubectl get nodes/);
    expect(note?.text.includes('as with k3s, kured ran there too')).toBe(nodes === LEFT_OUT);
  });

  test('may be what the selector asks for', () => {
    expect(nodesIn({ labels: { [key]: '' }, tolerations: [] }).nodes).toBe(`${key}=`);
  });
});
