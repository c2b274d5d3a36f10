import { cancellationSignal, Context, heartbeat, log } from '@temporalio/activity';
import type { DrainProgress, DrainResult } from '../../domain/drain-progress.ts';
import type { CameBack } from '../../domain/pod-verdict.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { pause } from '../auto-reset-event.ts';
import type { Deps } from '../deps.ts';
import { drainNode } from './drain.ts';
import { blockedNotifier } from '../notify/blocked.ts';
import { whyClosed, type GateQuestion } from '../gates/gate-facts.ts';
import { ourRecord, stillCordoned, thisRun, type Run } from '../ownership.ts';
import { drainOptions, poolPolicy, withPolicyNow, type Followed } from '../pool.ts';

/** A signal is heard by heartbeats. */
const BEAT_MS = 5_000;

export interface DrainRequest extends GateQuestion {
  /** When this rollout began to drain; the deadline counts from here, however often it is tried. */
  readonly startedAtMs: number;
  /** When the cordon was written, so that it need not be looked for at once. */
  readonly cordonedAtMs: number;
  /** The UID of the Node that was taken. */
  readonly nodeUid?: string;
  /** How often pods have come back in the drains of this rollout before this one; absent: none has. */
  readonly cameBack?: CameBack;
}

/** The drain is done, or a gate has closed meanwhile for which it is given up. */
export type Drained = DrainResult | ({ readonly closed: string } & Followed);

class GateClosed extends Error {
  readonly policy: string;

  constructor(because: string, policy: string) {
    super(because);
    this.policy = policy;
  }
}

/** Drains the node as its pool's policy says, while the cordon stays ours, the window open and nobody holds the node. */
export async function drainAsOrdered(deps: Deps, asked: DrainRequest): Promise<Drained> {
  try {
    return await drain(deps, asked);
  } catch (error) {
    if (error instanceof GateClosed) return { closed: error.message, policy: error.policy };
    throw error;
  }
}

async function drain(deps: Deps, asked: DrainRequest): Promise<DrainResult> {
  const { node, pool, startedAtMs, cordonedAtMs, cameBack = {} } = asked;
  const run = thisRun();
  const signal = cancellationSignal();
  const policy = poolPolicy(deps, pool);
  const beginMs = startedAtMs + policy.drain.delay;
  await waitUntil(beginMs, 'waits a while after the cordon, as the policy says');
  const reporter = progressReporter(deps, run, blockedNotifier(deps, asked));
  const result = await drainNode(
    {
      pods: deps.pods,
      progress: (progress) => reporter.report(progress),
      guard: () => mayGoOn(deps, asked, run),
      onNews: (due) => onNews(deps, node, due),
      refused: () => deps.evictionRefused(pool),
      signal,
      nowMs: Date.now,
    },
    {
      node,
      own: deps.own,
      deadlineMs: beginMs + policy.drain.timeout,
      options: drainOptions(policy),
      guardedAtMs: cordonedAtMs,
      staysEmptyMs: policy.reboot.delay,
      cameBack,
    },
  ).catch(async (error: unknown) => {
    // Whoever has stopped it is answered with what is left.
    if (Context.current().cancellationDetails?.cancelRequested) await reporter.tell();
    throw error;
  });
  log.info('node drained', { node, ...result });
  return result;
}

async function mayGoOn(source: Deps, asked: DrainRequest, run: Run): Promise<void> {
  const deps = withPolicyNow(source);
  const seen = await deps.nodes.read(asked.node);
  ourRecord(seen, asked, run);
  if (!seen) return;
  stillCordoned(seen);
  const closed = await whyClosed(deps, { ...asked, moment: 'drain' }, seen);
  if (closed !== undefined) throw new GateClosed(closed, deps.policy.hash);
}

/** Everything of a node for which a drain may have to be given up. */
const concerns = (node: NodeFacts | undefined): string => {
  const { uid, deleting, unschedulable, rollout, hold, taints, labels } = node ?? {};
  return JSON.stringify([uid, deleting, unschedulable, rollout, hold, taints, labels]);
};

/** Tells when the node has changed in a way that concerns the drain. */
function onNews({ fleet }: Deps, name: string, due: () => void): () => void {
  let known = concerns(fleet.node(name));
  return fleet.onChange(name, (node) => {
    const shown = concerns(node);
    if (shown !== known) due();
    known = shown;
  });
}

/** A drain that is over sooner has nothing to tell that would be read; one that lasts tells again only so often, for each is an event. */
const REPORT_AFTER_MS = 15_000;
const REPORT_EVERY_MS = 60_000;
const REPORT_AT_LEAST_EVERY_MS = 10 * 60_000;

interface Reporter {
  report(progress: DrainProgress): void;
  /** Tells the rollout the latest once more. */
  tell(): Promise<void>;
}

/** Beats with the progress, and tells the rollout when the drain takes its time, so that its status can say why. */
function progressReporter(
  deps: Deps,
  run: Run,
  people: (progress: DrainProgress) => void,
): Reporter {
  const context = Context.current();
  let nextMs = Date.now() + REPORT_AFTER_MS;
  let pauseMs = REPORT_EVERY_MS;
  let latest: DrainProgress | undefined;
  const tell = async (): Promise<void> => {
    if (!latest) return;
    await deps.temporal.signalRollout(run, 'drainProgress', latest).catch(() => undefined);
  };
  return {
    tell,
    report(progress) {
      latest = progress;
      context.heartbeat(progress);
      people(progress);
      if (Date.now() < nextMs) return;
      nextMs = Date.now() + pauseMs;
      pauseMs = Math.min(2 * pauseMs, REPORT_AT_LEAST_EVERY_MS);
      // Not waited for: a Temporal that is away must not hold up the drain, and the heartbeat says the same.
      void tell();
    },
  };
}

async function waitUntil(atMs: number, because: string): Promise<void> {
  while (Date.now() < atMs) {
    heartbeat({ because });
    await pause(Math.min(BEAT_MS, atMs - Date.now()), cancellationSignal());
  }
}
