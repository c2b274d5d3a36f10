import { constants as crypto } from 'node:crypto';
import {
  connect,
  constants,
  createSecureServer,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { listen } from './sockets.ts';
import type { TcpProxy } from './tcp-proxy.ts';

export interface TlsProxyOptions {
  /** `host:port` of a gRPC server without TLS. */
  readonly target: string;
  /** Its own certificate and key, as PEM. */
  readonly cert: string;
  readonly key: string;
  /** Where given, only clients with a certificate of this authority are let in. */
  readonly clientCa?: string;
  /** Where given, every call must bring it as a bearer token. */
  readonly apiKey?: string;
  /** A gRPC service, or `service/method`, that nobody may call, such as temporal.api.operatorservice.v1.OperatorService. */
  readonly forbidden?: string;
}

const refusal = (code: number, words: string) => ({
  [constants.HTTP2_HEADER_STATUS]: 200,
  [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
  'grpc-status': String(code),
  'grpc-message': words,
});
/** gRPC's codes UNAUTHENTICATED, with the words of Temporal Cloud, and PERMISSION_DENIED, with those of the server. */
const UNAUTHENTICATED = refusal(16, 'Request unauthorized.');
const FORBIDDEN = refusal(7, 'Request unauthorized.');

/** Stands before a gRPC server that has no TLS, as a load balancer does, and asks clients who they are. */
export async function startTlsProxy(options: TlsProxyOptions): Promise<TcpProxy> {
  const { target, cert, key, clientCa } = options;
  const upstream = upstreamOf(`http://${target}`);
  const server = createSecureServer({
    cert,
    key,
    // A session that is resumed would not be asked for its certificate again, however old that is by then.
    secureOptions: crypto.SSL_OP_NO_TICKET,
    ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const refused = refusalFor(headers, options);
    if (refused) stream.respond(refused, { endStream: true });
    else forward(stream, headers, upstream.session());
  });
  // Who is turned away, or leaves in the middle, is no news to us.
  server.on('sessionError', () => undefined);
  server.on('tlsClientError', () => undefined);
  const own = await listen(server);
  return {
    ...own,
    address: `127.0.0.1:${own.port}`,
    async close() {
      const closed = own.close();
      upstream.close();
      await closed;
    },
  };
}

function refusalFor(
  headers: IncomingHttpHeaders,
  { apiKey, forbidden }: TlsProxyOptions,
): ReturnType<typeof refusal> | undefined {
  if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`) return UNAUTHENTICATED;
  const path = headers[constants.HTTP2_HEADER_PATH] as string | undefined;
  return forbidden !== undefined && `${path}/`.startsWith(`/${forbidden}/`) ? FORBIDDEN : undefined;
}

/** One connection to the server behind, made anew when it is gone. */
function upstreamOf(url: string) {
  let open: ClientHttp2Session | undefined;
  return {
    session(): ClientHttp2Session {
      if (open === undefined || open.closed || open.destroyed) {
        open = connect(url);
        open.on('error', () => undefined);
      }
      return open;
    },
    close: () => open?.destroy(),
  };
}

function forward(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  session: ClientHttp2Session,
): void {
  const call = session.request(headers);
  let trailers: IncomingHttpHeaders = {};
  call.on('response', (answer, flags) => {
    if (stream.destroyed) return;
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(answer, endStream ? { endStream } : { waitForTrailers: true });
  });
  call.on('trailers', (received) => {
    trailers = received;
  });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.pipe(call);
  call.pipe(stream);
  call.on('error', () => stream.close(constants.NGHTTP2_CANCEL));
  stream.on('close', () => call.close(stream.rstCode));
}
