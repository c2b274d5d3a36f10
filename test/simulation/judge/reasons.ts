import type { DrainNews, LockStatus, Phase, RolloutStatus } from '../../../domain/status.ts';
import type { Run } from '../temporal/run.ts';
import type { World } from '../world/world.ts';
import type { Judge } from './judge.ts';

/** In a world at rest a status is complete by then. */
const KNOWN_WITHIN_MS = 3 * 60_000;

/** Whoever is between two steps has said nothing yet; it is asked once more after this. */
const ASK_AGAIN_MS = 60_000;

/** G8: whoever waits says why. */
export function judgeReasons(world: World, judge: Judge): void {
  const { clock, server } = world;
  if (!isCalm(world)) return;
  for (const run of server.runs) {
    if (!run.isOpen || run.startedAtMs > clock.nowMs - KNOWN_WITHIN_MS) continue;
    const silent = silenceOf(run, clock.nowMs);
    if (silent === undefined) continue;
    // Whoever is told by a message waits for it; a lock tells five others before.
    const lateMs = 6 * world.plan.lateSignals.mostMs;
    clock.after(ASK_AGAIN_MS + lateMs, () => {
      const still = isCalm(world) ? silenceOf(run, clock.nowMs) : undefined;
      if (still?.phase === silent.phase) judge.say('G8', `${run.workflowId} ${still.words}`);
    });
  }
}

function isCalm({ clock, disturbedUntilMs }: World): boolean {
  return clock.nowMs >= disturbedUntilMs + KNOWN_WITHIN_MS;
}

/** What a run does not say; undefined when there is nothing to be said, or it says it. */
function silenceOf(run: Run, nowMs: number): { phase: string; words: string } | undefined {
  const { answer, type } = run;
  if (answer === undefined) return undefined;
  if (type === 'nodeRollout') return silenceOfRollout(answer as RolloutStatus, nowMs);
  return type === 'poolLock' ? silenceOfLock(answer as LockStatus, nowMs) : undefined;
}

function silenceOfRollout({ phase, ...status }: RolloutStatus, nowMs: number) {
  if (nowMs - phase.sinceMs < KNOWN_WITHIN_MS || saysWhy(phase, status)) return undefined;
  return {
    phase: phase.at,
    words: `does not say why it waits: ${JSON.stringify({ phase, ...status })}`,
  };
}

/** In some phases something is waited for; in the others what happens is the reason. */
function saysWhy(phase: Phase, { paused }: Pick<RolloutStatus, 'paused'>): boolean {
  if (phase.at === 'paused') return paused !== undefined;
  if (phase.at === 'draining') return saysWhatIsLeft(phase.drain);
  if (phase.at === 'queued') return phase.place !== undefined && phase.place.why !== 'counting';
  if ('closed' in phase) return phase.closed.length > 0;
  return !('because' in phase) || phase.because !== '';
}

const saysWhatIsLeft = (drain: DrainNews | undefined): boolean =>
  drain !== undefined && (drain.blockers.length > 0 || drain.podsLeft === 0);

function silenceOfLock(status: LockStatus, nowMs: number) {
  const { queue, paused, because, permits } = status;
  const waits = queue.some(({ sinceMs }) => nowMs - sinceMs > KNOWN_WITHIN_MS);
  if (!waits || paused || because !== undefined || permits.length > 0) return undefined;
  // Where somebody has got on meanwhile, this is another moment between two steps.
  const phase = queue.map(({ node }) => node).join();
  return { phase, words: `does not say why nobody gets on: ${JSON.stringify(status)}` };
}
