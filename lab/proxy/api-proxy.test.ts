import { createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startApiProxy, type ApiProxy } from './api-proxy.ts';
import type { SeenRequest } from './holds.ts';

/** What has reached the server, in order. */
let arrived: string[];
let server: Server;
let proxy: ApiProxy;
/** Answers nobody has finished yet. */
let open: ServerResponse[];

beforeEach(async () => {
  arrived = [];
  open = [];
  server = createServer((incoming, outgoing) => {
    void text(incoming).then((body) => {
      arrived.push(`${incoming.method} ${incoming.url} ${body}`.trim());
      if (incoming.url?.includes('watch')) {
        outgoing.writeHead(200);
        outgoing.write('first\n');
        open.push(outgoing);
        return undefined;
      }
      outgoing.writeHead(incoming.url === '/conflict' ? 409 : 200, { 'x-server': 'real' });
      return outgoing.end(`done ${body}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  proxy = await startApiProxy({ target: `http://127.0.0.1:${port}` });
});

afterEach(async () => {
  await proxy.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Answer {
  status: number;
  text: string;
  server: unknown;
}

/** One request on a connection of its own. */
function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method, agent: false as const, ...(signal ? { signal } : {}) };
    const sent = request(new URL(path, proxy.url), options, (answer) => {
      text(answer).then(
        (read) =>
          resolve({
            status: answer.statusCode ?? 0,
            text: read,
            server: answer.headers['x-server'],
          }),
        reject,
      );
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const patches = ({ method, path }: SeenRequest): boolean => method === 'PATCH' && path === '/n';

describe('the proxy in front of the API server', () => {
  test('tells nobody that a stream which was cut off has ended well', async () => {
    const watch = send('GET', '/watch');
    await until(() => open.length === 1);
    open[0]?.destroy();
    await expect(watch).rejects.toThrow('aborted');
  });

  test('holds a request before it has reached the server, and lets it go on', async () => {
    const hold = proxy.hold('request', patches);
    const held = send('PATCH', '/n', { a: 1 });
    expect(await hold.reached).toEqual({ method: 'PATCH', path: '/n', body: { a: 1 } });
    await send('GET', '/n');
    expect(arrived).toEqual(['GET /n']);
    hold.release();
    expect((await held).text).toBe('done {"a":1}');
  });

  test('loses a held request: it never reaches the server, and its connection ends', async () => {
    const hold = proxy.hold('request', patches);
    const held = send('PATCH', '/n', { a: 1 });
    await hold.reached;
    hold.drop();
    await expect(held).rejects.toThrow('socket hang up');
    await send('PATCH', '/n', { a: 2 });
    expect(arrived).toEqual(['PATCH /n {"a":2}']);
  });

  test('delivers a held request whose sender has gone meanwhile', async () => {
    const hold = proxy.hold('request', patches);
    const life = new AbortController();
    const held = send('PATCH', '/n', { a: 1 }, life.signal);
    await hold.reached;
    life.abort();
    await expect(held).rejects.toThrow('aborted');
    hold.release();
    await until(() => arrived.length === 1);
    expect(arrived).toEqual(['PATCH /n {"a":1}']);
  });

  test('loses an answer: the server has done it, and nobody is told', async () => {
    const hold = proxy.hold('answer', patches);
    const held = send('PATCH', '/n', { a: 1 });
    await hold.reached;
    expect(arrived).toEqual(['PATCH /n {"a":1}']);
    expect(hold.held).toBe(1);
    hold.drop();
    await expect(held).rejects.toThrow('socket hang up');
  });

  test('holds only the answer of something that was done', async () => {
    const hold = proxy.hold('answer', ({ path }) => path === '/conflict' || path === '/n');
    expect((await send('PATCH', '/conflict')).status).toBe(409);
    expect(hold.held).toBe(0);
    const held = send('PATCH', '/n');
    await hold.reached;
    hold.release();
    expect((await held).status).toBe(200);
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
