import { wantsNode } from '../domain/daemon-set.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { podName } from '../domain/pod-verdict.ts';
import type { Deps } from './deps.ts';

/** A list takes no longer, or the return would not be looked at meanwhile. */
const LISTED_WITHIN_MS = 5_000;
/** Many nodes may come back at once. */
const SHARED_FOR_MS = 10_000;

/**
 * Which of the DaemonSets (`namespace/name`) whose pod was Ready on the node before have none that is Ready now, though the API
 * server says that they should: one that was deleted meanwhile, or wants the node no more, is not waited for.
 */
export async function daemonSetsNotReady(
  deps: Deps,
  node: NodeFacts,
  before: readonly string[],
): Promise<string[]> {
  if (before.length === 0) return [];
  const { pods } = await deps.pods.list(node.name, AbortSignal.timeout(LISTED_WITHIN_MS));
  const there = new Map<string, boolean>();
  for (const { namespace, owner, ready } of pods) {
    if (owner?.kind !== 'DaemonSet') continue;
    const name = podName({ namespace, name: owner.name });
    there.set(name, ready || there.get(name) === true);
  }
  const missing = before.filter((name) => there.get(name) !== true);
  const expected = await Promise.all(missing.map((name) => isExpected(deps, node, name)));
  return missing.filter((_, index) => expected[index]);
}

/** What cannot be found out is expected. */
async function isExpected({ objects }: Deps, node: NodeFacts, name: string): Promise<boolean> {
  const [namespace = '', daemonSet = ''] = name.split('/');
  const answer = await objects.ask(
    {
      verb: 'get',
      group: 'apps',
      version: 'v1',
      resource: 'daemonsets',
      namespace,
      name: daemonSet,
    },
    SHARED_FOR_MS,
  );
  if (answer.kind === 'missing') return false;
  return answer.kind === 'unknown' || wantsNode(answer.objects[0], node);
}
