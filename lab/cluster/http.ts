import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';

export interface HttpCall {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT';
  readonly token?: string;
  /** PEM text that verifies the server. Absent: a probe of our own child on 127.0.0.1, not verified. */
  readonly ca?: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

// A frozen server accepts connections and never answers.
const SILENT_FOR_MS = 10_000;

/** One request to a process of the lab; resolves whatever the status, rejects when there is no answer. */
export function call(url: string, options: HttpCall): Promise<HttpAnswer> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, requestOptions(options), (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`${url} did not answer`)));
    request.on('error', reject);
    request.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  });
}

function requestOptions(options: HttpCall): RequestOptions {
  return {
    method: options.method ?? 'GET',
    signal: options.signal,
    timeout: SILENT_FOR_MS,
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.body === undefined
        ? {}
        : { 'content-type': options.contentType ?? 'application/json' }),
      ...options.headers,
    },
    ...(options.ca === undefined ? { rejectUnauthorized: false } : { ca: options.ca }),
  };
}

/** A probe: whether the process answers 200 there. */
export function answers(url: string, token?: string): (signal: AbortSignal) => Promise<boolean> {
  return async (signal) => {
    const { status } = await call(url, { signal, ...(token !== undefined && { token }) });
    return status === 200;
  };
}
