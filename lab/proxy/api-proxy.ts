import {
  Agent as HttpAgent,
  createServer as createHttpServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import {
  Agent as HttpsAgent,
  createServer as createHttpsServer,
  request as httpsRequest,
} from 'node:https';
import { buffer } from 'node:stream/consumers';
import { present } from '../../domain/present.ts';
import { Holds, type Hold, type HoldPoint, type Matcher, type SeenRequest } from './holds.ts';
import { listen, type Listening } from './sockets.ts';

export interface ApiProxyOptions {
  /** Where requests are passed on to, http or https. */
  readonly target: string;
  /** For https: the PEM text that verifies the target, and what the proxy shows to its own clients. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** Stands between a client and an HTTP server, passes everything on, streams too, and fails on demand. */
export interface ApiProxy extends Listening {
  readonly url: string;
  /** Holds every request that matches, or every answer to one, until the hold is ended; a cut ends no hold. */
  hold(at: HoldPoint, matches: Matcher): Hold;
}

export async function startApiProxy({ target, tls }: ApiProxyOptions): Promise<ApiProxy> {
  const upstream = openUpstream(target, tls?.ca);
  const holds = new Holds();
  const serve: RequestListener = (incoming, outgoing) => {
    // A client that is gone, and a server that is away, look the same to the client: its connection ends.
    handle({ upstream, holds }, incoming, outgoing).catch(() => outgoing.destroy());
  };
  const server = tls ? createHttpsServer(tls, serve) : createHttpServer(serve);
  // A connection that its client keeps for later is not ours to end.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  const own = await listen(server);
  return {
    ...own,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${own.port}`,
    hold: (at, matches) => holds.add(at, matches),
    async close() {
      holds.end();
      const closed = own.close();
      upstream.close();
      await closed;
    },
  };
}

interface Upstream {
  /** Resolves with the head of the answer. It is given up when the client goes; without one, it goes on to the end. */
  send(request: Asked, client: ServerResponse | undefined): Promise<IncomingMessage>;
  close(): void;
}

interface Asked {
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
}

function openUpstream(target: string, ca: string | undefined): Upstream {
  const secure = target.startsWith('https:');
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, ...present({ ca }) })
    : new HttpAgent({ keepAlive: true });
  const begin = secure ? httpsRequest : httpRequest;
  return {
    send: ({ incoming, body }, client) =>
      new Promise((resolve, reject) => {
        const { host: _host, ...headers } = incoming.headers;
        const { method = 'GET', url = '/' } = incoming;
        const sent = begin(new URL(url, target), { agent, method, headers }, resolve);
        sent.on('error', reject);
        client?.once('close', () => sent.destroy());
        sent.end(body);
      }),
    close: () => agent.destroy(),
  };
}

interface Passage {
  readonly upstream: Upstream;
  readonly holds: Holds;
}

async function handle(
  { upstream, holds }: Passage,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await buffer(incoming);
  const request = readRequest(incoming, body);
  if ((await holds.pass('request', request)) === 'lost') {
    outgoing.destroy();
    return;
  }
  const whole = holds.wantsAnswer(request);
  // What was on its way arrives, whether its sender still lives or not.
  const client = outgoing.destroyed || whole ? undefined : outgoing;
  const answer = await upstream.send({ incoming, body }, client);
  if (whole) return await passWhole({ holds, request }, answer, outgoing);
  writeHead(answer, outgoing);
  answer.on('error', () => outgoing.destroy());
  // Cut short by the server: whoever reads must not take it for the end.
  answer.once('close', () => answer.complete || outgoing.destroy());
  answer.pipe(outgoing);
}

async function passWhole(
  { holds, request }: { holds: Holds; request: SeenRequest },
  answer: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const text = await buffer(answer);
  const { statusCode = 0 } = answer;
  const done = statusCode >= 200 && statusCode < 300;
  if (done && (await holds.pass('answer', request)) === 'lost') {
    outgoing.destroy();
    return;
  }
  writeHead(answer, outgoing);
  outgoing.end(text);
}

function writeHead({ statusCode = 502, headers }: IncomingMessage, outgoing: ServerResponse): void {
  if (outgoing.destroyed) return;
  const { connection: _connection, 'keep-alive': _keepAlive, ...rest } = headers;
  outgoing.writeHead(statusCode, rest);
  // A watch that has nothing to tell yet is open all the same.
  outgoing.flushHeaders();
}

function readRequest({ method = '', url = '' }: IncomingMessage, body: Buffer): SeenRequest {
  return { method, path: url, body: parse(body) };
}

function parse(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
