import { cancellationSignal } from '@temporalio/activity';
import { blockingPodsIn } from '../../domain/gates/blocking-pods.ts';
import type { Gates } from '../../domain/gates/gates-schema.ts';
import type { OutsideFacts } from '../../domain/gates/outside.ts';
import type { Deps } from '../deps.ts';

/** How old a look may be that others share. */
export const SHARED_FOR_MS = 10_000;
/** Before the cordon and the order: what was true a moment ago, so that only rollouts of the same moment share it. */
export const FRESH_FOR_MS = 2_000;

export interface OutsideQuestion {
  readonly node: string;
  readonly gates: Gates;
  /** Gates nobody has to be asked about. */
  readonly skip: readonly string[];
  readonly maxAgeMs: number;
}

/** Asks everybody outside the Node at once. A gate that is skipped is not asked about, so that nobody waits for it. */
export async function outsideFacts(
  deps: Pick<Deps, 'alerts' | 'kuredLocks' | 'pods'>,
  asked: OutsideQuestion,
): Promise<OutsideFacts> {
  const { gates, skip, maxAgeMs } = asked;
  const prometheis = skip.includes('alerts') ? [] : (gates.alerts ?? []);
  const lock = skip.includes('kuredLock') ? undefined : gates.kuredLock;
  const [alerts, blockingPods, look] = await orCancelled(
    Promise.all([
      Promise.all(prometheis.map((rules) => deps.alerts.look(rules, maxAgeMs))),
      podsThatBlock(deps, asked),
      lock && deps.kuredLocks.look(lock, maxAgeMs),
    ]),
  );
  return { alerts, blockingPods, ...(lock && look && { kuredLock: { rules: lock, look } }) };
}

async function podsThatBlock(
  { pods }: Pick<Deps, 'pods'>,
  { node, gates, skip }: OutsideQuestion,
): Promise<readonly string[]> {
  if (gates.blockingPods.length === 0 || skip.includes('blockingPods')) return [];
  const list = await pods.list(node, cancellationSignal());
  return blockingPodsIn(list.pods, gates.blockingPods);
}

/** A look that others share goes on without the one who no longer waits for it. */
async function orCancelled<T>(look: Promise<T>): Promise<T> {
  const signal = cancellationSignal();
  signal.throwIfAborted();
  const cancelled = Promise.withResolvers<never>();
  const cancel = (): void => cancelled.reject(signal.reason as Error);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await Promise.race([look, cancelled.promise]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
