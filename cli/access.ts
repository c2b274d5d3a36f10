import type { Client } from '@temporalio/client';
import type { KubeConfig } from '@kubernetes/client-node';
import { Option, type Command } from 'commander';
import { answerOf, kubeConfig } from '../activities/kube/client.ts';
import { messageOf } from '../domain/message-of.ts';
import { forwardPort, type Forwarded } from './port-forward.ts';
import { openTemporal } from './temporal.ts';
import { CommandFailed } from './terminal.ts';

/** How a command reaches Temporal. */
export interface AccessOptions {
  /** Of Kubernetes, where Lockkeeper is. */
  readonly namespace: string;
  readonly temporalPod?: string;
}

/** What every command says of it in its help. */
export const ACCESS_HELP = `
Temporal is reached as the temporal CLI does it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_…, or
its configuration file; the one in the worker's pod by --temporal-pod, as kubectl port-forward does. In that pod itself
nothing is needed: kubectl -n lockkeeper exec lockkeeper-worker-0 -c worker -- lockkeeper …`;

/** Gives a command the options by which it reaches Temporal. */
export const accessing = (command: Command): Command =>
  command
    .option('--temporal-pod <name>', 'the pod of the worker with a Temporal of its own in it')
    .addOption(new Option('--namespace <name>', 'where that pod is').default('lockkeeper'));

/** Opens Temporal for `work` and closes it; whatever goes wrong is a CommandFailed, with `advice` where it cannot be reached. */
export async function withTemporal<T>(
  options: AccessOptions,
  work: (client: Client) => Promise<T>,
  advice: readonly string[] = [],
): Promise<T> {
  const forwarded = await forwardTemporal(options);
  try {
    const { client, connection } = await openIn(forwarded, options, advice);
    try {
      return await work(client);
    } catch (error) {
      if (error instanceof CommandFailed) throw error;
      throw new CommandFailed([answerOf(error)]);
    } finally {
      await connection.close();
    }
  } finally {
    await forwarded?.close();
  }
}

async function openIn(
  forwarded: Forwarded | undefined,
  { temporalPod: pod }: AccessOptions,
  advice: readonly string[],
) {
  const env = { ...process.env, ...(forwarded && { TEMPORAL_ADDRESS: forwarded.address }) };
  try {
    return await openTemporal(env, advice);
  } catch (error) {
    const because = forwarded?.refused();
    if (because === undefined) throw error;
    throw new CommandFailed([`no port of pod ${pod} can be reached: ${because}`, ...advice]);
  }
}

/** Where Temporal listens on the loopback of the worker's pod. */
const EMBEDDED_PORT = 7233;

async function forwardTemporal({
  namespace,
  temporalPod: pod,
}: AccessOptions): Promise<Forwarded | undefined> {
  if (pod === undefined) return undefined;
  return await forwardPort(readKubeConfig(), { namespace, pod, port: EMBEDDED_PORT });
}

/** The cluster as kubectl would reach it; a CommandFailed where none is configured. */
export function readKubeConfig(): KubeConfig {
  try {
    return kubeConfig();
  } catch (error) {
    throw new CommandFailed([messageOf(error)]);
  }
}
