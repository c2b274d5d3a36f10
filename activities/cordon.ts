import { log } from '@temporalio/activity';
import { ANNOTATION, writeRollout, type RolloutRecord } from '../domain/node-contract.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import type { Deps } from './deps.ts';
import { failure } from './failure.ts';
import { thisRun, type Run } from './ours.ts';

/**
 * Ensures that the node is cordoned and carries this run's record, both written in one update. A cordon that was there
 * before is remembered as somebody else's. Repeating it changes nothing.
 */
export async function cordonNode(
  deps: Deps,
  { node: name }: { node: string },
): Promise<RolloutRecord> {
  const run = thisRun();
  const record = await takeNode(deps, name, run);
  await deps.nodes.setLifecycle(
    name,
    {
      MaintenancePlanned: true,
      DrainInProgress: true,
      Drained: false,
      MaintenanceInProgress: false,
    },
    `${run.workflowId} takes the node out of service for a reboot`,
  );
  const whose = record.cordonedByUs ? '' : ' (it was cordoned before, and will be left so)';
  await deps.nodes.announce(name, {
    type: 'Normal',
    reason: 'Draining',
    message: `cordoned${whose}; draining for a reboot`,
  });
  log.info('node cordoned', { node: name, cordonedByUs: record.cordonedByUs });
  return record;
}

async function takeNode(deps: Deps, name: string, run: Run): Promise<RolloutRecord> {
  for (;;) {
    const node = await deps.nodes.read(name);
    if (!node) throw failure('node-gone', `node ${name} was deleted before it was cordoned`);
    const known = knownRecord(node, run);
    if (known) return known;
    const record = {
      workflowId: run.workflowId,
      runId: run.runId,
      cordonedByUs: !node.unschedulable,
      bootIdBefore: node.bootId,
      phase: 'draining',
    };
    const done = await deps.nodes.update(name, {
      resourceVersion: node.resourceVersion,
      unschedulable: true,
      annotations: {
        [ANNOTATION.rollout]: writeRollout(record),
        [ANNOTATION.order]: null,
        [ANNOTATION.answer]: null,
      },
    });
    if (done === 'updated') return record;
  }
}

function knownRecord(node: NodeFacts, run: Run): RolloutRecord | undefined {
  if (!node.rollout) return undefined;
  if (!node.rollout.ok) {
    throw failure(
      'not-ours',
      `the rollout annotation of ${node.name} cannot be read: ${node.rollout.because}`,
    );
  }
  const record = node.rollout.value;
  if (record.workflowId === run.workflowId && record.runId === run.runId) return record;
  throw failure('not-ours', `node ${node.name} has been taken by ${record.workflowId}`);
}
