import { activityInfo, log } from '@temporalio/activity';
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
import { pauseOf } from '../domain/look-pause.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import { poolOf } from '../domain/policy.ts';
import type { Deps } from './deps.ts';
import { waiting } from './failure.ts';
import { FRESH_FOR_MS, outsideFacts, SHARED_FOR_MS } from './gates/outside.ts';
import { untaint } from './marks.ts';
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
  /** With the taint that its pool wants on nodes that wait in the queue. */
  | ({ readonly kind: 'open'; readonly taint?: string } & Standing & Followed)
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
  return (await judge(deps, asked, await deps.nodes.read(asked.node))).look;
}

interface Judged {
  readonly look: GateLook;
  readonly facts?: GateFacts;
}

async function judge(
  deps: Deps,
  asked: GateQuestion,
  node: NodeFacts | undefined,
): Promise<Judged> {
  if (!node) return { look: { kind: 'gone', because: 'its Node object was deleted' } };
  const { hash: policy } = deps.policy;
  const moved = movedFrom(asked, deps, node);
  // Without a pool it stays where it is, for the gate to say so.
  if (moved?.pool !== undefined) return { look: moved };
  const facts = await gateFacts(deps, { ...asked, moment: 'waiting' }, node);
  const closed = closedGates(facts, asked.skip);
  if (closed.length === 0) {
    return { look: { kind: 'open', policy, ...standing(deps, asked, node) } };
  }
  // It may have waited in the queue, and does so no longer.
  await untaint(deps, node);
  const idle = asked.skip.includes('required') ? undefined : nothingToDo(facts);
  if (idle !== undefined) return { look: { kind: 'nothing-to-do', because: idle } };
  const { ms: lookAgainMs } = pauseOf(facts, closed, { usualMs: deps.lookAgainMs, inARow: 1 });
  return { look: { kind: 'closed', policy, closed, lookAgainMs }, facts };
}

type WaitQuestion = GateQuestion & { readonly known: readonly ClosedGate[] };

/**
 * Waits until there is something new to say: the gates are open, or others are closed than the `known` ones. While nothing
 * changes it fails with the reasons as its message and is retried, which costs no history and no slot.
 */
export async function passGates(source: Deps, asked: WaitQuestion): Promise<GateLook> {
  const deps = withPolicyNow(source);
  const { attempt: inARow } = activityInfo();
  const { look, facts } = await judgeCheaply(deps, asked, inARow);
  if (look.kind !== 'closed') return look;
  const words = look.closed.map(sayGate);
  if (facts && sameGates(look.closed, asked.known)) {
    const pause = pauseOf(facts, look.closed, { usualMs: deps.lookAgainMs, inARow });
    throw waiting('gate-closed', words.join('; '), spread(pause));
  }
  log.info('node waits', { node: asked.node, because: words });
  return look;
}

/**
 * After anything was said, and before anything new is answered, the node itself is read. While it only waits on, the worker's
 * watch can tell that too, and nobody is asked however many wait.
 */
async function judgeCheaply(deps: Deps, asked: WaitQuestion, inARow: number): Promise<Judged> {
  const shown = inARow > 1 ? deps.fleet.node(asked.node) : undefined;
  if (shown) {
    const judged = await judge(deps, asked, shown);
    const { look } = judged;
    if (look.kind === 'closed' && sameGates(look.closed, asked.known)) return judged;
  }
  return await judge(deps, asked, await deps.nodes.read(asked.node));
}

function standing(
  deps: Deps,
  asked: GateQuestion,
  { zone, report }: NodeFacts,
): Standing & { taint?: string } {
  const { overdueAfter: overdueAfterMs, taint } = knownPool(deps, asked.pool) ?? {};
  const since = report?.sinceMs;
  return {
    ...(zone === undefined ? {} : { zone }),
    ...(since && overdueAfterMs ? { overdueAtMs: since + overdueAfterMs } : {}),
    ...(taint === undefined ? {} : { taint }),
  };
}

/** So that a fleet does not look all at once. A gate that opens soon is looked at just after it has. */
function spread({ ms, exact }: ReturnType<typeof pauseOf>): number {
  const random = Math.random();
  return Math.round(exact ? ms + random * 1_000 : ms * (0.9 + random * 0.2));
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
