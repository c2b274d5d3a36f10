import type { Client } from '@temporalio/client';
import { backoffMs } from '../../domain/backoff.ts';
import { messageOf } from '../../domain/message-of.ts';
import { notifierId, rolloutId, TASK_QUEUE } from '../../domain/names.ts';
import type { Notice } from '../../domain/notifications/events.ts';
import { wants, type Receiver } from '../../domain/notifications/receivers.ts';
import type { SignalName } from '../../domain/signals.ts';
import type { RolloutStatus } from '../../domain/status.ts';
import { introduceNotifier } from '../../domain/user-metadata.ts';
import { whyItWaits } from '../../domain/why-it-waits.ts';

/** Lets people be told. A workflow of its own does it, so that no receiver is ever waited for here. */
export interface Notices {
  /** Whether anybody wants to hear of it. */
  wanted(what: Pick<Notice, 'event' | 'pool'>): boolean;
  /** Hands the notice on. Never rejects, and takes a moment at most: when Temporal is away, it goes on trying by itself. */
  notify(notice: Notice): Promise<void>;
  /** What a node waits for, in the words of its rollout; never rejects. */
  whyWaiting(node: string): Promise<string>;
}

interface Log {
  warn(message: string, fields: object): void;
  error(message: string, fields: object): void;
}

export interface NoticesPorts {
  readonly client: Pick<Client, 'workflow' | 'withDeadline'>;
  readonly policy: { current(): { readonly notifications: readonly Receiver[] } };
  readonly log: Log;
}

/** What is under way may be held up by this at most. */
const TELL_WITHIN_MS = 2_000;
const CALL_WITHIN_MS = 10_000;
/** A Temporal that is away for longer has lost more than a message. */
const GIVE_UP_AFTER_MS = 30 * 60_000;
const PAUSE = { firstMs: 1_000, mostMs: 30_000 };
/** A reason that is longer is a list, of which people read the beginning. */
const LONGEST_REASON = 1_000;

/** The Notices of a real server. */
export class TemporalNotices implements Notices {
  private readonly ports: NoticesPorts;
  /** What is being handed on, by workflow: in the order in which it was told. */
  private readonly handing = new Map<string, Promise<void>>();

  constructor(ports: NoticesPorts) {
    this.ports = ports;
  }

  wanted(what: Pick<Notice, 'event' | 'pool'>): boolean {
    return this.receiversOf(what).length > 0;
  }

  async notify(notice: Notice): Promise<void> {
    const receivers = this.receiversOf(notice).map(({ name }) => name);
    if (receivers.length === 0) return;
    const workflowId = notifierId(notice);
    const before = this.handing.get(workflowId) ?? Promise.resolve();
    const handing = before.then(() => this.handOn(workflowId, shortened(notice), receivers));
    this.handing.set(workflowId, handing);
    void handing.finally(() => {
      if (this.handing.get(workflowId) === handing) this.handing.delete(workflowId);
    });
    await Promise.race([handing, pause(TELL_WITHIN_MS)]);
  }

  async whyWaiting(node: string): Promise<string> {
    const { client } = this.ports;
    try {
      const handle = client.workflow.getHandle(rolloutId(node));
      const asking = () => handle.query<RolloutStatus>('status');
      const status = await client.withDeadline(Date.now() + TELL_WITHIN_MS, asking);
      return whyItWaits(status) || `its rollout is ${status.phase.at}`;
    } catch {
      // There may be none, as for a node that is left alone.
      return 'no rollout of it says why';
    }
  }

  private receiversOf(what: Pick<Notice, 'event' | 'pool'>): readonly Receiver[] {
    return this.ports.policy.current().notifications.filter((receiver) => wants(receiver, what));
  }

  private async handOn(
    workflowId: string,
    notice: Notice,
    receivers: readonly string[],
  ): Promise<void> {
    const { client, log } = this.ports;
    const { event, node, pool } = notice;
    const giveUpAtMs = Date.now() + GIVE_UP_AFTER_MS;
    for (let tries = 0; ; tries += 1) {
      try {
        const signalling = () =>
          client.workflow.signalWithStart('notifier', {
            workflowId,
            taskQueue: TASK_QUEUE,
            args: [],
            signal: 'notice' satisfies SignalName,
            signalArgs: [{ notice, receivers }],
            ...introduceNotifier(node ?? pool ?? 'the policy'),
          });
        await client.withDeadline(Date.now() + CALL_WITHIN_MS, signalling);
        return;
      } catch (error) {
        const because = messageOf(error);
        if (Date.now() > giveUpAtMs) {
          log.error('people are not told', { event, node, pool, because });
          return;
        }
        if (tries === 0) log.warn('people are told later', { event, node, pool, because });
        await pause(backoffMs(PAUSE, tries + 1));
      }
    }
  }
}

/** Keeps no process alive. */
const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

function shortened({ because, ...notice }: Notice): Notice {
  if (because === undefined) return notice;
  const short =
    because.length <= LONGEST_REASON ? because : `${because.slice(0, LONGEST_REASON - 1)}…`;
  return { ...notice, because: short };
}
