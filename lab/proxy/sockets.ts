import type { Server, Socket } from 'node:net';

/** The connections of one listening server, and whether it takes any. */
export class Sockets {
  readonly #open = new Set<Socket>();
  #cut = false;

  /** Follows the server from now on; while cut, whoever connects is turned away. */
  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      // Whoever is cut off in the middle of writing is no news to us.
      socket.on('error', () => undefined);
      if (this.#cut) {
        socket.resetAndDestroy();
        return;
      }
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  /** Ends every connection and refuses new ones. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#open) socket.resetAndDestroy();
  }

  restore(): void {
    this.#cut = false;
  }
}

/** Listens on a free port of 127.0.0.1 and answers with it. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('it listens nowhere');
  return address.port;
}
