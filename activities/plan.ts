import { REST_MS, type Rest } from '../domain/attempts.ts';
import { FLEET_SCAN } from '../domain/names.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { present } from '../domain/present.ts';
import { withinPolicy } from '../domain/labels-and-taint.ts';
import { poolOf, problemsOf, type PoolChoice } from '../domain/policy.ts';
import { recover, type Recovery } from '../domain/recovery.ts';
import { RolloutInput, type RolloutRequest } from '../domain/rollout-input.ts';
import type { Deps } from './deps.ts';
import { failure } from './failure.ts';
import { ownerRunning, thisRun } from './ownership.ts';

export interface Plan {
  readonly request: RolloutRequest;
  /** Absent only for a node that a lost rollout has left behind and that has left its pool meanwhile. */
  readonly pool?: string;
  /** It was started by the scan although the rollout before it ended early, and gives people time: absent: it does not. */
  readonly rest?: Rest;
  /** Where the node stands already. */
  readonly recovery: Recovery;
  /** Whether the search attributes are registered, so that the workflow may set them. */
  readonly searchAttributes: boolean;
}

/** Parses what the rollout was started with and looks at its node. Bad input, an unknown node and a node in no pool fail at once. */
export async function planRollout(deps: Deps, input: unknown): Promise<Plan> {
  const parsed = RolloutInput.safeParse(input);
  if (!parsed.success) {
    throw failure(
      'bad-input',
      `the input is refused: ${problemsOf(parsed.error, 'input').join('; ')}`,
    );
  }
  const request = parsed.data;
  const node = await deps.nodes.read(request.node);
  if (!node) {
    throw failure('no-such-node', `there is no node ${request.node}; see kubectl get nodes`);
  }
  const { workflowId } = thisRun();
  const found = recover(node, workflowId, await ownerRunning(deps, node, workflowId));
  const searchAttributes = deps.searchAttributes();
  const choice = poolOf(deps.policy.current(), node.labels);
  const recovery = await trusted(deps, found, { node, choice });
  if (choice.kind === 'pool')
    return {
      request,
      pool: choice.pool.name,
      recovery,
      searchAttributes,
      ...present({ rest: await restAfter(deps, request, { node, recovery }) }),
    };
  if (recovery.at === 'start') {
    throw failure('no-pool', `node ${node.name} is left alone: ${choice.because}`);
  }
  return { request, recovery, searchAttributes };
}

/**
 * The same with what is known for sure of the record. The run that wrote it tells, if it still can; the annotation anybody may
 * have written who may write the node, so that of its labels only those of the pool are put back. Where a person has made the
 * Node anew from a copy with the record in it, it is that Node which is given back.
 */
async function trusted(
  { temporal }: Deps,
  recovery: Recovery,
  { node, choice }: { node: NodeFacts; choice: PoolChoice },
): Promise<Recovery> {
  if (recovery.at === 'start') return recovery;
  const { record } = recovery;
  const known = await temporal.recordOf(record);
  const labels = choice.kind === 'pool' ? choice.pool.labels : undefined;
  const { nodeUid: _, ...trusted } = known ?? withinPolicy(record, labels);
  return { ...recovery, record: { ...trusted, ...present({ nodeUid: node.uid || undefined }) } };
}

/** A node that was left in the middle is not left there to rest; one that remembers its failed tries rests by those. */
async function restAfter(
  { temporal }: Deps,
  { requestedBy }: RolloutRequest,
  { node, recovery }: { node: NodeFacts; recovery: Recovery },
): Promise<Rest | undefined> {
  if (requestedBy !== FLEET_SCAN || recovery.at !== 'start' || node.attempts?.failed)
    return undefined;
  const end = await temporal.endedEarly(thisRun(), Date.now() - REST_MS);
  if (!end) return undefined;
  const untilMs = end.atMs + REST_MS;
  const [ended, again] = [end.atMs, untilMs].map((atMs) => new Date(atMs).toISOString());
  return {
    untilMs,
    because: `the rollout before ended at ${ended}, next try after ${again}: ${end.because}`,
  };
}
