import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { messageOf } from '../../domain/message-of.ts';

const { Payloads } = proto.temporal.api.common.v1;

export interface CodecServerOptions {
  readonly host: string;
  readonly port: number;
  /** Names under which it may be asked, besides `host` and those of this machine. */
  readonly allowHosts: readonly string[];
  /** The addresses of Web UIs that may ask from a browser. */
  readonly allowOrigins: readonly string[];
}

/** What Temporal puts into one message (4 MB) fits, in base64 and with what stands around it. */
const MOST_BYTES = 8_000_000;

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** What the server does not do, and with which status it says so. */
class Refused extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, because: string, headers = {}) {
    super(because);
    this.status = status;
    this.headers = headers;
  }
}

const BAD_REQUEST = { status: 400, headers: {} };

/**
 * Serves the codec to Temporal's Web UI and CLI, in the protocol of their codec endpoints: POST /decode and /encode. It
 * asks nobody who they are: whoever reaches it reads everything. A page of somebody else in a browser here does not reach it,
 * under its own origin or under a name that leads here.
 */
export async function serveCodec(
  codec: PayloadCodec,
  { host, port, allowHosts, allowOrigins }: CodecServerOptions,
): Promise<Server> {
  const hosts = new Set([...LOOPBACK, host.includes(':') ? `[${host}]` : host, ...allowHosts]);
  const server = createServer((request, response) => {
    checkSender(request, response, { hosts, allowOrigins })
      .then(() => answer(codec, request, response))
      .catch((error: unknown) => {
        const { status, headers } = error instanceof Refused ? error : BAD_REQUEST;
        // What was not read is not waited for.
        response.writeHead(status, { ...headers, connection: 'close' });
        response.end(`${messageOf(error)}\n`, () => request.destroy());
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}

interface Senders {
  readonly hosts: ReadonlySet<string>;
  readonly allowOrigins: readonly string[];
}

async function checkSender(
  { headers: { host = '', origin } }: IncomingMessage,
  response: ServerResponse,
  { hosts, allowOrigins }: Senders,
): Promise<void> {
  const name = host.replace(/:\d*$/, '').toLowerCase();
  if (!hosts.has(name)) throw new Refused(403, `${name}: not a name of this server (--allow-host)`);
  if (origin === undefined) return;
  if (!allowOrigins.includes(origin)) {
    throw new Refused(403, `${origin}: not a Web UI that may ask (--allow-origin)`);
  }
  // What a browser has to be told before it lets a page of another address ask.
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
  response.setHeader('vary', 'origin');
}

async function answer(
  codec: PayloadCodec,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '/', headers } = request;
  const act = ACTS.get(url.replace(/[?].*$/, ''));
  if (act === undefined) throw new Refused(404, 'POST /decode or /encode');
  if (method === 'OPTIONS') {
    response.writeHead(204).end();
    return;
  }
  if (method !== 'POST') throw new Refused(405, 'POST only', { allow: 'POST, OPTIONS' });
  // A page of somebody else may send any other without asking first.
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    throw new Refused(415, 'send application/json');
  }
  const { payloads } = Payloads.fromObject(JSON.parse(await bodyOf(request)) as object);
  const done = await act(codec, payloads);
  const json = Payloads.toObject(Payloads.create({ payloads: done }), { bytes: String });
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const tooLong = new Refused(413, `send at most ${MOST_BYTES / 1_000_000} MB`);
  if (Number(request.headers['content-length'] ?? 0) > MOST_BYTES) throw tooLong;
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not by a loop over it, which would close the connection before the refusal is said.
  await new Promise<void>((resolve, reject) => {
    request.once('end', resolve).once('error', reject);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_BYTES) chunks.push(chunk);
      else {
        request.pause();
        reject(tooLong);
      }
    });
  });
  return Buffer.concat(chunks).toString();
}

const ACTS: ReadonlyMap<string, (codec: PayloadCodec, payloads: Payload[]) => Promise<Payload[]>> =
  new Map([
    ['/decode', (codec, payloads) => codec.decode(payloads)],
    ['/encode', (codec, payloads) => codec.encode(payloads)],
  ]);
