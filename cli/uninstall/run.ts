import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { answerOf, kubeClient } from '../../activities/kube/client.ts';
import { readKubeConfig, withTemporal, type AccessOptions } from '../access.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { clusterSide } from './cluster-side.ts';
import { temporalSide } from './temporal-side.ts';
import { planUninstall, uninstall, type UninstallParts } from './uninstall.ts';

export interface UninstallCommandOptions extends AccessOptions {
  readonly agent: string;
  readonly timeout: number;
  readonly force?: true;
  readonly temporal: boolean;
  readonly dryRun?: true;
}

/** Connects as the environment says and uninstalls; everything that goes wrong is a CommandFailed in one line. */
export async function runUninstall(
  options: UninstallCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const work = (client?: Client): Promise<void> => runWith(client, options, terminal);
  await (options.temporal ? withTemporal(options, work, WITHOUT_IT) : work());
}

async function runWith(
  temporal: Client | undefined,
  options: UninstallCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const { namespace, agent: daemonSet, timeout: timeoutMs, force = false, dryRun } = options;
  const parts: UninstallParts = {
    temporal: temporal && temporalSide(temporal),
    cluster: clusterSide(kubeClient(readKubeConfig()), { namespace, daemonSet }),
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

const WITHOUT_IT = [
  'Without it nobody knows which nodes are in mid-rollout. Where it is gone for good: --no-temporal.',
];
