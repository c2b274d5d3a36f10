import { connect, createServer, type Socket } from 'node:net';
import { listen, type Listening } from './sockets.ts';

/** Passes bytes on between whoever connects and one server, until it is cut. */
export interface TcpProxy extends Listening {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
}

/** `target` is `host:port`; it need not be there yet. A connection to a target that is away ends at once. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const [host = '', port = ''] = target.split(':');
  const server = createServer((client) => join(client, connect({ host, port: Number(port) })));
  const own = await listen(server);
  return { ...own, address: `127.0.0.1:${own.port}` };
}

/** Two sockets that live and die together. */
function join(one: Socket, other: Socket): void {
  pass(one, other);
  pass(other, one);
}

function pass(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.once('close', () => to.destroy());
}
