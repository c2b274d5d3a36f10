import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** One JSON object a line, each way. */
export interface JsonSocket {
  say(message: object): void;
  /** The next object that is an answer: what QEMU tells by itself (`event`, `QMP`) is not one. */
  answer(): Promise<Answer>;
}

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

/**
 * A conversation over a Unix socket, as the guest agent and QEMU's monitor lead it; it is closed when `work` is done.
 * Rejects when the other side hangs up, and when `signal` is aborted.
 */
export async function converse<T>(
  path: string,
  signal: AbortSignal,
  work: (socket: JsonSocket) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const socket = connect(path);
  const over = Promise.withResolvers<never>();
  const give = (error: unknown): void => over.reject(error);
  const onAbort = (): void => give(signal.reason);
  socket.once('error', give);
  socket.once('close', () => give(new Error(`${path} was closed`)));
  signal.addEventListener('abort', onAbort, { once: true });
  over.promise.catch(() => undefined);
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const answer = async (): Promise<Answer> => {
    for (;;) {
      const { value, done } = await Promise.race([lines.next(), over.promise]);
      if (done) throw new Error(`${path} was closed`);
      const said = readAnswer(value);
      if (said !== undefined) return said;
    }
  };
  try {
    return await work({
      say: (message) => void socket.write(`${JSON.stringify(message)}\n`),
      answer,
    });
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

/** Undefined for what is no answer, and for half a line that somebody before us has left. */
function readAnswer(line: string): Answer | undefined {
  try {
    const said = JSON.parse(line) as Answer;
    return 'return' in said || 'error' in said ? said : undefined;
  } catch {
    return undefined;
  }
}

/** Asks, and answers with what comes back; a refusal is an error with its own words. */
export async function ask(
  socket: JsonSocket,
  execute: string,
  words: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  socket.say({ execute, arguments: words });
  const { error, return: answer } = await socket.answer();
  if (error) throw new Error(`${execute}: ${error.desc}`);
  return answer;
}
