import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { isDuration, parseDuration } from '../domain/durations.ts';
import { problemsOf } from '../domain/policy.ts';
import { present } from '../domain/present.ts';
import { SECRET_DIRECTORIES } from '../domain/secret-schema.ts';
import { readWorkloads, WORKLOADS, type Workload } from '../domain/workload.ts';
import type { OwnPod } from './policy-events.ts';

const address = z
  .string()
  .regex(/^.+:[0-9]+$/, { error: 'write an address like 0.0.0.0:8080', abort: true })
  .transform((text) => {
    const at = text.lastIndexOf(':');
    // An IPv6 host is written in brackets and listened on without them.
    const host = text.slice(0, at).replace(/^\[(.*)\]$/, '$1');
    return { host, port: Number(text.slice(at + 1)) };
  })
  .refine(({ port }) => port <= 65_535, 'write a port of at most 65535');

/**
 * The environment of the worker. The variables of the temporal CLI (TEMPORAL_ADDRESS …) are read in temporal-config.ts; the
 * two of worker versioning are those that Temporal's worker controller sets.
 */
const Environment = z.object({
  LOCKKEEPER_POLICY: z
    .string()
    .default('/etc/lockkeeper/policy.yaml')
    .describe('Path of the policy file'),
  LOCKKEEPER_HEALTH_ADDRESS: address
    .prefault('0.0.0.0:8080')
    .describe('Where /healthz, /readyz and /metrics are served'),
  LOCKKEEPER_TEMPORAL_METRICS: address
    .optional()
    .describe("Where the Temporal SDK's own /metrics are served"),
  LOCKKEEPER_POLL_AGAIN: z
    .string()
    .refine(isDuration, { error: 'write a duration like 30s or 5m', abort: true })
    .transform(parseDuration)
    .prefault('1m')
    .describe(
      'Pause between two looks at a closed gate or a full pool; at gates it grows to five times as much, but not above 5m',
    ),
  LOCKKEEPER_LOG_LEVEL: z
    .enum(['DEBUG', 'INFO', 'WARN', 'ERROR'])
    .default('INFO')
    .describe('Least severity that is logged'),
  LOCKKEEPER_NODE_ID: z
    .string()
    .default('')
    .describe('The node this worker runs on, which is then the last of its pool'),
  POD_NAME: z
    .string()
    .default('')
    .describe('Its own pod, which gets an Event when the policy is refused'),
  POD_NAMESPACE: z.string().default('').describe('The namespace of that pod'),
  POD_UID: z.string().default('').describe('The uid of that pod'),
  LOCKKEEPER_WORKLOAD: z
    .string()
    .regex(
      WORKLOADS,
      'write whose pods stay, like Deployment/lockkeeper-worker,Job/lockkeeper-uninstall',
    )
    .default('')
    .describe(
      'Whose pods stay, its own among them, like Deployment/lockkeeper-worker,Job/lockkeeper-uninstall',
    ),
  LOCKKEEPER_CACHED_WORKFLOWS: z.coerce
    .number()
    .int('write a number like 200')
    .min(1, 'write a number like 200')
    .prefault('200')
    .describe('Workflows kept in memory; others are replayed when something happens to them'),
  LOCKKEEPER_PAYLOAD_KEY_FILE: z
    .string()
    .optional()
    .describe('File of keys with which everything is encrypted that Temporal keeps'),
  LOCKKEEPER_SECRET_DIRS: z
    .string()
    .regex(/^\/[^:]+(:\/[^:]+)*$/, 'write directories like /etc/lockkeeper-secrets:/vault/secrets')
    .prefault(SECRET_DIRECTORIES.join(':'))
    .transform((text) => text.split(':'))
    .describe(
      'Where files of secrets may lie that the policy names; from nowhere else is one read',
    ),
  TEMPORAL_DEPLOYMENT_NAME: z
    .string()
    .optional()
    .describe('Worker versioning: the deployment this worker belongs to'),
  TEMPORAL_WORKER_BUILD_ID: z
    .string()
    .optional()
    .describe('Worker versioning: the version of that deployment'),
  LOCKKEEPER_WORKFLOW_BUNDLE: z
    .string()
    .default(fileURLToPath(new URL('../dist/workflows.js', import.meta.url)))
    .describe('The workflow bundle made by npm run build'),
});

export interface WorkerConfig {
  readonly policyPath: string;
  readonly health: { readonly host: string; readonly port: number };
  readonly temporalMetrics?: { readonly host: string; readonly port: number };
  readonly pollAgainMs: number;
  readonly logLevel: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  readonly bundlePath: string;
  /** Absent outside a cluster. */
  readonly node?: string;
  /** Absent outside a cluster. */
  readonly pod?: OwnPod;
  /** Whose pods are never drained; nobody's outside a cluster. */
  readonly own: readonly Workload[];
  /** How many workflows stay in memory. */
  readonly cachedWorkflows: number;
  /** Where files of secrets may lie that the policy names. */
  readonly secretDirectories: readonly string[];
  /** Whether payloads are encrypted. */
  readonly encrypted: boolean;
  /** Absent: no worker versioning. */
  readonly version?: { readonly deploymentName: string; readonly buildId: string };
}

/** The configuration, or every problem of it as "VARIABLE: rule". */
export function readConfig(env: NodeJS.ProcessEnv): WorkerConfig | { problems: string[] } {
  const parsed = Environment.safeParse(env);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { data } = parsed;
  const { TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_WORKER_BUILD_ID: buildId } = data;
  if (!deploymentName !== !buildId) return { problems: [HALF_VERSIONED] };
  return {
    policyPath: data.LOCKKEEPER_POLICY,
    health: data.LOCKKEEPER_HEALTH_ADDRESS,
    pollAgainMs: data.LOCKKEEPER_POLL_AGAIN,
    logLevel: data.LOCKKEEPER_LOG_LEVEL,
    bundlePath: data.LOCKKEEPER_WORKFLOW_BUNDLE,
    ...present({
      temporalMetrics: data.LOCKKEEPER_TEMPORAL_METRICS,
      node: data.LOCKKEEPER_NODE_ID || undefined,
    }),
    own: readWorkloads(data.LOCKKEEPER_WORKLOAD, data.POD_NAMESPACE),
    ...podIn(data),
    cachedWorkflows: data.LOCKKEEPER_CACHED_WORKFLOWS,
    secretDirectories: data.LOCKKEEPER_SECRET_DIRS,
    encrypted: Boolean(data.LOCKKEEPER_PAYLOAD_KEY_FILE),
    ...(deploymentName && buildId ? { version: { deploymentName, buildId } } : {}),
  };
}

function podIn(data: {
  readonly POD_NAME: string;
  readonly POD_NAMESPACE: string;
  readonly POD_UID: string;
}): { pod?: OwnPod } {
  const { POD_NAME: name, POD_NAMESPACE: namespace, POD_UID: uid } = data;
  return name && namespace
    ? { pod: { name, namespace, ...present({ uid: uid || undefined }) } }
    : {};
}

const HALF_VERSIONED =
  'TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID: set both, or neither';

/** Each variable, what it is for, and its default as a person would write it, where it has one. */
export function variables(): { name: string; meaning: string; fallback?: string }[] {
  return Object.entries(Environment.shape).map(([name, { def, description = '' }]) => ({
    name,
    meaning: description,
    ...('defaultValue' in def && { fallback: String(def.defaultValue) }),
  }));
}

/** The variables for --help. */
export function describeConfig(): string {
  return variables()
    .map(
      ({ name, meaning, fallback = 'none' }) =>
        `  ${name.padEnd(28)} ${meaning}; default: ${fallback}`,
    )
    .join('\n');
}
