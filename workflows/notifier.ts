import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { messageOf } from '../domain/message-of.ts';
import type { Notice } from '../domain/notifications/events.ts';
import {
  EMPTY_OUTBOX,
  readAddressed,
  settle,
  take,
  type Outbox,
} from '../domain/notifications/outbox.ts';
import { causeOf } from './cause.ts';
import { delivering } from './activities.ts';
import { signal } from './messages.ts';

/** Who could not be told by then has other troubles, and the news is old. */
const GIVE_UP_AFTER_MS = 24 * 60 * 60_000;
/** A notice that could not be told because an older one stood before it is tried at least this long. */
const TRY_AT_LEAST_MS = 60 * 60_000;
/** It stays this long after the last notice: one that is told once more, by an activity that is tried again, is known then. */
const STAY_MS = 10 * 60_000;

/**
 * Tells people about one node, one pool or the policy. Each receiver is told everything in the order in which it happened, and
 * none waits for another. It ends when there is nothing left to tell.
 */
export async function notifier(carried: Outbox = EMPTY_OUTBOX): Promise<void> {
  const desk = openDesk(carried);
  for (;;) {
    await condition(() => desk.isDone() || due());
    if (due()) {
      await desk.close();
      await condition(allHandlersFinished);
      return await continueAsNew<typeof notifier>(desk.post());
    }
    const stays = { summary: 'all is told; it stays for what may come' };
    if (await condition(() => !desk.isDone() || due(), STAY_MS, stays)) continue;
    // Whatever has come together with the end of the pause was taken before this is reached.
    if (desk.isDone()) return;
  }
}

/** Whether the history has grown so long that a new one is to be begun. */
const due = (): boolean => workflowInfo().continueAsNewSuggested;

interface Desk {
  isDone(): boolean;
  post(): Outbox;
  /** Stops telling; what was not told is left in the post. */
  close(): Promise<void>;
}

/** Registers the handler before anything is awaited, and begins with what was carried over. */
function openDesk(carried: Outbox): Desk {
  let post = carried;
  let closed = false;
  const scope = new CancellationScope();
  const working = new Map<string, Promise<void>>();

  const tellAll = async (receiver: string): Promise<void> => {
    for (let next = post.left[receiver]?.[0]; next; next = post.left[receiver]?.[0]) {
      await scope.run(() => tellOne(receiver, next));
      post = settle(post, receiver);
      show(post);
    }
  };
  const begin = (): void => {
    for (const receiver of closed ? [] : Object.keys(post.left)) {
      if (working.has(receiver)) continue;
      const work = tellAll(receiver)
        .catch(stopped)
        .finally(() => working.delete(receiver));
      working.set(receiver, work);
    }
  };

  setHandler(
    signal('notice'),
    (sent) => {
      const told = readAddressed(sent);
      if (told) post = take(post, told);
      else log.warn('not a notice', { sent });
      show(post);
      begin();
    },
    { description: 'From activities: something people are to be told.' },
  );
  begin();
  return {
    isDone: () => working.size === 0 && Object.keys(post.left).length === 0,
    post: () => post,
    async close() {
      closed = true;
      scope.cancel();
      await Promise.all(working.values());
    },
  };
}

/** Returns once the receiver has been told, or once it is no use any more. */
async function tellOne(receiver: string, told: Notice): Promise<void> {
  const { event, atMs, node, pool } = told;
  const withinMs = Math.max(atMs + GIVE_UP_AFTER_MS - Date.now(), TRY_AT_LEAST_MS);
  try {
    await delivering(`${event} ${node ?? pool ?? ''} to ${receiver}`, withinMs).deliver({
      receiver,
      notice: told,
    });
  } catch (error) {
    if (isCancellation(error)) throw error;
    const cause = causeOf(error);
    const because = messageOf(cause);
    log.error('notice given up', { receiver, event, node, pool, because });
  }
}

function stopped(error: unknown): void {
  if (!isCancellation(error)) throw error;
}

function show({ left }: Outbox): void {
  const lines = Object.entries(left).map(
    ([receiver, notices]) => `- ${receiver}: ${notices.map(({ event }) => event).join(', ')}`,
  );
  setCurrentDetails(lines.length > 0 ? `still to be told:\n${lines.join('\n')}` : 'all is told');
}
