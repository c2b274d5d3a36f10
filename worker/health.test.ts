import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { serveHealth } from './health.ts';

let server: Server;
let broken: string | undefined;
let notReady: string | undefined;

beforeEach(async () => {
  broken = undefined;
  notReady = undefined;
  const at = { host: '127.0.0.1', port: 0 };
  server = await serveHealth(at, { broken: () => broken, notReady: () => notReady });
});
afterEach(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

const port = (): number => (server.address() as AddressInfo).port;

async function ask(path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port()}${path}`, {
    headers: { connection: 'close' },
  });
  return `${answer.status} ${await answer.text()}`;
}

test('a worker that is well answers ok', async () => {
  expect(await ask('/healthz')).toBe('200 ok\n');
  expect(await ask('/readyz')).toBe('200 ok\n');
});

test('G8: a worker that is not ready says why, and is not restarted for it', async () => {
  notReady = 'not polling Temporal yet';
  expect(await ask('/readyz')).toBe('503 not polling Temporal yet\n');
  expect(await ask('/healthz')).toBe('200 ok\n');
});

test('a worker that is broken says so', async () => {
  broken = 'the worker has failed';
  expect(await ask('/healthz')).toBe('503 the worker has failed\n');
});

test('anything else is not found', async () => {
  expect(await ask('/metrics')).toBe('404 not found\n');
});

test('a port in use is refused, not waited for', async () => {
  const again = serveHealth(
    { host: '127.0.0.1', port: port() },
    { broken: () => undefined, notReady: () => undefined },
  );
  await expect(again).rejects.toThrow(/EADDRINUSE.*127\.0\.0\.1/);
});
