import type { AddressInfo, Server, Socket } from 'node:net';

/** A server on a port of 127.0.0.1. */
export interface Listening {
  readonly port: number;
  /** Ends every connection and refuses new ones. */
  cut(): void;
  restore(): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1; while cut, whoever connects is turned away. */
export async function listen(server: Server): Promise<Listening> {
  const open = new Set<Socket>();
  let isCut = false;
  server.on('connection', (socket: Socket) => {
    // Whoever is cut off in the middle of writing is no news to us.
    socket.on('error', () => undefined);
    if (isCut) {
      socket.resetAndDestroy();
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const cut = (): void => {
    isCut = true;
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    restore: () => void (isCut = false),
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
