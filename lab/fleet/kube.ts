import { readFileSync } from 'node:fs';
import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { ClusterFacts } from '../cluster/contract.ts';

/** An answer of the API server outside 2xx; the message is its own, with what was asked in front. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** One event of a watch, as the API server sends it. */
interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject;
}

/** The part of every Kubernetes object that the lab needs; the rest is passed on as it is. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

type PatchKind = 'merge' | 'strategic' | 'apply';

const PATCH_TYPES: Record<PatchKind, string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/**
 * The lab's own hand on the API server, as administrator: plain JSON in and out, so that manifests
 * are sent as they are and nothing needs the big client library at start.
 */
export interface Kube {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  patch<T>(path: string, kind: PatchKind, body: unknown): Promise<T>;
  delete(path: string): Promise<void>;
  /** Events until the server closes the stream; `path` carries `watch=1` and the resource version. */
  watch(path: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** Closes the idle connections. */
  close(): void;
}

export function connectKube(
  cluster: Pick<ClusterFacts, 'apiServerUrl' | 'caPath'>,
  token: string,
): Kube {
  const agent = new Agent({ keepAlive: true, ca: readFileSync(cluster.caPath) });
  const send = (call: Call) => open(agent, cluster.apiServerUrl, token, call);
  const json = async <T>(call: Call): Promise<T> => JSON.parse(await text(await send(call))) as T;
  return {
    get: (path) => json({ method: 'GET', path }),
    post: (path, body) => json({ method: 'POST', path, body }),
    patch: (path, kind, body) => json({ method: 'PATCH', path, body, type: PATCH_TYPES[kind] }),
    async delete(path) {
      await text(await send({ method: 'DELETE', path }));
    },
    watch: (path, signal) => lines(() => send({ method: 'GET', path, signal })),
    close: () => agent.destroy(),
  };
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly signal?: AbortSignal;
}

async function* lines(start: () => Promise<IncomingMessage>): AsyncGenerator<WatchEvent> {
  const stream = await start();
  try {
    for await (const line of createInterface({ input: stream }))
      yield JSON.parse(line) as WatchEvent;
  } finally {
    stream.destroy();
  }
}

async function open(
  agent: Agent,
  server: string,
  token: string,
  call: Call,
): Promise<IncomingMessage> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const options: RequestOptions = {
    agent,
    method: call.method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(body && { 'content-type': call.type ?? 'application/json' }),
    },
    ...(call.signal ? { signal: call.signal } : { timeout: 30_000 }),
  };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(new URL(call.path, server), options, resolve);
    sent.on('timeout', () =>
      sent.destroy(new Error(`${call.method} ${call.path}: no answer in 30 s`)),
    );
    sent.on('error', reject);
    sent.end(body);
  });
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  throw new KubeError(
    status,
    `${call.method} ${call.path}: ${messageOf(status, await text(answer))}`,
  );
}

function messageOf(status: number, body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: string };
    return message ?? `HTTP ${status}`;
  } catch {
    return `HTTP ${status} ${body.slice(0, 200)}`;
  }
}
