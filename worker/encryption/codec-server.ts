import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { messageOf } from '../../domain/message-of.ts';

const { Payloads } = proto.temporal.api.common.v1;

export interface CodecServerOptions {
  readonly host: string;
  readonly port: number;
  /** The addresses of Web UIs that may ask from a browser. */
  readonly allowOrigins: readonly string[];
}

/**
 * Serves the codec to Temporal's Web UI and CLI, in the protocol of their codec endpoints: POST /decode and /encode. It
 * asks nobody who they are: whoever reaches it reads everything.
 */
export async function serveCodec(
  codec: PayloadCodec,
  { host, port, allowOrigins }: CodecServerOptions,
): Promise<Server> {
  const server = createServer((request, response) => {
    const { origin } = request.headers;
    if (origin !== undefined && allowOrigins.includes(origin)) allow(response, origin);
    answer(codec, request, response).catch((error: unknown) => {
      response.writeHead(400).end(`${messageOf(error)}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}

/** What a browser has to be told before it lets a page of another address ask. */
function allow(response: ServerResponse, origin: string): void {
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
  response.setHeader('vary', 'origin');
}

async function answer(
  codec: PayloadCodec,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end();
    return;
  }
  const { pathname } = new URL(request.url ?? '/', 'http://codec');
  const act = ACTS.get(pathname);
  if (act === undefined || request.method !== 'POST') {
    response.writeHead(404).end('POST /decode or /encode\n');
    return;
  }
  const { payloads } = Payloads.fromObject(JSON.parse(await text(request)) as object);
  const done = await act(codec, payloads);
  const json = Payloads.toObject(Payloads.create({ payloads: done }), { bytes: String });
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}

const ACTS: ReadonlyMap<string, (codec: PayloadCodec, payloads: Payload[]) => Promise<Payload[]>> =
  new Map([
    ['/decode', (codec, payloads) => codec.decode(payloads)],
    ['/encode', (codec, payloads) => codec.encode(payloads)],
  ]);
