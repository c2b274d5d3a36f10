import {
  request as httpRequest,
  STATUS_CODES,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { formatDuration } from '../domain/durations.ts';
import type { HttpTarget, TlsFiles } from '../domain/http-schema.ts';
import { words } from '../domain/outside.ts';
import { present } from '../domain/present.ts';
import { fillIn, variablesIn } from '../domain/secret-schema.ts';
import { sayNetworkError } from './http-errors.ts';
import { sayBytes } from './regular-file.ts';
import { contentOf, Revealed, type Secrets } from './secrets.ts';

/**
 * Everything that is asked of a server other than Temporal and the cluster's own: never longer than its deadline, never more
 * than fits into memory, and never a secret in what goes wrong.
 */

export interface HttpRequest {
  readonly method: string;
  /** A user and password in it become a header. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly tls?: TlsFiles | undefined;
  readonly deadlineMs: number;
  /** What is longer is refused; default 4 MB. */
  readonly mostBytes?: number;
  /** What is longer is cut instead, where only the beginning matters. */
  readonly cut?: true;
  /** Goes where it is sent, as only what is read by GET may: without what was meant for the first server. Default: not. */
  readonly follow?: true;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** What it is the answer to, such as POST /api/v1/query; absent where that may be a secret. */
  readonly asked?: string;
  /** Takes out of words of the server what was sent to it as a secret. */
  readonly redact: (words: string) => string;
}

/** There is no answer; says why in words that stay the same and hold no secret. */
export class NoAnswer extends Error {}

/** The alerts of a large installation fit; what is made of them takes many times as much memory. */
const MOST_BYTES = 4_000_000;
const MOST_REDIRECTS = 5;

/** The answer, whatever its status. Rejects with NoAnswer or NoSecret, or with the reason of the signal. */
export async function ask(request: HttpRequest, revealed: Revealed): Promise<HttpAnswer> {
  const { deadlineMs, signal: cancelled } = request;
  const hop = await firstHop(request, revealed);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), deadlineMs);
  const signal = AbortSignal.any([late.signal, ...(cancelled ? [cancelled] : [])]);
  try {
    const response = await answerTo(hop, request, signal);
    const { statusCode: status = 0, headers } = response;
    const text = await textOf(response, request);
    return { status, headers, text, redact: (words) => revealed.redact(words) };
  } catch (error) {
    cancelled?.throwIfAborted();
    if (late.signal.aborted) throw new NoAnswer(`no answer within ${formatDuration(deadlineMs)}`);
    throw new NoAnswer(revealed.redact(sayNetworkError(error)), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Asks a server that the policy names, as it says that one is known there. */
export async function exchange(
  target: HttpTarget,
  { path, ...request }: Pick<HttpRequest, 'method' | 'headers' | 'body'> & { path: string },
  secrets: Secrets,
): Promise<HttpAnswer> {
  const revealed = new Revealed(secrets);
  const { tls, deadlineMs } = target;
  const url = `${target.url}${path}`;
  const known = await headersOf(target, revealed);
  const headers = { accept: 'application/json', ...request.headers, ...known };
  const asked = `${request.method} ${new URL(url).pathname}`;
  return { ...(await ask({ ...request, url, headers, tls, deadlineMs }, revealed)), asked };
}

/** What an answer means that is not the one hoped for: its status, what was asked, and the first words of it. */
export function sayAnswer(
  { status, text, asked, redact }: HttpAnswer,
  said: string = text,
): string {
  const name = STATUS_CODES[status] ?? '';
  const to = asked === undefined ? '' : ` to ${asked}`;
  const isElsewhere = status >= 300 && status < 400;
  const elsewhere = isElsewhere ? ', and redirections are not followed' : '';
  const first = firstWords(redact(said));
  const why = first === '' || first === name ? '' : `: ${first}`;
  return `it answers ${`${status} ${name}`.trim()}${to}${elsewhere}${why}`;
}

const LONGEST_WORDS = 160;

/** Of a page without its tags; on one line. */
export function firstWords(text: string): string {
  const page = text.slice(0, 8_192);
  return words(
    page.replaceAll(/<(script|style)\b[\s\S]*?(<\/\1>|$)|<[^>]*>/gi, ' '),
    LONGEST_WORDS,
  );
}

async function headersOf(
  { headers: templates, bearer, basic }: HttpTarget,
  revealed: Revealed,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, template] of Object.entries(templates)) {
    const values = new Map<string, string>();
    for (const variable of variablesIn(template)) {
      values.set(variable, await revealed.read({ variable }));
    }
    headers[name] = fillIn(template, (variable) => values.get(variable) ?? '');
  }
  if (bearer) headers['authorization'] = `Bearer ${await revealed.read(bearer)}`;
  if (basic) {
    const login = `${basic.username}:${await revealed.read(basic.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(login).toString('base64')}`;
  }
  return headers;
}

/** How a server with certificates of its own is reached; the files are read every time, for they are renewed. */
export async function tlsOptions(
  { caFile, certFile, keyFile, serverName }: TlsFiles,
  revealed: Revealed,
) {
  return {
    ...(caFile && { ca: await contentOf(caFile) }),
    ...(certFile && { cert: await revealed.read({ file: certFile }) }),
    ...(keyFile && { key: await revealed.read({ file: keyFile }) }),
    ...present({ servername: serverName }),
  };
}

interface Hop {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Awaited<ReturnType<typeof tlsOptions>>;
}

/** Without what whoever stands in between would not know anyway. */
const FOR_ANYBODY = {
  'user-agent': 'lockkeeper',
  'accept-encoding': 'identity',
  // A connection of its own: one that was left open may be cut at any time.
  connection: 'close',
};

async function firstHop(request: HttpRequest, revealed: Revealed): Promise<Hop> {
  const url = new URL(request.url);
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const encoded = Buffer.from(login).toString('base64');
  const headers: Record<string, string> = {
    ...FOR_ANYBODY,
    ...(login !== ':' && { authorization: `Basic ${encoded}` }),
    ...request.headers,
  };
  for (const [name, value] of Object.entries(headers)) {
    if (/^authorization$/i.test(name)) revealed.hide(value.replace(/^\S+ /, ''));
  }
  Object.assign(url, { username: '', password: '' });
  return { url, headers, tls: request.tls ? await tlsOptions(request.tls, revealed) : {} };
}

async function answerTo(
  first: Hop,
  { method, body, follow }: HttpRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let hop = first;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const response = await open(hop, { method, body, signal });
    const { statusCode = 0, headers } = response;
    const isElsewhere = [301, 302, 303, 307, 308].includes(statusCode);
    if (!follow || !isElsewhere || headers.location === undefined) return response;
    response.destroy();
    hop = nextHop(hop, headers.location);
  }
  throw new Error(`it redirects more than ${MOST_REDIRECTS} times`);
}

/** Whoever is sent elsewhere takes no header, no certificate and no login of the first server along. */
function nextHop({ url, headers, tls }: Hop, location: string): Hop {
  if (!URL.canParse(location, url.href)) throw new Error('it redirects to what is no address');
  const next = new URL(location, url);
  Object.assign(next, { username: '', password: '' });
  if (url.protocol === 'https:' && next.protocol !== 'https:') {
    throw new Error('it redirects to plain http');
  }
  if (next.origin === url.origin) return { url: next, headers, tls };
  const { ca } = tls;
  return { url: next, headers: FOR_ANYBODY, tls: ca === undefined ? {} : { ca } };
}

interface Sent {
  readonly method: string;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

function open({ url, headers, tls }: Hop, { method, body, signal }: Sent) {
  const begin = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise<IncomingMessage>((resolve, reject) => {
    const options = { method, headers: { ...headers, ...length }, signal, ...tls };
    begin(url, options, resolve).on('error', reject).end(body);
  });
}

/** An answer that is no success is cut, too: its first words are all that is wanted of it. */
async function textOf(
  response: IncomingMessage,
  { mostBytes = MOST_BYTES, cut }: HttpRequest,
): Promise<string> {
  const { statusCode = 0 } = response;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= mostBytes) continue;
    if (cut || statusCode >= 300) break;
    throw new Error(`its answer is longer than ${sayBytes(mostBytes)}`);
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, mostBytes));
}
