import { activityInfo, log } from '@temporalio/activity';
import { closedGates } from '../../domain/gates/closed-gates.ts';
import type { GateFacts } from '../../domain/gates/gate.ts';
import { sameGates, sayGate, type ClosedGate } from '../../domain/gates/names.ts';
import { nothingToDo } from '../../domain/gates/node-gates.ts';
import { pollPause, type PollPause } from '../../domain/gates/poll-pause.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { queuePriority, type QueuePriority } from '../../domain/queue-priority.ts';
import type { Deps } from '../deps.ts';
import { notYet } from '../failure.ts';
import { present } from '../../domain/present.ts';
import { untaint } from '../labels-and-taint.ts';
import { leftBehind, thisRun, type LeftBehind } from '../ownership.ts';
import { knownPool, movedFrom, withPolicyNow, type Followed, type Moved } from '../pool.ts';
import { gateFacts, type GateQuestion } from './gate-facts.ts';

/** How the gates of a node are. */
export type GateAnswer =
  /** `window`: what a person has opened, in words, where it is open by that. */
  | ({ readonly kind: 'open'; readonly window?: string } & QueuePriority & Followed)
  | ({
      readonly kind: 'closed';
      readonly closed: readonly ClosedGate[];
      readonly pollAgainMs: number;
    } & Followed)
  /** Its pool is another now, whose gates are to be evaluated. */
  | Moved
  | LeftBehind
  | { readonly kind: 'nothing-to-do'; readonly because: string }
  | { readonly kind: 'gone'; readonly because: string };

/** Evaluates every gate once and says what is closed. */
export async function evaluateGates(source: Deps, asked: GateQuestion): Promise<GateAnswer> {
  const deps = withPolicyNow(source);
  return (await evaluate(deps, asked, await deps.nodes.read(asked.node))).answer;
}

interface Evaluation {
  readonly answer: GateAnswer;
  /** What it was judged on, where gates are closed. */
  readonly facts?: GateFacts;
}

async function evaluate(
  deps: Deps,
  asked: GateQuestion,
  node: NodeFacts | undefined,
): Promise<Evaluation> {
  if (!node) return { answer: { kind: 'gone', because: 'its Node object was deleted' } };
  const { hash: policy } = deps.policy;
  const moved = movedFrom(asked, deps, node);
  // Without a pool it stays where it is, for the gate to say so.
  if (moved?.pool !== undefined) return { answer: moved };
  const left = await leftBehind(deps, node, thisRun());
  if (left) return { answer: left };
  const facts = await gateFacts(deps, { ...asked, moment: 'waiting' }, node);
  const closed = closedGates(facts, asked.skip);
  if (closed.length === 0) {
    const { overdueAfter } = knownPool(deps, asked.pool) ?? {};
    const priority = queuePriority(node, overdueAfter, Date.now());
    const window = facts.window.kind === 'open' ? facts.window.opened : undefined;
    return { answer: { kind: 'open', policy, ...priority, ...present({ window }) } };
  }
  // It may have waited in the queue, and does so no longer.
  await untaint(deps, node);
  const idle = nothingToDo(facts, asked.skip);
  if (idle !== undefined) return { answer: { kind: 'nothing-to-do', because: idle } };
  const { ms: pollAgainMs } = pollPause(facts, closed, { usualMs: deps.pollAgainMs, inARow: 1 });
  return { answer: { kind: 'closed', policy, closed, pollAgainMs }, facts };
}

type WaitQuestion = GateQuestion & {
  readonly known: readonly ClosedGate[];
  /** Nothing that only goes on waiting is news before: there has been too much of it. */
  readonly notBeforeMs?: number;
};

/**
 * Waits until there is something new to say: the gates are open, or others are closed than the `known` ones. While nothing
 * changes it fails with the reasons as its message and is retried, which costs no history and no slot.
 */
export async function passGates(source: Deps, asked: WaitQuestion): Promise<GateAnswer> {
  const deps = withPolicyNow(source);
  const { attempt: inARow } = activityInfo();
  const { answer, facts } = await evaluateCheaply(deps, asked, inARow);
  notTooOften(answer, asked);
  if (answer.kind !== 'closed') return answer;
  const words = answer.closed.map(sayGate);
  if (facts && sameGates(answer.closed, asked.known)) {
    const pause = pollPause(facts, answer.closed, { usualMs: deps.pollAgainMs, inARow });
    throw notYet('gate-closed', words.join('; '), spread(pause));
  }
  log.info('node waits', { node: asked.node, because: words });
  return answer;
}

/** Each answer is history, also where a node is written all the time, or a Prometheus answers in other words each time. */
function notTooOften(answer: GateAnswer, { notBeforeMs = 0 }: WaitQuestion): void {
  const earlyMs = notBeforeMs - Date.now();
  if (earlyMs <= 0 || answer.kind === 'gone' || answer.kind === 'nothing-to-do') return;
  const again = new Date(notBeforeMs).toISOString();
  const because = answer.kind === 'closed' ? answer.closed.map(sayGate).join('; ') : 'it may go on';
  throw notYet(
    'gate-closed',
    `${because}; it has changed so often that it is heard again only after ${again}`,
    earlyMs,
  );
}

/**
 * After anything was said, and before anything new is answered, the node itself is read. While it only waits on, the worker's
 * watch can tell that too, and the API server is not asked for the node however many wait.
 */
async function evaluateCheaply(
  deps: Deps,
  asked: WaitQuestion,
  inARow: number,
): Promise<Evaluation> {
  const shown = inARow > 1 ? deps.fleet.node(asked.node) : undefined;
  if (shown) {
    const evaluation = await evaluate(deps, asked, shown);
    const { answer } = evaluation;
    if (answer.kind === 'closed' && sameGates(answer.closed, asked.known)) return evaluation;
  }
  return await evaluate(deps, asked, await deps.nodes.read(asked.node));
}

/** So that a fleet does not poll all at once. A gate that opens soon is polled just after it has. */
function spread({ ms, exact }: PollPause): number {
  const random = Math.random();
  return Math.round(exact ? ms + random * 1_000 : ms * (0.9 + random * 0.2));
}
