import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EncryptionCodec } from './codec.ts';
import { serveCodec } from './codec-server.ts';

const UI = 'http://127.0.0.1:8233';
const key = { id: 'k', secret: randomBytes(32) };

let server: Server;
beforeEach(async () => {
  const codec = new EncryptionCodec({
    current: () => key,
    of: (id) => (id === key.id ? key : undefined),
  });
  server = await serveCodec(codec, {
    host: '127.0.0.1',
    port: 0,
    allowHosts: ['codec.example'],
    allowOrigins: [UI],
  });
});
afterEach(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const plain = {
  payloads: [{ metadata: { encoding: base64('json/plain') }, data: base64('"worker-7"') }],
};

const url = (path: string): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

async function ask(path: string, body: unknown, headers = {}): Promise<Response> {
  return await fetch(url(path), {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { connection: 'close', 'content-type': 'application/json', ...headers },
  });
}

test('encodes and decodes as the endpoints of Temporal do', async () => {
  const encoded = (await (await ask('/encode?namespace=default', plain)).json()) as typeof plain;
  expect(encoded.payloads[0]?.metadata.encoding).toBe(base64('binary/encrypted'));
  expect(encoded.payloads[0]?.data).not.toContain(base64('worker').slice(0, 6));
  const decoded = await ask('/decode', encoded);
  expect(decoded.headers.get('content-type')).toBe('application/json');
  expect(await decoded.json()).toEqual(plain);
});

test('takes what is not encrypted as it is', async () => {
  expect(await (await ask('/decode', plain)).json()).toEqual(plain);
});

const preflight = (origin: string): Promise<Response> =>
  fetch(url('/decode'), { method: 'OPTIONS', headers: { connection: 'close', origin } });

test('lets a browser ask only from the Web UI that was named', async () => {
  const allowed = await preflight(UI);
  expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([204, UI]);
  const asked = await ask('/decode', plain, { origin: UI });
  expect(asked.headers.get('access-control-allow-origin')).toBe(UI);

  const origin = 'https://evil.example';
  for (const refused of [await preflight(origin), await ask('/decode', plain, { origin })]) {
    expect(refused.status).toBe(403);
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    expect(await refused.text()).toBe(`${origin}: not a Web UI that may ask (--allow-origin)\n`);
  }
});

/** What the server answers to bytes as they are, all of them, once it has ended the connection. */
async function raw(head: string, ...body: readonly Buffer[]): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`${head}\r\n\r\n`);
  for (const chunk of body) socket.write(chunk);
  return await text(socket);
}

const POST = 'POST /decode HTTP/1.1\r\nContent-Type: application/json\r\nConnection: close';

test.each([
  ['localhost', 200],
  ['LOCALHOST:8234', 200],
  ['127.0.0.1:1', 200],
  ['[::1]:8234', 200],
  ['codec.example', 200],
  ['evil.example', 403],
  ['localhost.evil.example', 403],
  ['127.0.0.1.evil.example:8234', 403],
  ['', 403],
])('under the name "%s" it answers %i', async (host, status) => {
  const said = await raw(`${POST}\r\nHost: ${host}\r\nContent-Length: 2`, Buffer.from('{}'));
  expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

describe('what is longer than 8 MB is refused before it is kept:', () => {
  const SAID = /^HTTP\/1.1 413 [^]*send at most 8 MB\n/;
  const localhost = `${POST}\r\nHost: localhost`;

  test('by what it says of itself', async () => {
    expect(await raw(`${localhost}\r\nContent-Length: 8000001`)).toMatch(SAID);
  });

  test('by what comes, where it never ends', async () => {
    const chunk = [Buffer.from('7a1201\r\n'), Buffer.alloc(8_000_001, ' ')];
    expect(await raw(`${localhost}\r\nTransfer-Encoding: chunked`, ...chunk)).toMatch(SAID);
  });

  test('but not what is just as long', async () => {
    const body = JSON.stringify(plain).padEnd(8_000_000);
    expect((await ask('/decode', body)).status).toBe(200);
  });
});

test.each([
  ['GET', 405],
  ['PUT', 405],
  ['DELETE', 405],
])('refuses %s', async (method, status) => {
  const answer = await fetch(url('/decode'), { method, headers: { connection: 'close' } });
  expect([answer.status, answer.headers.get('allow')]).toEqual([status, 'POST, OPTIONS']);
});

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
  'refuses %s, which any page may send',
  async (type) => {
    expect((await ask('/decode', plain, { 'content-type': type })).status).toBe(415);
  },
);

test.each([
  { name: 'what is no JSON', path: '/decode', body: '{', status: 400 },
  {
    name: 'a payload whose key it has not',
    path: '/decode',
    body: {
      payloads: [
        { metadata: { encoding: base64('binary/encrypted'), 'encryption-key-id': base64('x') } },
      ],
    },
    status: 400,
  },
  { name: 'another path', path: '/', body: plain, status: 404 },
])('refuses $name', async ({ path, body, status }) => {
  expect((await ask(path, body)).status).toBe(status);
});
