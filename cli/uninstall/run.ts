import { setTimeout as pause } from 'node:timers/promises';
import { answerOf, connectKube } from '../../activities/kube/client.ts';
import { messageOf } from '../../domain/message-of.ts';
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
  readonly dryRun?: true;
}

/** Connects as the environment says and uninstalls; everything that goes wrong is a CommandFailed in one line. */
export async function runUninstall(
  options: UninstallCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const { namespace, agent: daemonSet, timeout: timeoutMs, force = false, dryRun } = options;
  const kube = openKube();
  const temporal = options.temporal ? await openTemporal(process.env, WITHOUT_IT) : undefined;
  const parts: UninstallParts = {
    temporal: temporal && temporalSide(temporal.client),
    cluster: clusterSide(kube, { namespace, daemonSet }),
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
  }
}

function openKube(): ReturnType<typeof connectKube> {
  try {
    return connectKube();
  } catch (error) {
    throw new CommandFailed([messageOf(error)]);
  }
}

const WITHOUT_IT = [
  'Without it nobody knows which nodes are in mid-rollout. Where it is gone for good: --no-temporal.',
];
