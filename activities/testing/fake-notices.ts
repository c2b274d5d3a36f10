import type { Notice, NoticeEvent } from '../../domain/notifications/events.ts';
import type { Receiver } from '../../domain/notifications/receivers.ts';
import type { Messenger } from '../notify/messenger.ts';
import type { Notices } from '../notify/notices.ts';

/** Remembers what was sent; nobody wants to hear of anything unless the test says so. */
export class FakeNotices implements Notices {
  readonly sent: Notice[] = [];
  readonly wants = new Set<NoticeEvent>();
  because = 'window: closed';

  wanted({ event }: Pick<Notice, 'event'>): boolean {
    return this.wants.has(event);
  }

  async notify(notice: Notice): Promise<void> {
    this.sent.push(notice);
  }

  async whyWaiting(): Promise<string> {
    return this.because;
  }
}

/** Remembers whom it told what; `refuse` makes it fail. */
export class FakeMessenger implements Messenger {
  readonly sent: { readonly receiver: string; readonly notice: Notice }[] = [];
  refuse: Error | undefined;
  /** Why those cannot be reached, by their names. */
  readonly away = new Map<string, string | Promise<string>>();

  async whyNotReached({ name }: Receiver): Promise<string | undefined> {
    return await this.away.get(name);
  }

  async send({ name: receiver }: Receiver, notice: Notice): Promise<void> {
    if (this.refuse) throw this.refuse;
    this.sent.push({ receiver, notice });
  }
}
