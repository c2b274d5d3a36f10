import { backoffMs } from '../../domain/backoff.ts';
import type { DrainResult } from '../../domain/drain-progress.ts';
import { podName } from '../../domain/pod-verdict.ts';
import { warningLines } from '../../domain/pod-warnings.ts';
import { pause } from '../auto-reset-event.ts';
import { deleteLeft } from './delete.ts';
import { evictDue } from './evict.ts';
import { apply, GUARD_EVERY_MS, look, mayGoOn, noteTrouble } from './look.ts';
import { progressOf, timedOut } from './report.ts';
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
/** A watch that ends sooner was of no use: pause before the next, so that a failing server is not hammered. */
const USEFUL_WATCH_MS = 5_000;
const PAUSE = { firstMs: 1_000, mostMs: 30_000 };

/**
 * Ensures that no pod is left on the node but those that may stay, and that the volumes of the others are detached: list, evict,
 * follow, until a list shows it. Fails as `drain-timed-out`, naming what is in the way. Safe to repeat at any point.
 */
export async function drainNode(ports: DrainPorts, input: DrainInput): Promise<DrainResult> {
  const drain = beginDrain(ports, input);
  const report = (): void => ports.progress(progressOf(drain));
  const ticker = setInterval(report, PROGRESS_EVERY_MS);
  try {
    await emptyOut(drain, report);
    report();
    return resultOf(drain);
  } finally {
    clearInterval(ticker);
    drain.stop();
  }
}

async function emptyOut(drain: Drain, report: () => void): Promise<void> {
  const { ports, input } = drain;
  const evicting = { act: evictDue, untilMs: input.deadlineMs, report };
  if (await emptied(drain, evicting)) {
    if (await detached(drain, evicting)) return;
    throw timedOut(drain);
  }
  // Without a view of the node nobody knows what would be deleted.
  if (input.options.onTimeout === 'undo' || drain.trouble) throw timedOut(drain);
  await deleteLeft(drain);
  const untilMs = ports.nowMs() + AFTER_DELETE_MS;
  const watching = { act: onlyWatch, untilMs, report };
  const empty = (await emptied(drain, watching)) && (await detached(drain, watching));
  if (!empty) throw timedOut(drain);
}

const onlyWatch = (): number => Number.POSITIVE_INFINITY;

interface Round {
  /** Does what is due and says when something is due next. */
  readonly act: (drain: Drain) => number;
  readonly untilMs: number;
  readonly report: () => void;
}

/** Lists and follows until a list shows nobody left who has to go: true; or until the time is over: false. */
async function emptied(drain: Drain, round: Round): Promise<boolean> {
  const { ports } = drain;
  for (let failures = 0; ;) {
    if (drain.broken) throw drain.broken.error;
    const resourceVersion = await look(drain);
    round.report();
    if (resourceVersion !== undefined && podsLeft(drain).length === 0) return true;
    if (ports.nowMs() >= round.untilMs) return false;
    const useful = resourceVersion !== undefined && (await follow(drain, resourceVersion, round));
    failures = useful ? 0 : failures + 1;
    if (failures > 0) await pauseAfter(drain, failures, round);
  }
}

/** Acts on what the watch tells until nobody is left, the watch ends, or the time is over; false when it was of no use. */
async function follow(drain: Drain, resourceVersion: string, round: Round): Promise<boolean> {
  const { ports, changed, input } = drain;
  const stop = new AbortController();
  const signal = AbortSignal.any([drain.signal, stop.signal]);
  const stream = { open: true };
  const beganMs = ports.nowMs();
  const onEvent = (event: Parameters<typeof apply>[1]): void => apply(drain, event);
  const watching = ports.pods.watch({ node: input.node, resourceVersion, onEvent, signal });
  const ended = watching.then((end) => {
    stream.open = false;
    if (end.kind === 'broke') noteTrouble(drain, `watching pods: ${end.because}`);
    return changed.set();
  });
  try {
    while (stream.open && podsLeft(drain).length > 0 && ports.nowMs() < round.untilMs) {
      if (!(await mayGoOn(drain))) return false;
      if (drain.broken) throw drain.broken.error;
      const nextMs = round.act(drain);
      round.report();
      const guardMs = drain.guardedMs + GUARD_EVERY_MS;
      await changed.wait(Math.min(nextMs, guardMs, round.untilMs) - ports.nowMs(), drain.signal);
    }
    return podsLeft(drain).length === 0 || ports.nowMs() - beganMs >= USEFUL_WATCH_MS;
  } finally {
    stop.abort();
    await ended;
  }
}

async function pauseAfter(drain: Drain, failures: number, round: Round): Promise<void> {
  const { ports, signal } = drain;
  const pauseMs = backoffMs(PAUSE, failures, ports.random?.() ?? Math.random());
  round.report();
  await pause(Math.min(pauseMs, round.untilMs - ports.nowMs()), signal);
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
    warnings: warningLines(drain.evictions),
    daemonSetsReady: daemonSets,
  };
}
