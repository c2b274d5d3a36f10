import { activityInfo } from '@temporalio/activity';
import type { Rest } from '../../domain/attempts.ts';
import { closedGates } from '../../domain/gates/closed-gates.ts';
import type { GateFacts, Moment } from '../../domain/gates/gate.ts';
import { isSkipped, sayGate } from '../../domain/gates/names.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { poolOf } from '../../domain/policy.ts';
import { present } from '../../domain/present.ts';
import type { Deps } from '../deps.ts';
import { ownerRunning, thisRun } from '../ownership.ts';
import { knownPool, backOffRules, type Place } from '../pool.ts';
import { windowState } from '../windows.ts';
import { observe } from './observe.ts';

/** Whose gates are asked about. */
export interface GateQuestion extends Place {
  readonly node: string;
  /** Gates a person has told us to skip. */
  readonly skip: readonly string[];
  readonly evenIfNotRequired: boolean;
  /** The rollout before it ended early. */
  readonly restAfter?: Rest;
}

/** Everything the gates are judged on at a step of the rollout, for a node just read. */
export async function gateFacts(
  deps: Deps,
  { moment, ...asked }: GateQuestion & { readonly moment: Moment },
  node: NodeFacts,
): Promise<GateFacts> {
  const { workflowId } = thisRun();
  const pool = knownPool(deps, asked.pool);
  const underWay = moment === 'drain' || moment === 'order';
  const nowMs = Date.now();
  const choice = poolOf(deps.policy.current(), node.labels);
  const maxAgeMs = lockMayBeOld(moment);
  const window = await windowState(deps, { pool: asked.pool, underWay, maxAgeMs, nowMs });
  const inWindow = window.kind === 'open' || isSkipped('window', asked.skip);
  return {
    moment,
    node,
    workflowId,
    ownerRunning: await ownerRunning(deps, node, workflowId),
    window,
    outside: pool ? await observe(deps, { ...asked, pool, moment, inWindow }) : {},
    rest: backOffRules(pool),
    awayTaints: deps.policy.current().awayTaints,
    ...present({
      noPool: choice.kind === 'none' ? choice.because : undefined,
      restAfter: asked.restAfter,
    }),
    evenIfNotRequired: asked.evenIfNotRequired,
    nowMs,
  };
}

/** However many wait: one asks the lock for all of them. */
const SHARED_FOR_MS = 10_000;
/** What waits is told of a window that is opened or closed, and looks again; by then no word of the lock that is older is used. */
export const TOLD_AFTER_MS = 2_000;

/** Nothing is cordoned or rebooted because of a window that has just been closed. */
function lockMayBeOld(moment: Moment): number {
  if (moment === 'cordon' || moment === 'order') return 0;
  return moment === 'waiting' && activityInfo().attempt === 1 ? TOLD_AFTER_MS : SHARED_FOR_MS;
}

/** Every gate that is closed at this step, in one line; undefined when all are open. */
export async function whyClosed(
  deps: Deps,
  asked: GateQuestion & { readonly moment: Moment },
  node: NodeFacts,
): Promise<string | undefined> {
  const closed = closedGates(await gateFacts(deps, asked, node), asked.skip);
  return closed.length > 0 ? closed.map(sayGate).join('; ') : undefined;
}
