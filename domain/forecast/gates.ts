import { backOffRulesOf, REST_MS, type Rest } from '../attempts.ts';
import { closedGates, opensAtMs } from '../gates/closed-gates.ts';
import type { GateFacts } from '../gates/gate.ts';
import { sayGate } from '../gates/names.ts';
import { isNodeGate } from '../gates/node-gates.ts';
import { rolloutId } from '../names.ts';
import type { NodeFacts } from '../node-facts.ts';
import { present } from '../present.ts';
import type { WaitingGate } from '../status.ts';
import { evaluateWindows, openingsOf, type WindowState } from '../window/evaluate.ts';
import type { Opening } from '../window/opening.ts';
import type { Member, Scene, SimulatedPool } from './scene.ts';

export type Look =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'closed';
      readonly because: string;
      /** When all of them are open, where that is known. */
      readonly againAtMs?: number;
      /** The window is open, and not for long enough. */
      readonly missed?: string;
    };

/** The gates of a node at a moment to come, judged as a rollout judges them. */
export function lookAtGates(
  scene: Scene,
  member: Member,
  asked: { readonly moment: 'waiting' | 'cordon'; readonly atMs: number },
): Look {
  const facts = factsAt(scene, member, asked);
  if (!facts) return { kind: 'closed', because: 'its Node object was deleted' };
  const skip = member.rollout?.status?.skipped.map(({ gate }) => gate) ?? [];
  const closed = closedGates(facts, skip);
  if (closed.length === 0) return { kind: 'open' };
  const window = closed.find(({ gate }) => gate === 'window');
  // Whoever has waited in the queue has asked in an opening.
  const hadOne = asked.moment === 'cordon' || openingAt(member.pool, asked.atMs);
  return {
    kind: 'closed',
    because: closed.map(sayGate).join('; '),
    ...present({
      againAtMs: opensAtMs(facts, closed),
      missed: hadOne ? window?.because : undefined,
    }),
  };
}

function factsAt(
  { cluster, awayTaints, readAtMs }: Scene,
  { node: name, pool, rollout, evenIfNotRequired }: Member,
  { moment, atMs }: { readonly moment: 'waiting' | 'cordon'; readonly atMs: number },
): GateFacts | undefined {
  const node = cluster.get(name);
  if (!node) return undefined;
  const known = waitingAt(rollout?.status?.phase);
  return {
    moment,
    node: heardLater(node, atMs - readAtMs),
    workflowId: rolloutId(name),
    ownerRunning: false,
    window: windowAt(pool, atMs),
    outside: Object.fromEntries(
      known.flatMap(({ gate, because }) => (isNodeGate(gate) ? [] : [[gate, because]])),
    ),
    rest: backOffRulesOf(pool.policy),
    awayTaints,
    evenIfNotRequired,
    nowMs: atMs,
    ...present({ restAfter: restOf(known) }),
  };
}

const waitingAt = (
  phase: { readonly at: string; readonly closed?: readonly WaitingGate[] } = { at: '' },
) => phase.closed ?? [];

/** An agent that is heard is taken to be heard later too, and one that is silent to stay so. */
function heardLater(node: NodeFacts, laterMs: number): NodeFacts {
  const { report } = node;
  return report ? { ...node, report: { ...report, heardAtMs: report.heardAtMs + laterMs } } : node;
}

/** A rest that stands nowhere but in the rollout: it has begun before the gate was told. */
function restOf(known: readonly WaitingGate[]): Rest | undefined {
  const rest = known.find(({ gate }) => gate === 'rest');
  return rest && { untilMs: rest.sinceMs + REST_MS, because: rest.because };
}

function windowAt(pool: SimulatedPool, atMs: number): WindowState {
  if (pool.window?.atMs !== atMs) {
    const { plan, opened, needed } = pool;
    const asked = { nowMs: atMs, neededMs: needed.ms, by: needed.by, opened };
    pool.window = { atMs, state: evaluateWindows(plan, asked) };
  }
  return pool.window.state;
}

/** The opening that is under way at this moment. */
export function openingAt(
  { plan, opened }: Pick<SimulatedPool, 'plan' | 'opened'>,
  atMs: number,
): Opening | undefined {
  const [next] = openingsOf(plan, { nowMs: atMs, opened });
  return next && next.opensMs <= atMs ? next : undefined;
}
