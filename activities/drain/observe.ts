import { backoffMs } from '../../domain/backoff.ts';
import { ownerOf, type PodFacts } from '../../domain/pod-verdict.ts';
import { podsLeft, type Drain } from './state.ts';
import { kindOf } from '../failure.ts';
import { answerOf } from '../kube/client.ts';
import type { Source, Update } from '../kube/follow.ts';

/** The guard is asked again after this long, so it may cost a request. */
const GUARD_EVERY_MS = 15_000;
/** And no sooner than this when there is news: whoever writes the node all the time must not have the worker read it all the time. */
const GUARD_AGAIN_MS = 2_000;
/** A pod that turns up during the drain was just put here: whoever did it may do so again, so it is not chased in a hot loop. */
const NEWCOMER_PAUSES = { firstMs: 5_000, mostMs: 60_000 };

/** The node's pods, for the follower: the guard is asked before each list, and nothing is done before the watch is begun. */
export function podSource(drain: Drain): Source<PodFacts> {
  const { ports, input } = drain;
  return {
    async list(signal) {
      await askGuard(drain);
      const { pods, resourceVersion } = await ports.pods.list(input.node, signal);
      return { items: pods, resourceVersion };
    },
    watch(request) {
      const ended = ports.pods.watch(input.node, request);
      drain.view = 'open';
      drain.changed.set();
      return ended;
    },
  };
}

/** Whether the drain may go on acting: false when that cannot be found out; throws when it may not. */
export async function mayGoOn(drain: Drain): Promise<boolean> {
  if (!guardIsDue(drain)) return true;
  return (await trying(drain, () => askGuard(drain).then(() => true))) ?? false;
}

/** Takes in what is seen of the node's pods, or that nothing can be. */
export function apply(drain: Drain, update: Update<PodFacts>): void {
  switch (update.kind) {
    case 'listed':
      takeIn(drain, update.items);
      break;
    case 'seen':
      notice(drain, update.object);
      break;
    case 'gone':
      drain.pods.delete(update.object.uid);
      drain.attempts.delete(update.object.uid);
      break;
    case 'alive':
      return;
    case 'lost':
      drain.view = 'none';
      if (update.by === 'watch') noteTrouble(drain, `watching pods: ${answerOf(update.error)}`);
      else if (isTrouble(update.error)) noteTrouble(drain, update.error.message);
      else drain.broken = { error: update.error };
      break;
    default:
      update satisfies never;
  }
  drain.changed.set();
}

function takeIn(drain: Drain, pods: readonly PodFacts[]): void {
  drain.pods.clear();
  for (const pod of pods) notice(drain, pod);
  for (const uid of drain.attempts.keys()) if (!drain.pods.has(uid)) drain.attempts.delete(uid);
  drain.listed = true;
  drain.trouble = undefined;
  if (podsLeft(drain).length === 0) drain.view = 'listed-empty';
}

/** Runs what needs the API server; its trouble is kept for people, anything else is thrown. */
export async function trying<T>(drain: Drain, what: () => Promise<T>): Promise<T | undefined> {
  const { signal, aborted } = drain;
  signal.throwIfAborted();
  try {
    const found = await Promise.race([what(), aborted]);
    drain.trouble = undefined;
    return found;
  } catch (error) {
    signal.throwIfAborted();
    if (!isTrouble(error)) throw error;
    noteTrouble(drain, error.message);
    return undefined;
  }
}

/** That the API server cannot be asked passes; anything else ends the drain. */
function isTrouble(error: unknown): error is Error {
  const kind = kindOf(error);
  return kind === 'kube-unavailable' || kind === 'kube-forbidden';
}

function noteTrouble(drain: Drain, because: string): void {
  const sinceMs = drain.trouble?.sinceMs ?? drain.ports.nowMs();
  drain.trouble = { what: 'API server', because, sinceMs };
}

/** When the guard is asked next. */
export function guardAtMs({ guardedMs, isNews }: Drain): number {
  return guardedMs + (isNews ? GUARD_AGAIN_MS : GUARD_EVERY_MS);
}

const guardIsDue = (drain: Drain): boolean => drain.ports.nowMs() >= guardAtMs(drain);

export async function askGuard(drain: Drain): Promise<void> {
  if (!guardIsDue(drain)) return;
  // What changes while it is asked is news again.
  drain.isNews = false;
  try {
    await drain.ports.guard();
  } catch (error) {
    // Without an answer it is as due as before.
    drain.isNews = true;
    throw error;
  }
  drain.guardedMs = drain.ports.nowMs();
}

function notice(drain: Drain, pod: PodFacts): void {
  drain.pods.set(pod.uid, pod);
  if (drain.attempts.has(pod.uid)) return;
  const nowMs = drain.ports.nowMs();
  const owner = ownerOf(pod);
  const { times = 0, sinceMs = nowMs } = drain.evictedOf.get(owner) ?? {};
  const cameBack = Math.max(times, drain.cameBack[owner] ?? 0);
  if (cameBack > 0) drain.cameBack[owner] = cameBack;
  const isNew = drain.listed || cameBack > 0;
  const nextMs = nowMs + (isNew ? backoffMs(NEWCOMER_PAUSES, Math.max(1, cameBack)) : 0);
  drain.attempts.set(pod.uid, { asking: false, tries: 0, nextMs, sinceMs, cameBack });
}
