import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { PortForward, type KubeConfig } from '@kubernetes/client-node';

/** A port on the loopback of a pod. */
export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

export interface Forwarded {
  /** `host:port` on this machine. */
  readonly address: string;
  /** Why the latest connection came to nothing; undefined: it did not. */
  refused(): string | undefined;
  close(): Promise<void>;
}

/** Opens a port of this machine that leads to one of a pod, through the API server, as `kubectl port-forward` does. */
export async function forwardPort(config: KubeConfig, to: PodPort): Promise<Forwarded> {
  const forward = new PortForward(config);
  const open = new Set<Socket>();
  let refused: string | undefined;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // Who is cut off connects again, or says what is wrong.
    socket.on('error', () => socket.destroy());
    void (async () => {
      refused = await join(forward, to, socket);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { address, port } = server.address() as AddressInfo;
  return {
    address: `${address}:${port}`,
    refused: () => refused,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers with why not, when it comes to nothing. */
async function join(
  forward: PortForward,
  to: PodPort,
  socket: Socket,
): Promise<string | undefined> {
  const { namespace, pod, port } = to;
  try {
    const opened = await forward.portForward(namespace, pod, [port], socket, null, socket);
    const tunnel = typeof opened === 'function' ? opened() : opened;
    tunnel?.addEventListener('close', () => socket.destroy());
    socket.on('close', () => tunnel?.close());
    return undefined;
  } catch (error) {
    socket.destroy();
    // Not an error, but the event of one.
    return String((error as { readonly message?: unknown }).message);
  }
}
