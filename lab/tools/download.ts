import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Release } from './catalogue.ts';
import type { Progress } from './progress.ts';

const ANSWER_WITHIN_MS = 5_000;
const SILENT_FOR_MS = 30_000;

/** Hosts that did not answer in this run: nobody waits for them twice. */
export type Unreachable = Map<string, string>;

export interface DownloadContext {
  readonly unreachable: Unreachable;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly answerWithinMs?: number;
}

/** Downloads an official release to `path`; rejects, with the reason, unless its SHA-256 is the published one. */
export async function download(
  release: Pick<Release, 'url' | 'sha256'>,
  path: string,
  context: DownloadContext,
): Promise<void> {
  const expected = await publishedSha256(release.sha256, context);
  const found = await fetchFile(release.url, path, context);
  if (found !== expected) {
    throw new Error(`${release.url} has SHA-256 ${found}, published is ${expected}`);
  }
}

async function publishedSha256(
  source: Release['sha256'],
  context: DownloadContext,
): Promise<string> {
  const answer = await get(source.url, context);
  const text = await answer.text();
  const sum = source.kind === 'file' ? text.trim().split(/\s/)[0] : digestOf(text, source.asset);
  if (sum === undefined || !/^[0-9a-f]{64}$/.test(sum)) {
    throw new Error(`${source.url} publishes no SHA-256`);
  }
  return sum;
}

function digestOf(description: string, asset: string): string | undefined {
  const { assets } = JSON.parse(description) as {
    assets?: readonly { readonly name: string; readonly digest?: string | null }[];
  };
  const digest = assets?.find(({ name }) => name === asset)?.digest ?? '';
  return digest.startsWith('sha256:') ? digest.slice('sha256:'.length) : undefined;
}

async function fetchFile(url: string, path: string, context: DownloadContext): Promise<string> {
  const answer = await get(url, context);
  const total = megabytes(Number(answer.headers.get('content-length')));
  const stalled = new AbortController();
  const hash = createHash('sha256');
  let received = 0;
  let patience: NodeJS.Timeout | undefined;
  const wait = (): void => {
    clearTimeout(patience);
    patience = setTimeout(() => stalled.abort(new Error(`${url} fell silent`)), SILENT_FOR_MS);
  };
  const watch = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      hash.update(chunk);
      wait();
      done(undefined, chunk);
    },
  });
  wait();
  try {
    await context.progress.during(
      () => `downloading the official release, ${megabytes(received)} of ${total} MB`,
      () =>
        pipeline(Readable.fromWeb(answer.body as never), watch, createWriteStream(path), {
          signal: AbortSignal.any([context.signal, stalled.signal]),
        }),
    );
  } finally {
    clearTimeout(patience);
  }
  return hash.digest('hex');
}

async function get(url: string, context: DownloadContext): Promise<Response> {
  const { host } = new URL(url);
  const known = context.unreachable.get(host);
  if (known !== undefined) throw new Error(known);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), context.answerWithinMs ?? ANSWER_WITHIN_MS);
  let answer: Response;
  try {
    answer = await fetch(url, { signal: AbortSignal.any([context.signal, late.signal]) });
  } catch (error) {
    context.signal.throwIfAborted();
    const reason = `${host} cannot be reached (${late.signal.aborted ? 'no answer' : causeOf(error)})`;
    if (!context.unreachable.has(host)) {
      context.progress.say(`${reason}; trying a package registry instead`);
    }
    context.unreachable.set(host, reason);
    throw new Error(reason, { cause: error });
  } finally {
    clearTimeout(timer);
  }
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer;
}

/** fetch says "fetch failed" and keeps the reason in the cause. */
function causeOf(error: unknown): string {
  const cause =
    error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return cause?.code ?? cause?.message ?? String(error);
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(0);
}
