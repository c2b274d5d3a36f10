import { request as httpRequest, STATUS_CODES } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { formatDuration } from '../../domain/durations.ts';
import type { HttpTarget, TlsFiles } from '../../domain/gates/http-schema.ts';
import { fillIn, variablesIn } from '../../domain/gates/secret-schema.ts';
import { contentOf, type Secrets } from './secrets.ts';

/** One request to a server beside the cluster: never longer than its deadline, and never a secret in what goes wrong. */

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Begins with a slash. */
  readonly path: string;
  readonly body?: { readonly type: string; readonly text: string };
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** Takes out of words of the server what was sent to it as a secret. */
  readonly redact: (words: string) => string;
}

/** Every alert of a large installation fits; an endless answer must not fill the worker's memory. */
const MOST_BYTES = 32 * 1024 * 1024;

/**
 * The answer, whatever its status; redirections are not followed, for a secret is meant for one server only. Rejects when
 * there is none, saying why in words that stay the same.
 */
export async function exchange(
  target: HttpTarget,
  request: HttpRequest,
  secrets: Secrets,
): Promise<HttpAnswer> {
  const { headers, hidden } = await headersOf(target, secrets);
  const options = {
    method: request.method,
    headers: { accept: 'application/json', ...bodyHeaders(request), ...headers },
    // A connection of its own: files of certificates may have changed since the last.
    agent: false,
    ...(target.tls && (await tlsOptions(target.tls))),
  };
  const redact = (words: string): string => redacted(words, hidden);
  try {
    return { ...(await send(target, request, options)), redact };
  } catch (error) {
    throw new Error(redact(sayError(error as NodeError)), { cause: error });
  }
}

/** What an answer other than 200 means, without its text: that may differ each time. */
export function sayStatus(status: number): string {
  const name = STATUS_CODES[status];
  const words = `it answers ${status}${name === undefined ? '' : ` ${name}`}`;
  return status >= 300 && status < 400 ? `${words}, and redirections are not followed` : words;
}

async function headersOf(
  { headers: templates, bearer, basic }: HttpTarget,
  secrets: Secrets,
): Promise<{ headers: Record<string, string>; hidden: readonly string[] }> {
  const hidden: string[] = [];
  const reveal = async (secret: Parameters<Secrets['read']>[0]): Promise<string> => {
    const value = await secrets.read(secret);
    hidden.push(value);
    return value;
  };
  const headers: Record<string, string> = {};
  for (const [name, template] of Object.entries(templates)) {
    const values = new Map<string, string>();
    for (const variable of variablesIn(template)) values.set(variable, await reveal({ variable }));
    headers[name] = fillIn(template, (variable) => values.get(variable) ?? '');
  }
  if (bearer) headers['authorization'] = `Bearer ${await reveal(bearer)}`;
  if (basic) {
    const pair = Buffer.from(`${basic.username}:${await reveal(basic.password)}`);
    const encoded = pair.toString('base64');
    hidden.push(encoded);
    headers['authorization'] = `Basic ${encoded}`;
  }
  return { headers, hidden };
}

function bodyHeaders({ body }: HttpRequest): Record<string, string | number> {
  if (!body) return {};
  return { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) };
}

async function tlsOptions({ caFile, certFile, keyFile, serverName }: TlsFiles) {
  return {
    ...(caFile && { ca: await contentOf(caFile) }),
    ...(certFile && { cert: await contentOf(certFile) }),
    ...(keyFile && { key: await contentOf(keyFile) }),
    ...(serverName && { servername: serverName }),
  };
}

function send(
  { url, deadlineMs }: HttpTarget,
  { path, body }: HttpRequest,
  options: RequestOptions,
): Promise<Omit<HttpAnswer, 'redact'>> {
  const open = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = open(`${url}${path}`, options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > MOST_BYTES) request.destroy(new Error('its answer is longer than 32 MiB'));
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    const within = formatDuration(deadlineMs);
    const tooLate = () => request.destroy(new Error(`no answer within ${within}`));
    const timer = setTimeout(tooLate, deadlineMs);
    request.on('error', reject);
    request.on('close', () => clearTimeout(timer));
    request.end(body?.text);
  });
}

/** What Node's errors of the network and of TLS have. */
interface NodeError {
  readonly message: string;
  readonly code?: string;
  readonly syscall?: string;
  /** Of OpenSSL. */
  readonly reason?: string;
  /** One for each address of a name. */
  readonly errors?: readonly NodeError[];
}

/** Node's words, but for those that are different each time or say nothing. */
function sayError(error: NodeError): string {
  const { message, code = '', syscall, reason = code, errors: [first] = [] } = error;
  if (first) return sayError(first);
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'the connection was cut';
  // A name may stand for several addresses, and the next look may try another.
  if (syscall === 'connect') return `${syscall} ${code}`;
  // OpenSSL's message begins with the number of a thread.
  if (/^(EPROTO$|ERR_SSL|ERR_OSSL)/.test(code)) return `TLS: ${reason}`;
  return message || code;
}

/** Shorter ones are no secrets, and would be found anywhere. */
const SHORTEST_HIDDEN = 4;

function redacted(text: string, hidden: readonly string[]): string {
  return hidden
    .filter((secret) => secret.length >= SHORTEST_HIDDEN)
    .reduce((left, secret) => left.replaceAll(secret, '…'), text);
}
