import { answers, IN_TIME } from '../domain/node-contract.ts';
import type { Read, RebootAnswer, RebootOrder } from '../domain/node-contract.ts';

/** What the annotations of our own node say, and what we know of the host. */
export interface OrderFacts {
  readonly order: Read<RebootOrder> | undefined;
  readonly answer: Read<RebootAnswer> | undefined;
  readonly bootId: string;
  /** The rollout for which this very boot has been told to reboot already, if any. */
  readonly rebootingFor?: string | undefined;
  readonly nowMs: number;
}

/**
 * `accept`: write the answer, then act. `act`: our acceptance stands, so reboot. `refuse`: write the answer, nothing more.
 * `give up`: we have accepted and will not act any more; say so, for nobody but a person can end this.
 */
export type OrderVerdict =
  | { readonly do: 'ignore'; readonly because: string }
  | { readonly do: 'refuse'; readonly because: string; readonly to: OrderName }
  | { readonly do: 'accept'; readonly because: string; readonly order: RebootOrder }
  | {
      readonly do: 'act' | 'give up';
      readonly because: string;
      readonly order: RebootOrder;
      readonly answer: RebootAnswer;
    };

/** How an answer names the order it is about. */
type OrderName = Pick<RebootOrder, 'bootId' | 'rollout'>;

/** An order that cannot be read has no name. */
const UNREADABLE: OrderName = { bootId: '', rollout: '' };

const TOO_LATE =
  'it was accepted, but expired before the reboot could be started: reboot the machine by hand';

/** The fence: an order is obeyed at most once, only in the boot it names, only before it expires. */
export function judgeOrder(facts: OrderFacts): OrderVerdict {
  const { order } = facts;
  if (order === undefined) return { do: 'ignore', because: 'there is no order' };
  const given = answerTo(order.ok ? order.value : UNREADABLE, facts.answer);
  if (given?.verdict === 'refused') return { do: 'ignore', because: 'it has been refused' };
  if (!order.ok) return refuse(UNREADABLE, `the order cannot be read: ${order.because}`);
  if (given) return judgeAccepted(order.value, given, facts);
  const flaw = flawOf(order.value, facts);
  if (flaw !== undefined) return refuse(order.value, flaw);
  return { do: 'accept', because: IN_TIME, order: order.value };
}

function answerTo(order: OrderName, answer: OrderFacts['answer']): RebootAnswer | undefined {
  return answer?.ok === true && answers(answer.value, order) ? answer.value : undefined;
}

function judgeAccepted(order: RebootOrder, answer: RebootAnswer, facts: OrderFacts): OrderVerdict {
  if (order.bootId !== facts.bootId) {
    return { do: 'ignore', because: 'it was for an earlier boot, which is over' };
  }
  if (facts.rebootingFor !== undefined) {
    return { do: 'ignore', because: 'the reboot has been started' };
  }
  if (facts.nowMs >= order.expiresAtMs) {
    return { do: 'give up', because: TOO_LATE, order, answer };
  }
  return { do: 'act', because: 'it was accepted in this boot', order, answer };
}

function flawOf(order: RebootOrder, facts: OrderFacts): string | undefined {
  if (order.bootId !== facts.bootId) {
    return `the order is for boot ${order.bootId}, but boot ${facts.bootId} is running`;
  }
  if (facts.nowMs >= order.expiresAtMs) {
    return `the order expired at ${new Date(order.expiresAtMs).toISOString()}, and it is ${new Date(facts.nowMs).toISOString()} here`;
  }
  if (facts.rebootingFor !== undefined) {
    return `this boot was told to reboot already, for ${facts.rebootingFor}, and has not gone down yet`;
  }
  // It may be our own acceptance of this very order: then obeying would be obeying twice.
  if (facts.answer?.ok === false) {
    return `the answer already on the node cannot be read: ${facts.answer.because}`;
  }
  return undefined;
}

function refuse(to: OrderName, because: string): OrderVerdict {
  return { do: 'refuse', because, to: { bootId: to.bootId, rollout: to.rollout } };
}
