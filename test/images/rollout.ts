import { isDeepStrictEqual } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { rolloutId } from '../../domain/names.ts';
import { isAccepted } from '../../domain/recovery.ts';
import type { ClusterFacts } from '../../lab/cluster/contract.ts';
import type { Fleet } from '../../lab/fleet/fleet.ts';
import { until } from '../ask.ts';
import { kill, pidOf, restart, startAgain } from './container.ts';
import { NAMES, NODE, PATIENCE_MS } from './names.ts';

/** The machine hears of nothing until it is told SIGCONT. */
async function signalMachine(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  process.kill(Number(await pidOf(NAMES.init)), signal);
}

/** Lets the node ask for a reboot, which the schedule of the worker then sees, and holds it where its agent has accepted the order. */
export async function untilOrdered(fleet: Fleet): Promise<void> {
  await signalMachine('SIGSTOP');
  await fleet.machine(NODE).requireReboot(['libc6']);
  await fleet.evidence.until(NODE, 'about to reboot', isAccepted, PATIENCE_MS);
}

/** From there to the outcome. The machine reboots while Temporal is killed, which has to know afterwards what it knew before. */
export async function rebootWithoutTemporal(
  { temporalAddress }: ClusterFacts,
  fleet: Fleet,
): Promise<string> {
  const boots = fleet.bootIds(NODE).length;
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    const { workflow } = new Client({ connection });
    const { runId } = await workflow.getHandle(rolloutId(NODE)).describe();
    const rollout = workflow.getHandle(rolloutId(NODE), runId);
    const eventsOf = async () => (await rollout.fetchHistory()).events ?? [];
    const before = await eventsOf();
    await kill(NAMES.temporal);
    await signalMachine('SIGCONT');
    await fleet.evidence.until(NODE, 'back', () => fleet.bootIds(NODE).length > boots, PATIENCE_MS);
    // What a reboot does to every container of the machine.
    await restart(NAMES.agent);
    await startAgain(NAMES.temporal);
    const serves = () =>
      connection.workflowService.getSystemInfo({}).then(
        () => true,
        () => false,
      );
    await until(serves, Boolean);
    const { outcome } = (await rollout.result()) as { outcome: string };
    const after = await eventsOf();
    if (before.length === 0 || !isDeepStrictEqual(after.slice(0, before.length), before)) {
      throw new Error('Temporal has forgotten what happened before it was killed');
    }
    if (fleet.bootIds(NODE).length !== boots + 1) throw new Error('it did not reboot once');
    return outcome;
  } finally {
    await connection.close();
  }
}
