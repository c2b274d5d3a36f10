import type { PodFacts } from '../../domain/pod-verdict.ts';
import type { Drain } from './state.ts';
import { kindOf } from '../failure.ts';
import type { PodEvent } from '../kube/pod-watch.ts';

/** The guard is asked again after this long, so it may cost a request. */
export const GUARD_EVERY_MS = 15_000;
/** A pod that turns up during the drain was just put here: whoever did it may do so again, so it is not chased in a hot loop. */
const NEWCOMER_PAUSE_MS = 5_000;

/** Lists the pods; the resource version to watch from, or undefined when the API server is in trouble. */
export async function look(drain: Drain): Promise<string | undefined> {
  return trying(drain, async () => {
    await askGuard(drain);
    const { pods, resourceVersion } = await drain.ports.pods.list(drain.input.node, drain.signal);
    drain.pods.clear();
    for (const pod of pods) notice(drain, pod);
    for (const uid of drain.attempts.keys()) if (!drain.pods.has(uid)) drain.attempts.delete(uid);
    drain.listed = true;
    return resourceVersion;
  });
}

/** Whether the drain may go on acting: false when that cannot be found out; throws when it may not. */
export async function mayGoOn(drain: Drain): Promise<boolean> {
  if (!guardIsDue(drain)) return true;
  return (await trying(drain, () => askGuard(drain).then(() => true))) ?? false;
}

/** Takes in what the watch tells. */
export function apply(drain: Drain, event: PodEvent): void {
  switch (event.kind) {
    case 'seen':
      notice(drain, event.pod);
      break;
    case 'gone':
      drain.pods.delete(event.uid);
      drain.attempts.delete(event.uid);
      break;
    default:
      event satisfies never;
  }
  drain.changed.set();
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
    const kind = kindOf(error);
    if (kind !== 'kube-unavailable' && kind !== 'kube-forbidden') throw error;
    noteTrouble(drain, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

export function noteTrouble(drain: Drain, because: string): void {
  const sinceMs = drain.trouble?.sinceMs ?? drain.ports.nowMs();
  drain.trouble = { what: 'API server', because, sinceMs };
}

function guardIsDue({ ports, guardedMs }: Drain): boolean {
  return ports.nowMs() - guardedMs >= GUARD_EVERY_MS;
}

export async function askGuard(drain: Drain): Promise<void> {
  if (!guardIsDue(drain)) return;
  await drain.ports.guard();
  drain.guardedMs = drain.ports.nowMs();
}

function notice(drain: Drain, pod: PodFacts): void {
  drain.pods.set(pod.uid, pod);
  if (drain.attempts.has(pod.uid)) return;
  const nowMs = drain.ports.nowMs();
  const nextMs = drain.listed ? nowMs + NEWCOMER_PAUSE_MS : nowMs;
  drain.attempts.set(pod.uid, { asking: false, tries: 0, nextMs, sinceMs: nowMs });
}
