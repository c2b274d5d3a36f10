import type { DrainResult } from '../../domain/drain-progress.ts';
import { podName } from '../../domain/pod-verdict.ts';
import { follow } from '../kube/follow.ts';
import { deleteLeft } from './delete.ts';
import { evictDue } from './evict.ts';
import { apply, guardAtMs, mayGoOn, podSource, trying } from './observe.ts';
import { progressOf, timedOut, warningsOf } from './report.ts';
import {
  beginDrain,
  podsLeft,
  podsStaying,
  type Drain,
  type DrainInput,
  type DrainPorts,
} from './state.ts';
import { detached } from './volumes.ts';

const PROGRESS_EVERY_MS = 5_000;
/** How long pods deleted at the deadline, and their volumes, may take to go. */
const AFTER_DELETE_MS = 45_000;

/**
 * Ensures that no pod is left on the node but those that may stay, and that the volumes of the others are detached: list, evict,
 * follow, until a list shows it. Fails as `drain-timed-out`, naming what is in the way. Safe to repeat at any point.
 */
export async function drainNode(ports: DrainPorts, input: DrainInput): Promise<DrainResult> {
  const drain = beginDrain(ports, input);
  const report = (): void => ports.progress(progressOf(drain));
  const ticker = setInterval(report, PROGRESS_EVERY_MS);
  const deaf = ports.onNews?.(() => {
    drain.isNews = true;
    drain.changed.set();
  });
  try {
    await emptyOut(drain, report);
    report();
    return resultOf(drain);
  } finally {
    clearInterval(ticker);
    deaf?.();
    drain.stop();
  }
}

async function emptyOut(drain: Drain, report: () => void): Promise<void> {
  const { ports, input } = drain;
  const evicting = { act: evictDue, untilMs: input.deadlineMs, report };
  while (await emptied(drain, evicting)) {
    if (!(await detached(drain, evicting))) throw timedOut(drain);
    if (await staysEmpty(drain, report)) return;
  }
  // Without a view of the node nobody knows what would be deleted.
  if (input.options.onTimeout === 'undo' || drain.trouble) throw timedOut(drain);
  await deleteLeft(drain);
  const untilMs = ports.nowMs() + AFTER_DELETE_MS;
  const isOver = (): boolean => podsLeft(drain).some(({ pod }) => !drain.awaited.has(pod.uid));
  const watching = { act: onlyWatch, untilMs, report, isOver };
  const empty = (await emptied(drain, watching)) && (await detached(drain, watching));
  if (!empty) throw timedOut(drain);
}

const onlyWatch = (): number => Number.POSITIVE_INFINITY;

interface Round {
  /** Does what is due and says when something is due next. */
  readonly act: (drain: Drain) => number;
  readonly untilMs: number;
  readonly report: () => void;
  /** It cannot come to a good end any more. */
  readonly isOver?: () => boolean;
}

/** Lists and follows until a list shows nobody left who has to go: true; or until the time is over: false. */
async function emptied(drain: Drain, round: Round): Promise<boolean> {
  const { ports } = drain;
  while (ports.nowMs() < round.untilMs && !round.isOver?.()) {
    if (await followed(drain, round)) return true;
  }
  const source = podSource(drain);
  const listed = await trying(drain, () => source.list(drain.signal));
  if (!listed) return false;
  apply(drain, { kind: 'listed', ...listed });
  return podsLeft(drain).length === 0;
}

/**
 * Acts on what a follower shows until a list shows nobody left who has to go: true. Or until there is reason to list anew:
 * because the watch shows nobody left, the guard could not be asked, or the time is over.
 */
async function followed(drain: Drain, round: Round): Promise<boolean> {
  const { ports, changed } = drain;
  const isEnough = (): boolean => drain.view === 'listed-empty';
  return await whileFollowed(drain, isEnough, async () => {
    while (ports.nowMs() < round.untilMs && !round.isOver?.()) {
      if (drain.broken) throw drain.broken.error;
      if (isEnough()) return true;
      const nextMs = drain.view === 'open' ? await act(drain, round) : round.untilMs;
      if (nextMs === 'list-anew') return false;
      round.report();
      await changed.wait(nextMs - ports.nowMs(), drain.signal);
    }
    return false;
  });
}

/** Works while the node's pods are followed, until `isEnough` of them has been seen. */
async function whileFollowed<T>(
  drain: Drain,
  isEnough: () => boolean,
  work: () => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const signal = AbortSignal.any([drain.signal, stop.signal]);
  const following = follow(
    podSource(drain),
    (update) => {
      apply(drain, update);
      if (isEnough()) stop.abort();
    },
    { signal, random: () => drain.ports.random?.() ?? Math.random() },
  );
  try {
    return await work();
  } finally {
    drain.view = 'none';
    stop.abort();
    await following;
  }
}

/** Who tolerates the cordon is put back within a moment, where that is done at all. */
const PUT_BACK_WITHIN_MS = 5_000;

/** Goes on looking while pods may be put back, and for as long as the policy wants the node to be empty: false when one was. */
async function staysEmpty(drain: Drain, report: () => void): Promise<boolean> {
  const { ports, input, evictions, changed } = drain;
  const mayComeBack = evictions.some(({ pod }) => pod.toleratesCordon && pod.owner !== undefined);
  const forMs = Math.max(input.staysEmptyMs, mayComeBack ? PUT_BACK_WITHIN_MS : 0);
  if (forMs === 0) return true;
  const untilMs = ports.nowMs() + forMs;
  drain.waits = 'the node is empty, and is looked at for a while before its reboot';
  const isBack = (): boolean => podsLeft(drain).length > 0;
  const goesOn = (): boolean => !isBack() && ports.nowMs() < untilMs;
  const look = async (): Promise<void> => {
    while (goesOn()) {
      if (drain.broken) throw drain.broken.error;
      const isSeen = drain.view === 'open';
      // A guard that cannot be asked is left to the follower, which asks it before each list, at its own pace.
      if (isSeen && !(await mayGoOn(drain))) return;
      report();
      const nextMs = isSeen ? Math.min(untilMs, guardAtMs(drain)) : untilMs;
      await changed.wait(nextMs - ports.nowMs(), drain.signal);
    }
  };
  while (goesOn()) await whileFollowed(drain, isBack, look);
  drain.waits = undefined;
  return !isBack();
}

/** When something is due next. */
async function act(drain: Drain, round: Round): Promise<number | 'list-anew'> {
  if (podsLeft(drain).length === 0 || !(await mayGoOn(drain))) return 'list-anew';
  if (drain.broken) throw drain.broken.error;
  const nextMs = round.act(drain);
  return Math.min(nextMs, guardAtMs(drain), round.untilMs);
}

function resultOf(drain: Drain): DrainResult {
  const daemonSets = podsStaying(drain)
    .filter(({ ready, deletionTimestampMs }) => ready && deletionTimestampMs === undefined)
    .flatMap(({ namespace, owner }) =>
      owner?.kind === 'DaemonSet' ? [podName({ namespace, name: owner.name })] : [],
    );
  return {
    evicted: drain.evictions.length,
    deleted: drain.deleted,
    warnings: warningsOf(drain),
    daemonSetsReady: daemonSets,
    ...(Object.keys(drain.cameBack).length > 0 ? { cameBack: drain.cameBack } : {}),
  };
}
