import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { serveHealth } from './health.ts';

let server: Server;
let broken: string | undefined;
let notReady: string | undefined;
let metrics: () => Promise<string>;
const noMetrics = { contentType: 'text/plain', text: async () => '' };

beforeEach(async () => {
  broken = undefined;
  notReady = undefined;
  metrics = async () => 'a 1\n';
  const at = { host: '127.0.0.1', port: 0 };
  server = await serveHealth(at, {
    broken: () => broken,
    notReady: () => notReady,
    metrics: { contentType: 'text/plain; version=0.0.4', text: () => metrics() },
  });
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

test('Prometheus gets the metrics in its format', async () => {
  const answer = await fetch(`http://127.0.0.1:${port()}/metrics`);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(await answer.text()).toBe('a 1\n');
});

test('G11: metrics that cannot be made, or that never come, leave the probes alone', async () => {
  metrics = async () => {
    throw new Error('no memory');
  };
  expect(await ask('/metrics')).toBe('500 Error: no memory\n');
  metrics = () => new Promise(() => undefined);
  const away = new AbortController();
  const never = fetch(`http://127.0.0.1:${port()}/metrics`, { signal: away.signal });
  expect(await ask('/healthz')).toBe('200 ok\n');
  away.abort();
  await expect(never).rejects.toThrow('aborted');
});

test('anything else is not found', async () => {
  expect(await ask('/other')).toBe('404 not found\n');
});

test('a port in use is refused, not waited for', async () => {
  const again = serveHealth(
    { host: '127.0.0.1', port: port() },
    { broken: () => undefined, notReady: () => undefined, metrics: noMetrics },
  );
  await expect(again).rejects.toThrow(/EADDRINUSE.*127\.0\.0\.1/);
});
