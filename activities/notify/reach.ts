import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Transport } from '../../domain/notifications/services/translate.ts';
import { sayNetworkError } from '../http-errors.ts';
import { greetServer, type Certificates } from './mail.ts';
import { NotSent } from './not-sent.ts';

/** Whoever takes longer would not take a message in time. */
const WITHIN_MS = 10_000;

/**
 * Connects as for a message and sends none: what a web server does with a request nobody knows, so it gets none. Rejects with
 * NotSent, or with what the network says.
 */
export async function reach(transport: Transport, certificates: Certificates): Promise<void> {
  switch (transport.kind) {
    case 'http': {
      const servers = new Set(transport.calls.map(({ url }) => new URL(url).origin));
      for (const server of servers) await connected(new URL(server), certificates);
      return;
    }
    case 'mail':
      return await greetServer(transport.mail, certificates);
    case 'matrix':
      return await connected(new URL(transport.matrix.server), certificates);
    case 'log':
      return;
    default:
      transport satisfies never;
  }
}

async function connected({ protocol, hostname, port }: URL, tls: Certificates): Promise<void> {
  // An IPv6 host is written in brackets and connected to without them.
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const isTls = protocol === 'https:';
  const to = { host, port: Number(port) || (isTls ? 443 : 80) };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket: Socket = isTls
    ? connectTls({ ...(isIP(host) === 0 && { servername: host }), ...to, ...tls }, resolve)
    : connectTcp(to, resolve);
  socket.setTimeout(WITHIN_MS, () => reject(new NotSent('no connection in time')));
  socket.on('error', (error) => reject(new NotSent(sayNetworkError(error))));
  try {
    await promise;
  } finally {
    socket.destroy();
  }
}
