import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
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
  server = await serveCodec(codec, { host: '127.0.0.1', port: 0, allowOrigins: [UI] });
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
    headers: { connection: 'close', ...headers },
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

async function preflight(origin: string): Promise<string | null> {
  const answer = await fetch(url('/decode'), {
    method: 'OPTIONS',
    headers: { connection: 'close', origin },
  });
  expect(answer.status).toBe(204);
  return answer.headers.get('access-control-allow-origin');
}

test('lets a browser ask only from the Web UI that was named', async () => {
  expect(await preflight(UI)).toBe(UI);
  expect(await preflight('https://evil.example')).toBeNull();
  const asked = await ask('/decode', plain, { origin: UI });
  expect(asked.headers.get('access-control-allow-origin')).toBe(UI);
});

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
