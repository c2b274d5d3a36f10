import { cancellationSignal } from '@temporalio/activity';
import type { GateFacts, Moment } from '../../domain/gates/gate.ts';
import type { Answers, Questions } from '../../domain/gates/outside-gate.ts';
import { dueGates } from '../../domain/gates/outside-gates.ts';
import type { PoolPolicy } from '../../domain/policy.ts';
import { judgePod, type PodFacts } from '../../domain/pod-verdict.ts';
import type { PodList } from '../kube/pods.ts';
import type { Deps } from '../deps.ts';
import { podRules } from '../pool.ts';

/** How old an answer may be that others share. */
const SHARED_FOR_MS = 10_000;
/** Before the cordon and the order: what was true a moment ago, so that only rollouts of the same moment share it. */
const FRESH_FOR_MS = 2_000;

interface ObservedNode {
  readonly node: string;
  readonly pool: PoolPolicy;
  readonly moment: Moment;
  readonly skip: readonly string[];
  readonly inWindow: boolean;
}

/** Asks for all gates outside the Node at once, and says why which are closed. Nobody waits for a gate that is skipped: it is not asked. */
export async function observe(deps: Deps, asked: ObservedNode): Promise<GateFacts['outside']> {
  const ask = asker(deps, asked);
  const judged = dueGates(asked.pool.gates, asked).map(async ({ name, questions, judge }) => {
    const because = judge(await ask(questions));
    return because === undefined ? {} : { [name]: because };
  });
  return Object.assign({}, ...(await orCancelled(Promise.all(judged)))) as GateFacts['outside'];
}

/** Answers the questions of one gate after the other; the pods of the node are listed once for all of them. */
function asker(
  deps: Deps,
  { node, moment, pool }: ObservedNode,
): (questions: Questions) => Promise<Answers> {
  const { alerts, objects, pods } = deps;
  const maxAgeMs = moment === 'waiting' ? SHARED_FOR_MS : FRESH_FOR_MS;
  let onNode: Promise<PodList> | undefined;
  const list = (): Promise<PodList> => (onNode ??= pods.list(node, cancellationSignal()));
  const all = (questions: Questions) =>
    Promise.all([
      Promise.all((questions.prometheis ?? []).map((rules) => alerts.observe(rules, maxAgeMs))),
      Promise.all((questions.objects ?? []).map((one) => objects.ask(one, maxAgeMs))),
      questions.pods === true ? list() : undefined,
    ]);
  return async (questions) => {
    const [prometheis, found, listed] = await all(questions);
    const isCalledFor = typeof questions.pods === 'function' && questions.pods(found);
    const onIt = (isCalledFor ? await list() : listed)?.pods ?? [];
    const nowMs = Date.now();
    return {
      prometheis,
      pods: onIt,
      toEvict: toEvict(deps, onIt, { pool, nowMs }),
      objects: found,
      nowMs,
    };
  };
}

function toEvict(
  deps: Deps,
  pods: readonly PodFacts[],
  { pool, nowMs }: { readonly pool: PoolPolicy; readonly nowMs: number },
): readonly PodFacts[] {
  if (pool.drain.onTimeout === 'delete') return [];
  const rules = podRules(deps, pool, {});
  return pods.filter((pod) => judgePod(pod, rules, nowMs).action === 'evict');
}

/** An answer that others share is waited for without the one who no longer wants it. */
async function orCancelled<T>(answer: Promise<T>): Promise<T> {
  const signal = cancellationSignal();
  signal.throwIfAborted();
  const cancelled = Promise.withResolvers<never>();
  const cancel = (): void => cancelled.reject(signal.reason as Error);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await Promise.race([answer, cancelled.promise]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
