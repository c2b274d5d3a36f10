import { type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { answerOf, kubeClient, statusOf } from '../../activities/kube/client.ts';
import { limited } from '../../activities/kube/request-limit.ts';
import { GATES } from '../../domain/gates/names.ts';
import { messageOf } from '../../domain/message-of.ts';
import { rolloutId } from '../../domain/names.ts';
import { nodeFacts } from '../../domain/node-facts.ts';
import { present } from '../../domain/present.ts';
import type { RolloutResult, RolloutStatus } from '../../domain/status.ts';
import { reasonsOf } from '../../domain/why-it-waits.ts';
import { readKubeConfig } from '../access.ts';
import { rolloutOf } from '../status/gather.ts';
import { latestScans } from '../temporal-view.ts';
import type { FormerRollout, GateSeen, WhySeen } from './seen.ts';

/** Looks at everything that says why one node is rebooted or is not; changes nothing. */
export async function gatherWhy(client: Client, node: string, nowMs: number): Promise<WhySeen> {
  const [rollout, former, [scan], onNode] = await Promise.all([
    runningRollout(client, node),
    formerRollouts(client, node),
    latestScans(client),
    readNode(node),
  ]);
  const leftAlone = scan?.unmanaged.find((one) => one.node === node)?.because;
  return {
    atMs: nowMs,
    node,
    reasons: rollout?.status ? reasonsOf(rollout.status) : [],
    former,
    onNode,
    ...present({
      rollout,
      gates: rollout?.status && gatesOf(rollout.status),
      leftAlone,
      scannedMs: scan?.atMs,
    }),
  };
}

async function runningRollout(client: Client, node: string) {
  const found = await client.workflow
    .getHandle(rolloutId(node))
    .describe()
    .catch(() => undefined);
  const isOpen = found?.status.name === 'RUNNING' || found?.status.name === 'PAUSED';
  return isOpen && found ? await rolloutOf(client, found) : undefined;
}

/** Closed ones stand in the status while it waits for them; whoever is past them has found all open. */
function gatesOf({ phase, skipped }: RolloutStatus): GateSeen[] {
  const closed = phase.at === 'waiting' ? phase.closed : [];
  return GATES.map((gate): GateSeen => {
    const found = closed.find((one) => one.gate === gate);
    if (found) return { gate, state: 'closed', because: found.because, sinceMs: found.sinceMs };
    const word = skipped.findLast((one) => one.gate === gate);
    if (!word) return { gate, state: 'open' };
    return { gate, state: 'skipped', because: `by ${word.by}: ${word.reason}`, sinceMs: word.atMs };
  });
}

const FORMER = 3;

async function formerRollouts(client: Client, node: string): Promise<FormerRollout[]> {
  const query = `WorkflowId = "${rolloutId(node)}" AND ExecutionStatus NOT IN ("Running", "Paused", "ContinuedAsNew")`;
  const former: FormerRollout[] = [];
  for await (const found of client.workflow.list({ query, pageSize: FORMER })) {
    former.push(await formerRollout(client, found));
    if (former.length === FORMER) break;
  }
  return former;
}

async function formerRollout(
  { workflow }: Client,
  { workflowId, runId, startTime, closeTime, status }: WorkflowExecutionInfo,
): Promise<FormerRollout> {
  const times = { runId, startedMs: startTime.getTime(), endedMs: closeTime?.getTime() ?? 0 };
  try {
    const handle = workflow.getHandle<() => Promise<RolloutResult>>(workflowId, runId);
    const { outcome, because } = await handle.result();
    return { ...times, outcome, because };
  } catch (error) {
    const because = messageOf((error as { readonly cause?: unknown }).cause ?? error);
    return { ...times, outcome: status.name.toLowerCase(), because };
  }
}

async function readNode(name: string): Promise<WhySeen['onNode']> {
  try {
    const { core } = kubeClient(readKubeConfig());
    const { report, hold, ready, unschedulable, bootId } = nodeFacts(
      await core.readNode({ name }, limited()),
    );
    return { ready, unschedulable, bootId, ...present({ report, hold }) };
  } catch (error) {
    return statusOf(error) === 404 ? 'there is no such node' : answerOf(error);
  }
}
