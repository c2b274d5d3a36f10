import { setTimeout as pause } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { answerOf, kubeClient, kubeConfig } from '../../activities/kube/client.ts';
import { messageOf } from '../../domain/message-of.ts';
import { forwardPort, type Forwarded } from '../port-forward.ts';
import { openTemporal, type OpenTemporal } from '../temporal.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { clusterSide } from './cluster-side.ts';
import { temporalSide } from './temporal-side.ts';
import { planUninstall, uninstall, type UninstallParts } from './uninstall.ts';

export interface UninstallCommandOptions {
  readonly namespace: string;
  readonly agent: string;
  readonly timeout: number;
  readonly force?: true;
  readonly temporal: boolean;
  readonly temporalPod?: string;
  readonly dryRun?: true;
}

/** Connects as the environment says and uninstalls; everything that goes wrong is a CommandFailed in one line. */
export async function runUninstall(
  options: UninstallCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const config = readKubeConfig();
  const forwarded = await forwardTemporal(config, options);
  try {
    const temporal = options.temporal ? await openIn(forwarded, options) : undefined;
    try {
      await runWith(config, temporal, options, terminal);
    } finally {
      await temporal?.connection.close();
    }
  } finally {
    await forwarded?.close();
  }
}

async function runWith(
  config: KubeConfig,
  temporal: OpenTemporal | undefined,
  options: UninstallCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const { namespace, agent: daemonSet, timeout: timeoutMs, force = false, dryRun } = options;
  const parts: UninstallParts = {
    temporal: temporal && temporalSide(temporal.client),
    cluster: clusterSide(kubeClient(config), { namespace, daemonSet }),
    say: (line) => terminal.out(`${line}\n`),
    nowMs: () => terminal.nowMs(),
    pause: (ms) => pause(ms),
  };
  try {
    await (dryRun ? planUninstall(parts) : uninstall(parts, { timeoutMs, force }));
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed([answerOf(error)]);
  }
}

async function openIn(
  forwarded: Forwarded | undefined,
  { temporalPod: pod }: UninstallCommandOptions,
): Promise<OpenTemporal> {
  const env = { ...process.env, ...(forwarded && { TEMPORAL_ADDRESS: forwarded.address }) };
  try {
    return await openTemporal(env, WITHOUT_IT);
  } catch (error) {
    const because = forwarded?.refused();
    if (because === undefined) throw error;
    throw new CommandFailed([`no port of pod ${pod} can be reached: ${because}`, ...WITHOUT_IT]);
  }
}

/** Where Temporal listens on the loopback of the worker's pod. */
const EMBEDDED_PORT = 7233;

async function forwardTemporal(
  config: KubeConfig,
  { namespace, temporalPod: pod }: UninstallCommandOptions,
): Promise<Forwarded | undefined> {
  return pod === undefined
    ? undefined
    : await forwardPort(config, { namespace, pod, port: EMBEDDED_PORT });
}

function readKubeConfig(): KubeConfig {
  try {
    return kubeConfig();
  } catch (error) {
    throw new CommandFailed([messageOf(error)]);
  }
}

const WITHOUT_IT = [
  'Without it nobody knows which nodes are in mid-rollout. Where it is gone for good: --no-temporal.',
];
