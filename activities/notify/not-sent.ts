import { BadAddress } from '../../domain/notifications/services/address.ts';
import { NoAnswer } from '../http.ts';
import { NoSecret } from '../secrets.ts';

/** A message was not sent. The message holds no secret: it is made of codes and of words of our own. */
export class NotSent extends Error {
  /** When to try again, where the receiver has said so. */
  readonly retryAfterMs: number | undefined;

  constructor(because: string, retryAfterMs?: number) {
    super(because);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whatever went wrong, without what others say of it: they may repeat an address. */
export function notSent(error: unknown): NotSent {
  if (error instanceof NotSent) return error;
  if (error instanceof BadAddress) {
    return new NotSent(`its address cannot be used: ${error.message}`);
  }
  if (error instanceof NoAnswer || error instanceof NoSecret) return new NotSent(error.message);
  const { code } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return new NotSent(`it cannot be notified${typeof code === 'string' ? ` (${code})` : ''}`);
}
