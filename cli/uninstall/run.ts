import { setTimeout as pause } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node';
import { answerOf, kubeClient, kubeConfig } from '../../activities/kube/client.ts';
import { messageOf } from '../../domain/message-of.ts';
import { forwardPort, type Forwarded } from '../port-forward.ts';
import { openTemporal } from '../temporal.ts';
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
  const { namespace, agent: daemonSet, timeout: timeoutMs, force = false, dryRun } = options;
  const config = readKubeConfig();
  const forwarded = await forwardTemporal(config, options);
  const env = { ...process.env, ...(forwarded && { TEMPORAL_ADDRESS: forwarded.address }) };
  const temporal = options.temporal ? await openTemporal(env, WITHOUT_IT) : undefined;
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
  } finally {
    await temporal?.connection.close();
    forwarded?.close();
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
