import type { KubeObject } from '../../lab/fleet/kube.ts';

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const texts: Schema = { type: 'object', additionalProperties: text };
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Record<string, Schema>, ...required: readonly string[]): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});

/** Of the fields of a PodMonitor those that we use, as the operator's own definition has them. */
const PodMonitor = object(
  {
    selector: object({ matchLabels: texts }),
    podMetricsEndpoints: listOf(
      object({ port: text, interval: { type: 'string', pattern: '^[0-9]+(ms|s|m|h)$' } }),
    ),
  },
  'selector',
);

const PrometheusRule = object({
  groups: listOf(
    object(
      {
        name: { type: 'string', minLength: 1 },
        rules: listOf(
          object({ alert: text, expr: text, for: text, labels: texts, annotations: texts }, 'expr'),
        ),
      },
      'name',
    ),
  ),
});

function definition(kind: string, plural: string, spec: Schema): KubeObject {
  const group = 'monitoring.coreos.com';
  const schema = { openAPIV3Schema: object({ spec }, 'spec') };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  } as KubeObject;
}

/** As much of the Prometheus Operator as the API server needs to judge what the chart has for it. */
export const OPERATOR_DEFINITIONS: readonly KubeObject[] = [
  definition('PodMonitor', 'podmonitors', PodMonitor),
  definition('PrometheusRule', 'prometheusrules', PrometheusRule),
];
