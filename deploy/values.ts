import { z } from 'zod';
import { NEEDS_NO_SHELL } from '../agent/command.ts';
import { DURATION } from '../domain/durations.ts';
import { Policy } from '../domain/policy.ts';

/**
 * The values of the chart. deploy/chart/values.schema.json is made of this (`npm run -s manifests`), so that Helm refuses what
 * would not work: an unknown key here, and in the policy whatever JSON Schema can say of the worker's own check.
 */

const text = z.string();
const named = z.string().min(1);
const duration = z.string().regex(DURATION);
/** As the agent reads them: Go's notation. */
const agentDuration = z.string().regex(/^([0-9]+([.][0-9]+)?(ms|s|m|h))+$/);
/** A part of a pod, as Kubernetes has it; the API server checks it. */
const kubernetes = z.looseObject({});
const words = z.record(z.string(), z.string());
const command = text.regex(NEEDS_NO_SHELL);
const absolutePath = z.string().regex(/^\/[^/]+(\/[^/]+)+$/, 'the path of a file in a directory');

const Temporal = z.strictObject({
  address: z.string().regex(/^[^/\s]+:[0-9]+$/),
  namespace: named,
  apiKey: z.strictObject({ secret: text, key: named }),
  tls: z.strictObject({
    enabled: z.boolean(),
    clientSecret: text,
    caSecret: text,
    serverName: text,
  }),
  encryption: z.strictObject({ keySecret: text, key: z.string().regex(/^[\w.-]+$/) }),
});

const anyPod = {
  image: text,
  env: z.array(kubernetes),
  resources: kubernetes,
  nodeSelector: words,
  tolerations: z.array(kubernetes),
  affinity: kubernetes,
  priorityClassName: text,
  podAnnotations: words,
  podLabels: words,
};

const Worker = z.strictObject({
  ...anyPod,
  replicas: z.int().min(0),
  pollAgain: duration,
  logLevel: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
  envFrom: z.array(kubernetes),
  secretFiles: z.array(named),
  serviceAccountAnnotations: words,
  disruptionBudget: z.boolean(),
});

const Agent = z.strictObject({
  ...anyPod,
  period: agentDuration,
  sentinel: z.strictObject({ file: absolutePath, command }),
  reboot: z.strictObject({
    method: z.enum(['signal', 'command', 'file']),
    signal: z.int().min(1).max(64),
    command: command.min(1),
    // In memory, so that it is gone after the reboot: else the host would reboot for ever.
    file: z.string().regex(/^(\/var)?\/run(\/[^/]+)+$/),
  }),
  commandTimeout: agentDuration,
  maxUnavailable: z.union([z.int().min(1), z.string().regex(/^[1-9][0-9]?%$|^100%$/)]),
});

const Metrics = z.strictObject({
  temporal: z.boolean(),
  podMonitor: z.strictObject({ enabled: z.boolean(), interval: duration, labels: words }),
  rules: z.strictObject({ enabled: z.boolean(), labels: words }),
  dashboard: z.strictObject({ enabled: z.boolean(), labels: words }),
});

const Values = z.strictObject({
  policy: Policy,
  calendars: words,
  temporal: Temporal,
  image: z.strictObject({
    registry: named,
    tag: text,
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    pullSecrets: z.array(named),
  }),
  worker: Worker,
  agent: Agent,
  priorityClass: z.strictObject({ create: z.boolean(), value: z.int().max(1_000_000_000) }),
  networkPolicy: z.strictObject({ enabled: z.boolean() }),
  metrics: Metrics,
  uninstall: z.strictObject({ cleanUp: z.boolean(), timeout: duration }),
  namespace: z.strictObject({ create: z.boolean() }),
  nameOverride: text,
  fullnameOverride: text,
  // Helm gives it to every chart that is part of another one.
  global: kubernetes.optional(),
});

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
}

/** The JSON Schema of the values, in the draft that every Helm 3 understands. */
export function valuesSchema(): object {
  const schema: Schema = z.toJSONSchema(Values, { target: 'draft-7', io: 'input' }) as Schema;
  const receiver = schema.properties?.['policy']?.properties?.['notifications']?.items?.properties;
  if (!receiver?.['on']) throw new Error('the policy has no notifications[].on any more');
  // Helm reads YAML 1.1, where an unquoted `on` is the boolean; the template turns it back.
  receiver['true'] = receiver['on'];
  return schema;
}
