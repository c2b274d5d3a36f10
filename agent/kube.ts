import { readFileSync } from 'node:fs';
import { request as httpRequest, Agent as HttpAgent } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as HttpsAgent } from 'node:https';

export interface KubeSettings {
  /** `https://host:port`; plain `http://` for a local proxy. */
  readonly address: string;
  /** Read again before every request: the kubelet replaces them in place. */
  readonly tokenFile: string;
  readonly caFile: string;
}

/** An answer that is no success, or no answer at all (`status` undefined). The message is one line for a person. */
export class KubeError extends Error {
  readonly status: number | undefined;
  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

interface KubeRequest {
  readonly method: 'GET' | 'PATCH';
  readonly path: string;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: unknown;
}

/** The API server. Every request has a deadline, and every failure but the caller's own abort is a KubeError. */
export interface Kube {
  send(request: KubeRequest, deadlineMs: number, signal: AbortSignal): Promise<unknown>;
  /** One JSON value per line, until the server closes the stream; the deadline is for the first sign of an answer. */
  stream(path: string, deadlineMs: number, signal: AbortSignal): AsyncGenerator;
  close(): void;
}

/** Asks for a node without its spec and status: a tenth of the bytes, and nothing in it that we do not use. */
export const METADATA_ONLY = {
  one: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
} as const;

export function createKube(settings: KubeSettings): Kube {
  const connections = createConnections(settings);

  async function open(request: KubeRequest, deadlineMs: number, signal: AbortSignal) {
    const what = `${request.method} ${request.path.split('?')[0]}`;
    let deadline: NodeJS.Timeout | undefined;
    try {
      const { sent, answer } = startRequest(connections.prepare(), request, signal);
      deadline = setTimeout(
        () => sent.destroy(new Error(`no answer within ${deadlineMs / 1000} s`)),
        deadlineMs,
      );
      return { response: await answer, what, deadline };
    } catch (error) {
      clearTimeout(deadline);
      signal.throwIfAborted();
      throw new KubeError(`${what}: ${wordsOf(error)}`);
    }
  }

  async function send(request: KubeRequest, deadlineMs: number, signal: AbortSignal) {
    const { response, what, deadline } = await open(request, deadlineMs, signal);
    try {
      const text = await readAll(response);
      throwUnlessOk(response, what, text);
      return JSON.parse(text) as unknown;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof KubeError) throw error;
      throw new KubeError(`${what}: ${wordsOf(error)}`);
    } finally {
      clearTimeout(deadline);
    }
  }

  async function* stream(path: string, deadlineMs: number, signal: AbortSignal) {
    const request = { method: 'GET', path, accept: METADATA_ONLY.one } as const;
    const { response, what, deadline } = await open(request, deadlineMs, signal);
    clearTimeout(deadline);
    try {
      if (response.statusCode !== 200) throwUnlessOk(response, what, await readAll(response));
      for await (const line of linesOf(response)) yield JSON.parse(line) as unknown;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof KubeError) throw error;
      throw new KubeError(`${what}: ${wordsOf(error)}`);
    } finally {
      response.destroy();
    }
  }

  return { send, stream, close: () => connections.close() };
}

interface Start {
  readonly secure: boolean;
  readonly url: URL;
  readonly token: string;
  readonly agent: HttpAgent;
}

function createConnections({ address, tokenFile, caFile }: KubeSettings) {
  const url = new URL(address);
  const secure = url.protocol === 'https:';
  let ca = '';
  let agent = new HttpAgent();
  return {
    /** Whatever changed in the files since the last request is in force for this one. */
    prepare(): Start {
      const token = readMounted(tokenFile);
      const caNow = secure ? readMounted(caFile) : 'none';
      if (caNow !== ca) {
        agent.destroy();
        // Sessions are not resumed: connections are few, and each kept session costs memory.
        const kept = { keepAlive: true, maxFreeSockets: 1, timeout: 60_000 };
        agent = secure
          ? new HttpsAgent({ ...kept, ca: caNow, maxCachedSessions: 0 })
          : new HttpAgent(kept);
        ca = caNow;
      }
      return { secure, url, token: token.trim(), agent };
    },
    close: () => agent.destroy(),
  };
}

function readMounted(path: string): string {
  // Not node:fs/promises: the module and its threads cost 3 MB for a file of 1 KB in memory.
  return readFileSync(path, 'utf8');
}

function startRequest(
  start: Start,
  request: KubeRequest,
  signal: AbortSignal,
): { sent: ClientRequest; answer: Promise<IncomingMessage> } {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const begin = start.secure ? httpsRequest : httpRequest;
  const sent = begin(new URL(request.path, start.url), {
    method: request.method,
    agent: start.agent,
    signal,
    headers: {
      authorization: `Bearer ${start.token}`,
      accept: request.accept ?? 'application/json',
      'user-agent': 'lockkeeper-agent',
      ...(body !== undefined && {
        'content-type': request.contentType ?? 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
    },
  });
  // A server that is gone without a word is found by the kernel, not only by our deadlines.
  sent.on('socket', (socket) => socket.setKeepAlive(true, 30_000));
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.on('response', resolve);
    sent.on('error', reject);
  });
  sent.end(body);
  return { sent, answer };
}

async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk as string;
  return text;
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
}

function throwUnlessOk(response: IncomingMessage, what: string, text: string): void {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  throw new KubeError(`${what}: HTTP ${status}: ${reasonIn(text)}`, status);
}

/** The sentence in a Kubernetes Status; else the beginning of whatever answered instead. */
function reasonIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: a proxy or load balancer spoke for the API server.
  }
  return text.trim().slice(0, 200) || 'no reason given';
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
