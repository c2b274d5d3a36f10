import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download, type DownloadContext } from './download.ts';
import { progressOf } from './progress.ts';

const PROGRAM = 'a program';
const SUM = createHash('sha256').update(PROGRAM).digest('hex');

let dir: string;
let server: Server;
let base: string;
let pages: Record<string, string>;
let asked: string[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-download-'));
  asked = [];
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const page = pages[path];
    // A page called "silence" is a server that never answers.
    if (page === 'silence') return;
    response.statusCode = page === undefined ? 404 : 200;
    response.end(page);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dir, { recursive: true, force: true });
});

/** For a server that never answers; any other has time, however loaded the machine is. */
const SOON_MS = 300;

function aContext(answerWithinMs = 60_000): DownloadContext {
  return {
    unreachable: new Map(),
    progress: progressOf('it', () => undefined),
    signal: new AbortController().signal,
    answerWithinMs,
  };
}

function fetchIt(kind: 'file' | 'github', context = aContext(), at = base): Promise<void> {
  const sha256 =
    kind === 'file'
      ? { kind, url: `${at}/it.sha256` }
      : { kind, url: `${at}/release`, asset: 'it' };
  return download({ url: `${at}/it`, sha256 }, join(dir, 'it'), context);
}

describe('an official release', () => {
  test.each([
    { name: 'a file beside it', kind: 'file' as const, page: { '/it.sha256': `${SUM}  it\n` } },
    {
      name: "the release's description on GitHub",
      kind: 'github' as const,
      page: { '/release': JSON.stringify({ assets: [{ name: 'it', digest: `sha256:${SUM}` }] }) },
    },
  ])('is taken when its SHA-256 is the one published in $name', async ({ kind, page }) => {
    pages = { ...page, '/it': PROGRAM };
    await fetchIt(kind);
    expect(await readFile(join(dir, 'it'), 'utf8')).toBe(PROGRAM);
  });

  test.each([
    {
      name: 'that is not what was published',
      pages: { '/it.sha256': 'f'.repeat(64), '/it': PROGRAM },
      because: `has SHA-256 ${SUM}, published is ffff`,
    },
    {
      name: 'without a published SHA-256',
      pages: { '/it.sha256': 'see our web site', '/it': PROGRAM },
      because: 'publishes no SHA-256',
    },
    {
      name: 'that is not there',
      pages: { '/it.sha256': SUM },
      because: '/it answered 404',
    },
    {
      name: 'whose server does not answer',
      withinMs: SOON_MS,
      pages: { '/it.sha256': 'silence' },
      because: 'cannot be reached (no answer)',
    },
  ])('$name is refused', async ({ pages: served, because, withinMs }) => {
    pages = served;
    await expect(fetchIt('file', aContext(withinMs))).rejects.toThrow(because);
  });

  test('from a host that could not be reached once is not waited for again in the same run', async () => {
    pages = { '/it.sha256': 'silence' };
    const context = aContext(SOON_MS);
    await expect(fetchIt('file', context)).rejects.toThrow('cannot be reached');
    pages = { '/it.sha256': SUM, '/it': PROGRAM };
    await expect(fetchIt('file', context)).rejects.toThrow('cannot be reached');
    expect(asked).toEqual(['/it.sha256']);
  });
});
