import type { Notice, NoticeEvent } from './events.ts';
import type { Secret } from './secret-schema.ts';

/** Somebody who wants to be told, as the policy has it. */
export interface Receiver {
  /** Unique; the same as long as its address is. */
  readonly name: string;
  readonly target: Target;
  readonly on: readonly NoticeEvent[];
  readonly templates: Readonly<Partial<Record<NoticeEvent, string>>>;
  /** Absent: all. */
  readonly pools?: readonly string[];
}

/** Mail by SMTP. */
interface MailServer {
  readonly server: string;
  readonly port: number;
  readonly tls: 'starttls' | 'always' | 'never';
  readonly from: string;
  readonly to: readonly string[];
  readonly login?: { readonly user: string; readonly password: Secret };
}

export type Target =
  | {
      readonly kind: 'slack';
      readonly address: Secret;
      readonly username: string;
      readonly channel?: string;
    }
  | { readonly kind: 'teams' | 'url'; readonly address: Secret }
  | {
      readonly kind: 'webhook';
      readonly address: Secret | { readonly plain: string };
      readonly secret: Secret;
    }
  | ({ readonly kind: 'email' } & MailServer);

/** Whether the receiver is to be told. What concerns no pool concerns everybody. */
export function wants({ on, pools }: Receiver, { event, pool }: WantedBy): boolean {
  if (!on.includes(event)) return false;
  return pools === undefined || pool === undefined || pools.includes(pool);
}

type WantedBy = Pick<Notice, 'event' | 'pool'>;

/** The secrets a receiver needs, wherever they are found. */
export function secretsOf({ target }: Receiver): readonly Secret[] {
  if (target.kind === 'email') return target.login ? [target.login.password] : [];
  const address = 'plain' in target.address ? [] : [target.address];
  return target.kind === 'webhook' ? [...address, target.secret] : address;
}

/** Receivers limited to a pool that does not exist. */
export function notificationProblems({
  notifications,
  pools,
}: {
  readonly notifications: readonly Receiver[];
  readonly pools: readonly { readonly name: string }[];
}): { path: PropertyKey[]; message: string }[] {
  return notifications.flatMap((receiver, index) =>
    (receiver.pools ?? []).flatMap((name, at) =>
      pools.some((pool) => pool.name === name)
        ? []
        : [
            {
              path: ['notifications', index, 'pools', at],
              message: `there is no pool named ${name}`,
            },
          ],
    ),
  );
}
