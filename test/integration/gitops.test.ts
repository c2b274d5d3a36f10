import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Chart, VARIANTS, type Values } from '../../deploy/chart.fixture.ts';
import { applyObjects, deleteObjects } from '../../lab/fleet/apply.ts';
import { connectKube, type Kube, type KubeObject } from '../../lab/fleet/kube.ts';
import { lab } from './lab.ts';

/** What docs/gitops.md says of the chart in the hands of those who apply it again and again and look for differences. */

let chart: Chart;
let kube: Kube;
let applied: KubeObject[] = [];
beforeAll(async () => {
  chart = await Chart.open((line) => void process.stderr.write(`[chart] ${line}\n`));
  kube = connectKube(lab(), lab().adminToken);
}, 1_800_000);
afterEach(async () => {
  // Other tests are in the same namespace.
  await deleteObjects(
    kube,
    applied.filter(({ kind }) => kind !== 'Namespace'),
  );
});
afterAll(async () => {
  kube.close();
  await chart.close();
});

/** Hooks are not compared: they are there only while they run. */
const render = async (values: Values): Promise<KubeObject[]> =>
  (
    await chart.render({ fullnameOverride: 'again', namespace: { create: true }, ...values })
  ).filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === undefined);

/** Of an object what is ours to say: controllers may write its status and annotations in between. */
function compared(object: KubeObject): object {
  const { name, labels } = object.metadata;
  return { ...object, status: undefined, metadata: { name, labels } };
}

describe.each(
  // The kinds of Prometheus' operator are not here.
  VARIANTS.filter(({ values }) => values['metrics'] === undefined),
)('the chart with $name', ({ values }) => {
  test('differs in nothing from what it has become in the cluster, when it is rendered again', async () => {
    applied = await applyObjects(kube, await render(values));
    const wanted = await applyObjects(kube, await render(values), { dryRun: true });
    expect(applied.length).toBeGreaterThan(10);
    expect(wanted.map(compared)).toEqual(applied.map(compared));
  });
});

const sized = (size: string) => render({ temporal: { embedded: { storage: { size } } } });

test('a claim of another size is refused for a StatefulSet that is there', async () => {
  applied = await applyObjects(kube, await sized('1Gi'));
  await expect(applyObjects(kube, await sized('2Gi'))).rejects.toThrow(
    /again-worker.*updates to statefulset spec for fields other than/,
  );
});
