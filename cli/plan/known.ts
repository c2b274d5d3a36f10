import type { Client } from '@temporalio/client';
import type { KubeClient } from '../../activities/kube/client.ts';
import { nodeApi } from '../../activities/kube/nodes.ts';
import { temporalPort } from '../../activities/temporal.ts';
import type { ForecastQuestion, NextScan } from '../../domain/forecast/known.ts';
import { messageOf } from '../../domain/message-of.ts';
import { plansOf } from '../calendars.ts';
import type { PolicySource } from '../policy-source.ts';
import { gather } from '../status/gather.ts';
import type { Seen } from '../status/seen.ts';
import { CommandFailed } from '../terminal.ts';

interface Sources {
  readonly client: Client;
  readonly kube: KubeClient;
  readonly source: PolicySource;
  readonly nowMs: () => number;
}

/** Everything that the forecast is made of; a CommandFailed where some of it cannot be known. */
export async function whatIsKnown(sources: Sources): Promise<ForecastQuestion> {
  const { client, kube, source, nowMs } = sources;
  const { policy } = source;
  const [plans, seen, workerNodes, nodes] = await Promise.all([
    plansOf(
      source,
      policy.pools.map((_, index) => index),
    ),
    gather(client, nowMs),
    temporalPort(client).workerNodes(),
    nodesIn(kube),
  ]);
  return {
    policy,
    plans,
    nodes,
    locks: seen.pools.map(answered),
    rollouts: seen.rollouts,
    workerNodes,
    nextScan: nextScanOf(seen),
    nowMs: nowMs(),
  };
}

async function nodesIn(kube: KubeClient): Promise<ForecastQuestion['nodes']> {
  try {
    return await nodeApi(kube).list();
  } catch (error) {
    throw new CommandFailed([`the nodes cannot be read: ${messageOf(error)}`]);
  }
}

/** Without the lock of a pool nobody knows who waits in it. */
function answered(lock: Seen['pools'][number]): ForecastQuestion['locks'][number] {
  if (!('unknown' in lock)) return lock;
  throw new CommandFailed([
    `the lock of pool ${lock.pool} cannot be asked: ${lock.unknown}`,
    'is a worker running?',
  ]);
}

function nextScanOf({ schedule, atMs }: Seen): NextScan {
  if (!schedule) return { because: 'its rollout is begun by a scan, and there is no schedule' };
  const { paused, note, nextMs = atMs } = schedule;
  if (!paused) return { atMs: nextMs };
  return { because: `the scans are paused${note ? ` (${note})` : ''}; no rollout is begun` };
}
