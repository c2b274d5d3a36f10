import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Logger } from '@temporalio/worker';
import { RealMessenger, type Messenger } from '../activities/notify/messenger.ts';
import { TemporalNotices, type Notices } from '../activities/notify/notices.ts';
import type { Secrets } from '../activities/secrets.ts';
import { logOf } from './logging.ts';
import type { PolicyFile } from './policy-file.ts';

/** How the worker tells people of something. */
export interface Notifications {
  readonly notices: Notices;
  readonly messenger: Messenger;
  /** Warns of receivers that could not be told as things are. */
  check(): void;
  /** Lets them know that the policy file is bad; the same words are told once, whichever workers say them. */
  policyRefused(because: string): void;
}

interface NotificationPorts {
  readonly client: Client;
  readonly policy: PolicyFile;
  readonly secrets: Secrets;
  readonly logger: Logger;
}

export function notificationsOf({
  client,
  policy,
  secrets,
  logger,
}: NotificationPorts): Notifications {
  const log = logOf(logger);
  const messenger = new RealMessenger({ secrets, log });
  const notices = new TemporalNotices({ client, policy, log });
  const check = async (): Promise<void> => {
    for (const receiver of policy.current().notifications) {
      const because = await messenger.whyNotReady(receiver);
      if (because === undefined) continue;
      log.warn('receiver cannot be notified yet', { receiver: receiver.name, because });
    }
  };
  return {
    notices,
    messenger,
    check: () => void check(),
    policyRefused(because) {
      const id = `policy/${createHash('sha256').update(because).digest('hex').slice(0, 12)}`;
      void notices.notify({ id, event: 'policyRefused', atMs: Date.now(), because });
    },
  };
}
