import { log } from '@temporalio/activity';
import {
  closedGates,
  nothingToDo,
  sameGates,
  sayGate,
  type ClosedGate,
  type GateFacts,
} from '../domain/gates.ts';
import type { NodeFacts } from '../domain/node-facts.ts';
import type { Deps } from './deps.ts';
import { waiting } from './failure.ts';
import { thisRun } from './ours.ts';
import { knownPool, restRules } from './pool.ts';
import { windowLook } from './windows.ts';

export interface GateQuestion {
  readonly node: string;
  readonly pool: string;
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
  | ({ readonly kind: 'open' } & Standing)
  | {
      readonly kind: 'closed';
      readonly closed: readonly ClosedGate[];
      readonly lookAgainMs: number;
    }
  | { readonly kind: 'nothing-to-do'; readonly because: string }
  | { readonly kind: 'gone'; readonly because: string };

/** Looks at every gate once and says what is closed. */
export async function lookAtGates(deps: Deps, asked: GateQuestion): Promise<GateLook> {
  const node = await deps.nodes.read(asked.node);
  if (!node) return { kind: 'gone', because: 'its Node object was deleted' };
  const facts = await gateFacts(deps, asked, node);
  const closed = closedGates(facts, asked.skip);
  if (closed.length === 0) return { kind: 'open', ...standing(deps, asked, node) };
  const idle = asked.skip.includes('required') ? undefined : nothingToDo(facts);
  if (idle !== undefined) return { kind: 'nothing-to-do', because: idle };
  return { kind: 'closed', closed, lookAgainMs: untilNextLook(deps, facts) };
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

/** Everything the gates are judged on, for a node just read; `underWay` once it is out of service. */
export async function gateFacts(
  deps: Deps,
  asked: GateQuestion & { readonly underWay?: boolean },
  node: NodeFacts,
): Promise<GateFacts> {
  const { workflowId } = thisRun();
  const owner = node.rollout?.ok ? node.rollout.value.workflowId : workflowId;
  const { pool, underWay = false } = asked;
  const nowMs = Date.now();
  return {
    node,
    workflowId,
    ownerRunning: owner === workflowId || (await deps.temporal.isRunning(owner)),
    window: await windowLook(deps, { pool, underWay, nowMs }),
    rest: restRules(knownPool(deps, pool)),
    evenIfNotRequired: asked.evenIfNotRequired,
    nowMs,
  };
}
