import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKube } from './kube.ts';
import { watchNode } from './watch.ts';
import type { SeenNode, WatchTimes } from './watch.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An API server that follows a script, one answer per request, and says nothing more when it is used up. */
let script: Answer[];
let requests: { url: URL; token: string; accept: string }[];
let server: Server;
let dir: string;
let stop: AbortController;
let seen: (SeenNode | undefined)[];
let pausesMs: number[];
let warnings: string[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'watch-'));
  writeFileSync(join(dir, 'token'), 'token-1');
  script = [];
  requests = [];
  seen = [];
  pausesMs = [];
  warnings = [];
  stop = new AbortController();
  server = createServer((request, response) => {
    requests.push({
      url: new URL(request.url ?? '', 'http://test'),
      token: request.headers.authorization ?? '',
      accept: request.headers.accept ?? '',
    });
    script.shift()?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  stop.abort();
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  rmSync(dir, { recursive: true });
});

const json =
  (status: number, body: object): Answer =>
  (_, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify(body));

const node = (version: string, order?: string) => ({
  metadata: {
    uid: 'u1',
    resourceVersion: version,
    annotations: order === undefined ? {} : { 'lockkeeper.io/reboot-order': order },
  },
});
const list = (version: string, order?: string) =>
  json(200, { metadata: { resourceVersion: version }, items: [node(version, order)] });
const lines = (...events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');
const streaming =
  (...events: object[]): Answer =>
  (_, response) =>
    void response.writeHead(200).write(lines(...events));
const ending =
  (...events: object[]): Answer =>
  (_, response) =>
    void response.writeHead(200).end(lines(...events));

const QUICK: WatchTimes = { answerMs: 300, silenceMs: 400, briefMs: 0 };

function start(times: WatchTimes = QUICK): Promise<void> {
  const { port } = server.address() as AddressInfo;
  const settings = { tokenFile: join(dir, 'token'), caFile: join(dir, 'none') };
  return watchNode(
    {
      kube: createKube({ address: `http://127.0.0.1:${port}`, ...settings }),
      node: 'worker-7',
      clock: {
        now: () => Date.now(),
        pause: (ms) => {
          pausesMs.push(ms);
          return new Promise((resolve) => {
            setTimeout(resolve, 1);
          });
        },
      },
      log: {
        info: () => undefined,
        warn: (_, fields) => void warnings.push(String(fields?.['because'])),
        error: () => undefined,
      },
      times,
      onNode: (state) => void seen.push(state),
    },
    stop.signal,
  );
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds() && !stop.signal.aborted) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

const orders = () => seen.map((state) => state?.orderText);
const isWatch = ({ url }: { url: URL }) => url.searchParams.has('watch');

describe('watchNode', () => {
  test('lists, then watches its own node from there, metadata only and with bookmarks', async () => {
    script = [list('5'), streaming({ type: 'MODIFIED', object: node('6', 'o1') })];
    void start();
    await until(() => seen.length === 2);
    expect(orders()).toEqual([undefined, 'o1']);
    const [listed, watched] = requests;
    expect(listed?.accept).toContain('as=PartialObjectMetadataList');
    expect(watched?.accept).toContain('as=PartialObjectMetadata;');
    expect(Object.fromEntries(watched?.url.searchParams ?? [])).toMatchObject({
      fieldSelector: 'metadata.name=worker-7',
      allowWatchBookmarks: 'true',
      resourceVersion: '5',
    });
  });

  test('puts together a line that arrives in pieces', async () => {
    const line = lines({ type: 'MODIFIED', object: node('6', 'ordre n° 1') });
    const bytes = Buffer.from(line);
    script = [
      list('5'),
      (_, response) => {
        response.writeHead(200).write(bytes.subarray(0, line.indexOf('°') + 1));
        setTimeout(() => response.write(bytes.subarray(line.indexOf('°') + 1)), 20);
      },
    ];
    void start();
    await until(() => seen.length === 2);
    expect(orders()[1]).toBe('ordre n° 1');
  });

  test('a deleted node has no order any more', async () => {
    script = [list('5', 'o1'), streaming({ type: 'DELETED', object: node('6', 'o1') })];
    void start();
    await until(() => seen.length === 2);
    expect(orders()).toEqual(['o1', undefined]);
  });

  test.each<{ name: string; trouble: Answer; because: string }>([
    {
      name: 'a stream that is cut',
      trouble: (_, response) => {
        response.writeHead(200).write(lines({ type: 'BOOKMARK', object: node('6') }));
        setTimeout(() => response.destroy(), 10);
      },
      because: 'aborted',
    },
    {
      name: 'a server that never answers',
      trouble: () => undefined,
      because: 'no answer within 0.3 s',
    },
    {
      name: 'a stream that falls silent',
      trouble: (_, response) => response.writeHead(200).flushHeaders(),
      because: 'silent for 0.4 s',
    },
    {
      name: 'a server that closes at once',
      trouble: (_, response) => void response.destroy(),
      because: 'socket hang up',
    },
    {
      name: 'a load balancer that answers for the server',
      trouble: (_, response) => void response.writeHead(502).end('<html>Bad Gateway'),
      because: 'HTTP 502: <html>Bad Gateway',
    },
    {
      name: 'half a line at the end',
      trouble: (_, response) => void response.writeHead(200).end('{"type":"MODIF\n'),
      because: 'JSON',
    },
    {
      name: 'an error event',
      trouble: ending({ type: 'ERROR', object: { code: 500, message: 'etcd is away' } }),
      because: 'etcd is away',
    },
  ])('survives $name: says why, pauses, lists again', async ({ trouble, because }) => {
    script = [list('5'), trouble, list('8', 'o4'), streaming()];
    void start();
    await until(() => requests.length >= 4);
    expect(orders()).toEqual([undefined, 'o4']);
    expect(warnings).toEqual([expect.stringContaining(because)]);
    expect(pausesMs.length).toBe(1);
    expect(pausesMs[0]).toBeGreaterThanOrEqual(1_000);
  });

  test('uses a rotated token with the next request', async () => {
    script = [
      list('5'),
      (request, response) => {
        writeFileSync(join(dir, 'token'), 'token-2\n');
        json(401, { message: 'Unauthorized' })(request, response);
      },
      list('6', 'o5'),
      streaming(),
    ];
    void start();
    await until(() => requests.length === 4);
    expect(requests.map(({ token }) => token)).toEqual([
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-2',
      'Bearer token-2',
    ]);
    expect(warnings[0]).toContain('HTTP 401: Unauthorized');
  });

  test('waits for a token that is not there yet', async () => {
    rmSync(join(dir, 'token'));
    script = [list('5', 'o6'), streaming()];
    void start();
    await until(() => pausesMs.length >= 2);
    expect(warnings[0]).toContain('ENOENT');
    writeFileSync(join(dir, 'token'), 'token-1');
    await until(() => requests.some(isWatch));
    expect(orders()).toEqual(['o6']);
  });

  test('comes back when a dead server does', async () => {
    const { port } = server.address() as AddressInfo;
    script = [list('5'), streaming()];
    void start();
    await until(() => requests.some(isWatch));
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await until(() => pausesMs.length > 2);
    script = [list('6', 'o7'), streaming()];
    server.listen(port, '127.0.0.1');
    await until(() => seen.length === 2);
    expect(orders()).toEqual([undefined, 'o7']);
  });

  test('ends promptly when told to, in the middle of a stream', async () => {
    script = [list('5'), streaming()];
    const done = start();
    await until(() => requests.some(isWatch));
    stop.abort();
    await done;
  });
});
