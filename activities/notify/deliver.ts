import { activityInfo, cancellationSignal, log } from '@temporalio/activity';
import type { Notice } from '../../domain/notifications/events.ts';
import { NO_POLICY } from '../../domain/policy.ts';
import type { Deps } from '../deps.ts';
import { notYet } from '../failure.ts';
import { whyNone } from '../no-policy.ts';
import { notSent } from './not-sent.ts';

export interface Delivery {
  /** Its name in the policy; where its address is, is looked up there at every try. */
  readonly receiver: string;
  readonly notice: Notice;
}

/** A receiver that stays away is logged once in so many tries. */
const LOG_EVERY = 10;

const NO_POLICY_PAUSE_MS = 30_000;

/** Sends one notice to one receiver; tried again until it has taken it. One that has left the policy gets nothing. */
export async function deliver(
  { policy, messenger }: Pick<Deps, 'policy' | 'messenger'>,
  { receiver: name, notice }: Delivery,
): Promise<void> {
  const { id, event, node, pool } = notice;
  const about = { receiver: name, event, node, pool, id };
  // Without a policy nobody knows whether the receiver has left it.
  if (policy.current() === NO_POLICY) {
    throw notYet('not-delivered', whyNone(policy), NO_POLICY_PAUSE_MS);
  }
  const receiver = policy.current().notifications.find((one) => one.name === name);
  if (!receiver) {
    log.warn('receiver has left the policy, and is not notified', about);
    return;
  }
  try {
    await messenger.send(receiver, notice, cancellationSignal());
  } catch (error) {
    const { message: because, retryAfterMs } = notSent(error);
    const { attempt } = activityInfo();
    if (attempt % LOG_EVERY === 1)
      log.warn('receiver not notified', { ...about, attempt, because });
    throw notYet('not-delivered', `${name}: ${because}`, retryAfterMs && Math.round(retryAfterMs));
  }
  log.info('receiver notified', about);
}
