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

export interface GateQuestion {
  readonly node: string;
  readonly pool: string;
  /** Gates a person has told us to skip. */
  readonly skip: readonly string[];
  readonly evenIfNotRequired: boolean;
}

export type GateLook =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'closed';
      readonly closed: readonly ClosedGate[];
      readonly lookAgainMs: number;
    }
  | { readonly kind: 'nothing-to-do'; readonly because: string };

/** Looks at every gate once and says what is closed. */
export async function lookAtGates(deps: Deps, asked: GateQuestion): Promise<GateLook> {
  const node = await deps.nodes.read(asked.node);
  if (!node) return { kind: 'nothing-to-do', because: 'the node no longer exists' };
  const facts = await gateFacts(deps, asked, node);
  const closed = closedGates(facts, asked.skip);
  if (closed.length === 0) return { kind: 'open' };
  const idle = asked.skip.includes('required') ? undefined : nothingToDo(facts);
  if (idle !== undefined) return { kind: 'nothing-to-do', because: idle };
  return { kind: 'closed', closed, lookAgainMs: deps.lookAgainMs };
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
    const spreadMs = Math.round(deps.lookAgainMs * (0.9 + Math.random() * 0.2));
    throw waiting('gate-closed', look.closed.map(sayGate).join('; '), spreadMs);
  }
  if (look.kind === 'closed') {
    log.info('node waits', { node: asked.node, because: look.closed.map(sayGate) });
  }
  return look;
}

/** Everything the gates are judged on, for a node just read. */
export async function gateFacts(
  deps: Deps,
  asked: GateQuestion,
  node: NodeFacts,
): Promise<GateFacts> {
  const { workflowId } = thisRun();
  const owner = node.rollout?.ok ? node.rollout.value.workflowId : workflowId;
  const pool = deps.policy.current().pools.find(({ name }) => name === asked.pool);
  return {
    node,
    workflowId,
    ownerRunning: owner === workflowId || (await deps.temporal.isRunning(owner)),
    windows: pool?.windows ?? [],
    evenIfNotRequired: asked.evenIfNotRequired,
    nowMs: Date.now(),
  };
}
