import { z } from 'zod';
import { NEEDS_NO_SHELL } from '../agent/command.ts';
import { DURATION } from '../domain/durations.ts';
import { Policy } from '../domain/policy.ts';

/**
 * The values of the chart. deploy/chart/values.schema.json is made of this (`npm run -s manifests`), so that Helm refuses what
 * would not work: an unknown key here, and in the policy whatever JSON Schema can say of the worker's own check.
 */

/**
 * Every text has a form in which it cannot become anything but a text of the template. All patterns are read by Go, too, which
 * knows no look-ahead.
 */
const oneLine = z.string().regex(/^[^\p{Cc}]*$/u);
const someLine = z.string().regex(/^[^\p{Cc}]+$/u);
const DNS = '[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?';
const name = z.string().regex(new RegExp(`^${DNS}$`), 'the name of an object');
const anyName = z.string().regex(new RegExp(`^(${DNS})?$`), 'the name of an object, or nothing');
/** What names of objects begin with, to which more is added. */
const prefix = z.string().regex(/^([a-z]([a-z0-9-]{0,61}[a-z0-9])?)?$/);
const host = z.string().regex(/^([A-Za-z0-9][A-Za-z0-9._:-]*)?$/);
const IMAGE = '[A-Za-z0-9][A-Za-z0-9._:/-]*(@sha256:[0-9a-f]{64})?';
const image = z.string().regex(new RegExp(`^${IMAGE}$`));
const anyImage = z.string().regex(new RegExp(`^(${IMAGE})?$`));
const digest = z.string().regex(/^(sha256:[0-9a-f]{64})?$/);
/** As Kubernetes writes an amount of bytes, more than none: 1k is a thousand of them, 1Ki 1024, and neither 1K nor 1ki is any. */
const AMOUNT = '([1-9][0-9]*([.][0-9]+)?|0[.][0-9]*[1-9][0-9]*)';
const quantity = z.string().regex(new RegExp(`^${AMOUNT}([kMGTPE]|[KMGTPE]i)?$`));
const fileName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const duration = z.string().regex(DURATION);
/** As the agent reads them: Go's notation. */
const agentDuration = z.string().regex(/^([0-9]+([.][0-9]+)?(ms|s|m|h))+$/);
/** A part of a pod, as Kubernetes has it; the API server checks it. */
const kubernetes = z.looseObject({});
const KEY = z
  .string()
  .regex(/^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/);
const labels = z.record(
  KEY,
  z.string().regex(/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/),
);
const annotations = z.record(KEY, z.string());
/** One step of a path that leads down: neither `.` nor `..`. */
const C = '[A-Za-z0-9_@+:-]';
const STEP = `\\/(${C}|[.]${C}|[.][.]${C}|[.][.][.])[A-Za-z0-9_.@+:-]*`;
const absolutePath = z
  .string()
  .regex(new RegExp(`^(${STEP}){2,}$`), 'the path of a file in a directory');
const command = oneLine.regex(NEEDS_NO_SHELL);

const Embedded = z.strictObject({
  image,
  storage: z.strictObject({ claim: z.boolean(), size: quantity, className: anyName }),
  resources: kubernetes,
  ui: z.strictObject({ enabled: z.boolean(), image, resources: kubernetes }),
});

const Temporal = z.strictObject({
  address: z.string().regex(/^([A-Za-z0-9._:[\]-]+:[0-9]+)?$/),
  namespace: someLine,
  embedded: Embedded,
  apiKey: z.strictObject({ secret: anyName, key: z.string().regex(fileName) }),
  tls: z.strictObject({
    enabled: z.boolean(),
    clientSecret: anyName,
    caSecret: anyName,
    serverName: host,
  }),
  encryption: z.strictObject({ keySecret: anyName, key: z.string().regex(fileName) }),
});

const anyPod = {
  image: anyImage,
  env: z.array(kubernetes),
  resources: kubernetes,
  nodeSelector: labels,
  tolerations: z.array(kubernetes),
  affinity: kubernetes,
  priorityClassName: anyName,
  podAnnotations: annotations,
  podLabels: labels,
};

const Worker = z.strictObject({
  ...anyPod,
  replicas: z.int().min(0),
  pollAgain: duration,
  logLevel: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']),
  envFrom: z.array(kubernetes),
  secretFiles: z.array(name),
  serviceAccountAnnotations: annotations,
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
    file: z.string().regex(new RegExp(`^(\\/var)?\\/run(${STEP}){2,}$`)),
  }),
  commandTimeout: agentDuration,
  maxUnavailable: z.union([z.int().min(1), z.string().regex(/^[1-9][0-9]?%$|^100%$/)]),
});

const Metrics = z.strictObject({
  temporal: z.boolean(),
  podMonitor: z.strictObject({ enabled: z.boolean(), interval: duration, labels }),
  rules: z.strictObject({ enabled: z.boolean(), labels }),
  dashboard: z.strictObject({ enabled: z.boolean(), labels }),
});

const Values = z.strictObject({
  policy: Policy,
  calendars: z.record(z.string().regex(fileName), z.string()),
  temporal: Temporal,
  image: z.strictObject({
    registry: z.string().regex(/^([A-Za-z0-9][A-Za-z0-9._:/-]*)?$/),
    tag: z.string().regex(/^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$/),
    digests: z.strictObject({ worker: digest, agent: digest }),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    pullSecrets: z.array(name),
  }),
  worker: Worker,
  agent: Agent,
  priorityClass: z.strictObject({ create: z.boolean(), value: z.int().max(1_000_000_000) }),
  networkPolicy: z.strictObject({
    enabled: z.boolean(),
    metricsFrom: z.array(kubernetes).min(1),
    egress: z.strictObject({ agent: z.array(kubernetes), worker: z.array(kubernetes) }),
  }),
  metrics: Metrics,
  uninstall: z.strictObject({ cleanUp: z.boolean(), timeout: duration }),
  namespace: z.strictObject({ create: z.boolean() }),
  nameOverride: prefix,
  fullnameOverride: prefix,
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
