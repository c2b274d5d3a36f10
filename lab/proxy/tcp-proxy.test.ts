import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

let server: Server;
let serverSides: Socket[];
let proxy: TcpProxy;

beforeEach(async () => {
  serverSides = [];
  // An echo: whatever comes goes back.
  server = createServer((socket) => {
    serverSides.push(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await startTcpProxy(`127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  await proxy.close();
  for (const socket of serverSides) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

function client(): {
  socket: Socket;
  ended: Promise<void>;
  say: (word: string) => Promise<string>;
} {
  const [host = '', port] = proxy.address.split(':');
  const socket = connect({ host, port: Number(port) });
  socket.on('error', () => undefined);
  return {
    socket,
    ended: new Promise((resolve) => socket.once('close', () => resolve())),
    say: (word) =>
      new Promise((resolve) => {
        socket.once('data', (bytes) => resolve(bytes.toString()));
        socket.write(word);
      }),
  };
}

describe('the proxy in front of Temporal', () => {
  test('passes bytes on in both directions', async () => {
    const { socket, say } = client();
    expect(await say('hello')).toBe('hello');
    expect(await say('again')).toBe('again');
    socket.destroy();
  });

  test('ends the connection when the server ends it', async () => {
    const one = client();
    await one.say('hello');
    serverSides[0]?.destroy();
    await one.ended;
  });

  test('cut, ends every connection on both sides and refuses others, until it is restored', async () => {
    const one = client();
    await one.say('hello');
    const serverSide = new Promise((resolve) => serverSides[0]?.once('close', resolve));
    proxy.cut();
    await one.ended;
    await serverSide;
    await client().ended;
    expect(serverSides).toHaveLength(1);
    proxy.restore();
    const two = client();
    expect(await two.say('back')).toBe('back');
    two.socket.destroy();
  });
});
