import { AppsV1Api, KubeConfig, type V1PodSpec } from '@kubernetes/client-node';
import { expect, test } from '@jest/globals';
import { wantsNode } from '../../domain/daemon-set.ts';
import { nodeFacts } from '../../domain/node-facts.ts';
import { openScene } from './drain-scene.ts';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';

const affinity = (...nodeSelectorTerms: object[]) =>
  ({
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    },
  }) as Partial<V1PodSpec>;
const label = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, ...(values.length > 0 ? { values } : {}) }],
});
const named = (...values: string[]) => ({
  matchFields: [{ key: 'metadata.name', operator: 'In', values }],
});

/** What differs of the pods, by the name of the DaemonSet; the node has the label cores=8, is cordoned, and bears gpu=yes. */
const podsOn = (node: string): Readonly<Record<string, Partial<V1PodSpec>>> => ({
  'no-toleration': { tolerations: [] },
  'other-value': { tolerations: [{ key: 'gpu', value: 'no', effect: 'NoSchedule' }] },
  'other-effect': { tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }] },
  'same-value': { tolerations: [{ key: 'gpu', value: 'yes' }] },
  everything: { tolerations: [{ operator: 'Exists' }] },
  selector: { nodeSelector: { cores: '8' } },
  'other-selector': { nodeSelector: { cores: '4' } },
  'one-term': affinity(label('cores', 'In', '2'), label('cores', 'Gt', '7')),
  'no-term': affinity(label('cores', 'Lt', '8'), label('spot', 'Exists')),
  absent: affinity(label('spot', 'DoesNotExist')),
  'not-in': affinity(label('spot', 'NotIn', 'yes')),
  'its-name': affinity(named(node)),
  'other-name': affinity(named('nobody')),
});

test('a DaemonSet is taken to want a node exactly where its controller puts a pod', async () => {
  const { kubeconfigPath } = lab();
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const apps = config.makeApiClient(AppsV1Api);
  const scene = await openScene(kubeconfigPath);
  try {
    const { namespace, client } = scene;
    const name = await scene.addNode();
    const taints = [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }];
    const body = [
      { op: 'add', path: '/metadata/labels/cores', value: '8' },
      { op: 'replace', path: '/spec/taints', value: taints },
      { op: 'add', path: '/spec/unschedulable', value: true },
    ];
    const node = nodeFacts(await client.core.patchNode({ name, body }));
    const tolerations = [{ key: 'gpu', operator: 'Exists' }];
    const containers = [{ name: 'main', image: 'none' }];
    const answers = Object.entries(podsOn(name)).map(async ([of, parts]) => {
      const metadata = { name: of, labels: { of } };
      const template = { metadata, spec: { containers, tolerations, ...parts } };
      const spec = { selector: { matchLabels: { of } }, template };
      await apps.createNamespacedDaemonSet({ namespace, body: { metadata: { name: of }, spec } });
      const made = await eventually(async () => {
        const read = await apps.readNamespacedDaemonSet({ namespace, name: of });
        const { observedGeneration, currentNumberScheduled, desiredNumberScheduled } =
          read.status ?? {};
        if (observedGeneration !== 1 || currentNumberScheduled !== desiredNumberScheduled) {
          throw new Error(`the controller has not done with ${of} yet`);
        }
        return read;
      });
      const { items } = await client.core.listNamespacedPod({
        namespace,
        labelSelector: `of=${of}`,
      });
      const isThere = items.some((pod) => JSON.stringify(pod.spec?.affinity).includes(`"${name}"`));
      return [of, { isWanted: wantsNode(made, node), isThere }] as const;
    });
    const seen = Object.fromEntries(await Promise.all(answers));
    const differ = Object.entries(seen).filter(([, { isWanted, isThere }]) => isWanted !== isThere);
    expect(differ).toEqual([]);
    // Both kinds are among them, or nothing would have been compared.
    expect(new Set(Object.values(seen).map(({ isThere }) => isThere))).toEqual(
      new Set([true, false]),
    );
  } finally {
    await scene.close();
  }
});
