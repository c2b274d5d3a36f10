import { log } from '@temporalio/activity';
import {
  closedGates,
  nothingToDo,
  sameGates,
  sayGate,
  type ClosedGate,
  type GateFacts,
} from '../domain/gates.ts';
import type { Gates } from '../domain/gates/gates-schema.ts';
import type { OutsideFacts } from '../domain/gates/outside.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { poolOf } from '../domain/policy.ts';
import type { Deps } from './deps.ts';
import { waiting } from './failure.ts';
import { FRESH_FOR_MS, outsideFacts, SHARED_FOR_MS } from './gates/outside.ts';
import { thisRun } from './ours.ts';
import {
  knownPool,
  movedFrom,
  restRules,
  withPolicyNow,
  type Followed,
  type Moved,
  type Place,
} from './pool.ts';
import { windowLook } from './windows.ts';

export interface GateQuestion extends Place {
  readonly node: string;
  /** Gates a person has told us to skip. */
  readonly skip: readonly string[];
  readonly evenIfNotRequired: boolean;
}

/** What decides when it is the node's turn. */
export interface Standing {
  readonly zone?: string;
  /** From then on it goes before others; absent when nobody knows since when it waits. */
  readonly overdueAtMs?: number;
}

export type GateLook =
  | ({ readonly kind: 'open' } & Standing & Followed)
  | ({
      readonly kind: 'closed';
      readonly closed: readonly ClosedGate[];
      readonly lookAgainMs: number;
    } & Followed)
  /** Its pool is another now, whose gates are to be looked at. */
  | Moved
  | { readonly kind: 'nothing-to-do'; readonly because: string }
  | { readonly kind: 'gone'; readonly because: string };

/** Looks at every gate once and says what is closed. */
export async function lookAtGates(source: Deps, asked: GateQuestion): Promise<GateLook> {
  const deps = withPolicyNow(source);
  const { hash: policy } = deps.policy;
  const node = await deps.nodes.read(asked.node);
  if (!node) return { kind: 'gone', because: 'its Node object was deleted' };
  const moved = movedFrom(asked, deps, node);
  // Without a pool it stays where it is, for the gate to say so.
  if (moved?.pool !== undefined) return moved;
  const facts = await gateFacts(deps, { ...asked, moment: 'waiting' }, node);
  const closed = closedGates(facts, asked.skip);
  if (closed.length === 0) return { kind: 'open', policy, ...standing(deps, asked, node) };
  const idle = asked.skip.includes('required') ? undefined : nothingToDo(facts);
  if (idle !== undefined) return { kind: 'nothing-to-do', because: idle };
  return { kind: 'closed', policy, closed, lookAgainMs: untilNextLook(deps, facts) };
}

/**
 * Waits until there is something new to say: the gates are open, or others are closed than the `known` ones. While nothing
 * changes it fails with the reasons as its message and is retried, which costs no history and no slot.
 */
export async function passGates(
  deps: Deps,
  asked: GateQuestion & { readonly known: readonly ClosedGate[] },
): Promise<GateLook> {
  const look = await lookAtGates(deps, asked);
  if (look.kind === 'closed' && sameGates(look.closed, asked.known)) {
    const because = look.closed.map(sayGate).join('; ');
    throw waiting('gate-closed', because, spread(look.lookAgainMs, deps.lookAgainMs));
  }
  if (look.kind === 'closed') {
    log.info('node waits', { node: asked.node, because: look.closed.map(sayGate) });
  }
  return look;
}

function standing(deps: Deps, asked: GateQuestion, { zone, report }: NodeFacts): Standing {
  const overdueAfterMs = knownPool(deps, asked.pool)?.overdueAfter;
  const since = report?.sinceMs;
  return {
    ...(zone === undefined ? {} : { zone }),
    ...(since && overdueAfterMs ? { overdueAtMs: since + overdueAfterMs } : {}),
  };
}

/** So that a fleet does not look all at once. A window that opens soon is looked at just after it has. */
function spread(pauseMs: number, usualMs: number): number {
  const random = Math.random();
  return Math.round(pauseMs < usualMs ? pauseMs + random * 1_000 : pauseMs * (0.9 + random * 0.2));
}

/** The usual pause, or a shorter one when the window opens sooner. */
function untilNextLook({ lookAgainMs }: Deps, { window, nowMs }: GateFacts): number {
  if (window.kind === 'open' || window.opensMs === undefined) return lookAgainMs;
  return Math.min(lookAgainMs, Math.max(1_000, window.opensMs - nowMs));
}

/** The steps of a rollout that look at the gates. */
type Moment = 'waiting' | 'cordon' | 'drain' | 'order';

/** Everything the gates are judged on, for a node just read; in mid-drain nobody outside is asked, for nothing of it ends a drain. */
export async function gateFacts(
  deps: Deps,
  { moment, ...asked }: GateQuestion & { readonly moment: Moment },
  node: NodeFacts,
): Promise<GateFacts> {
  const { workflowId } = thisRun();
  const owner = node.rollout?.ok ? node.rollout.value.workflowId : workflowId;
  const pool = knownPool(deps, asked.pool);
  const underWay = moment === 'drain' || moment === 'order';
  const nowMs = Date.now();
  const outside = pool && moment !== 'drain' ? { gates: pool.gates, moment } : undefined;
  return {
    node,
    workflowId,
    ownerRunning: owner === workflowId || (await deps.temporal.isRunning(owner)),
    window: await windowLook(deps, { pool: asked.pool, underWay, nowMs }),
    ...(outside && { outside: await lookOutside(deps, asked, outside) }),
    rest: restRules(pool),
    // Once the node is taken out it is finished by the rules of the pool whose permit it has.
    ...(underWay ? {} : poollessness(deps, node)),
    evenIfNotRequired: asked.evenIfNotRequired,
    nowMs,
  };
}

function poollessness({ policy }: Deps, { labels }: NodeFacts): Pick<GateFacts, 'noPool'> {
  const choice = poolOf(policy.current(), labels);
  return choice.kind === 'none' ? { noPool: choice.because } : {};
}

function lookOutside(
  deps: Deps,
  { node, skip }: GateQuestion,
  { gates, moment }: { gates: Gates; moment: Moment },
): Promise<OutsideFacts> {
  const maxAgeMs = moment === 'waiting' ? SHARED_FOR_MS : FRESH_FOR_MS;
  return outsideFacts(deps, { node, skip, gates, maxAgeMs });
}
