import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { KubeConfig } from '@kubernetes/client-node';
import { parse, stringify } from 'yaml';
import { forwardPort } from '../../cli/port-forward.ts';
import { CHART, helm } from '../../deploy/helm.ts';
import { rolloutId } from '../../domain/names.ts';
import type { RolloutResult } from '../../domain/status.ts';
import { chartFile, REGISTRY } from './images.ts';

export const NAMESPACE = 'lockkeeper';
/** The command of the README, without its first word. */
export const INSTALL: readonly string[] = [
  'install',
  'lockkeeper',
  'deploy/chart',
  '-n',
  NAMESPACE,
  '--create-namespace',
  '--set',
  `image.registry=${REGISTRY}`,
];
/** Of the worker, with its Temporal beside it. */
export const WORKER_POD = 'lockkeeper-worker-0';

interface Place {
  /** Everything that is written is in it. */
  readonly dir: string;
  readonly kubeconfigPath: string;
}

export type Values = Readonly<Record<string, unknown>>;

/** The chart as it is shipped; with values, should somebody have any to say. Answers with what Helm says to do next. */
export function installLockkeeper(program: string, place: Place, values?: Values): Promise<string> {
  return bring(program, INSTALL, { ...place, values });
}

/** What was changed by hand is then as it was shipped again. */
export function upgradeLockkeeper(program: string, place: Place, values?: Values): Promise<string> {
  const [, ...words] = INSTALL.filter((word) => word !== '--create-namespace');
  return bring(program, ['upgrade', ...words], { ...place, values });
}

async function bring(
  program: string,
  words: readonly string[],
  { dir, kubeconfigPath, values = {} }: Place & { readonly values: Values | undefined },
): Promise<string> {
  const file = join(dir, 'values.yaml');
  await writeFile(file, stringify(values));
  const { policy } = { ...(parse(await chartFile('values.yaml')) as Values), ...values };
  await writeFile(policyPath(dir), stringify(policy));
  const args = words.map((word) => (word === 'deploy/chart' ? CHART : word));
  const env = { PATH: process.env['PATH'], HOME: dir, KUBECONFIG: kubeconfigPath };
  return helm(program, [...args, '--values', file], { env });
}

/** The policy that is installed. */
export const policyPath = (dir: string): string => join(dir, 'policy.yaml');

/** What became of a node's latest rollout. */
export interface RolloutStory {
  readonly result: RolloutResult;
  /** One line an event: time, what, and whose. Workflow tasks, between the others, are left out. */
  readonly history: readonly string[];
}

/** Asks the Temporal in the worker's pod, through the API server; waits for a rollout that is still under way. */
export async function rolloutStory(
  { kubeconfigPath }: Pick<Place, 'kubeconfigPath'>,
  node: string,
): Promise<RolloutStory> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  const to = { namespace: NAMESPACE, pod: WORKER_POD, port: 7233 };
  const forwarded = await forwardPort(config, to);
  try {
    const connection = await Connection.connect({ address: forwarded.address });
    try {
      const handle = new Client({ connection }).workflow.getHandle(rolloutId(node));
      const result = (await handle.result()) as RolloutResult;
      return { result, history: linesOf((await handle.fetchHistory()).events ?? []) };
    } finally {
      await connection.close();
    }
  } finally {
    await forwarded.close();
  }
}

type Events = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

/** What of an event says whose it is. */
interface Attributes {
  readonly activityType?: { readonly name?: string };
  readonly scheduledEventId?: unknown;
}

function linesOf(events: Events): string[] {
  const activities = new Map<string, string>();
  return events.flatMap((event) => {
    const [, said] = Object.entries(event).find(([key, value]) => isOwn(key, value)) ?? [];
    const { activityType, scheduledEventId } = (said ?? {}) as Attributes;
    const activity = activityType?.name ?? activities.get(String(scheduledEventId)) ?? '';
    activities.set(String(event.eventId), activity);
    const what = proto.temporal.api.enums.v1.EventType[Number(event.eventType)] ?? '';
    if (what.startsWith('EVENT_TYPE_WORKFLOW_TASK_')) return [];
    const time = new Date(Number(event.eventTime?.seconds) * 1_000).toISOString().slice(0, 19);
    return `${time}Z  ${what.replace('EVENT_TYPE_', '')}  ${activity}`.trimEnd();
  });
}

const isOwn = (key: string, value: unknown): boolean =>
  key.endsWith('EventAttributes') && Boolean(value);
