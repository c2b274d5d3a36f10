/** What Node's errors of the network and of TLS have. */
interface NetworkError {
  readonly message: string;
  readonly code?: string;
  readonly syscall?: string;
  /** Of OpenSSL. */
  readonly reason?: string;
  /** One for each address of a name. */
  readonly errors?: readonly NetworkError[];
}

/** Node's words for why there is no answer, but for those that are different each time or say nothing. */
export function sayNetworkError(error: unknown): string {
  const { message, code = '', syscall, reason = code, errors = [] } = error as NetworkError;
  const [first] = errors;
  if (first) return sayNetworkError(first);
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'the connection was cut';
  // A name may stand for several addresses, and the next look may try another.
  if (syscall === 'connect') return `${syscall} ${code}`;
  // OpenSSL's message begins with the number of a thread.
  if (/^(EPROTO$|ERR_SSL|ERR_OSSL)/.test(code)) return `TLS: ${reason}`;
  return message || code;
}
