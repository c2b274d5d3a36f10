import { fieldsOf } from '../fields.ts';
import type { TlsFiles } from '../http-schema.ts';
import type { Notice, NoticeEvent } from './events.ts';
import type { Secret } from '../secret-schema.ts';
import type { MailTransport } from './services/transports.ts';

/** Who is notified, of what and how, as the policy has it. */
export interface Receiver {
  /** Unique; the same as long as its address is. */
  readonly name: string;
  readonly target: Target;
  readonly on: readonly NoticeEvent[];
  readonly templates: Readonly<Partial<Record<NoticeEvent, string>>>;
  /** Absent: all. */
  readonly pools?: readonly string[];
  /** Certificates for the web or mail server that takes its messages. */
  readonly tls?: TlsFiles;
}

/** Mail by SMTP, whose password is a secret. */
type MailTarget = Omit<MailTransport, 'subject' | 'login'> & {
  readonly login?: { readonly user: string; readonly password: Secret };
};

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
  | ({ readonly kind: 'email' } & MailTarget);

/** Whether the receiver is to be notified. What concerns no pool concerns everybody. */
export function wants(
  { on, pools }: Receiver,
  { event, pool }: Pick<Notice, 'event' | 'pool'>,
): boolean {
  if (!on.includes(event)) return false;
  return pools === undefined || pool === undefined || pools.includes(pool);
}

/**
 * Receivers limited to a pool that does not exist. Takes what is written, so that they are shown together with whatever else is
 * wrong.
 */
export function notificationProblems({
  notifications,
  pools,
}: {
  readonly notifications?: unknown;
  readonly pools?: unknown;
}): { path: PropertyKey[]; message: string }[] {
  const names = listOf(pools).map((pool) => fieldsOf(pool)['name']);
  return listOf(notifications).flatMap((receiver, index) =>
    listOf(fieldsOf(receiver)['pools']).flatMap((name, at) => {
      if (typeof name !== 'string' || names.includes(name)) return [];
      const path = ['notifications', index, 'pools', at];
      return [{ path, message: `there is no pool named ${name}` }];
    }),
  );
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
