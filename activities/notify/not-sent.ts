import { BadAddress } from '../../domain/notifications/services/address.ts';

/** A message was not sent. The message holds no secret: it is made of codes and of words of our own. */
export class NotSent extends Error {
  /** When to try again, where the receiver has said so. */
  readonly retryAfterMs: number | undefined;

  constructor(because: string, retryAfterMs?: number) {
    super(because);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whatever went wrong, without what it says: messages of others may repeat an address. */
export function notSent(error: unknown): NotSent {
  if (error instanceof NotSent) return error;
  if (error instanceof BadAddress)
    return new NotSent(`its address cannot be used: ${error.message}`);
  return new NotSent(codeOf(error));
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses connections',
  ECONNRESET: 'the connection was cut',
  EAI_AGAIN: 'its name cannot be looked up now',
  ENOTFOUND: 'its name is not known',
  UND_ERR_SOCKET: 'the connection was cut',
};

function codeOf(error: unknown): string {
  const { name, code, cause } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (name === 'TimeoutError' || name === 'AbortError') return 'no answer in time';
  if (typeof code === 'string') return WORDS[code] ?? `it cannot be reached (${code})`;
  return cause === undefined ? 'it cannot be reached' : codeOf(cause);
}
