import { createServer, type Server, type ServerResponse } from 'node:http';

export interface Health {
  /** Why the worker cannot take work at the moment; undefined: it can. */
  readonly notReady: () => string | undefined;
  /** Why only a restart helps; undefined: none is needed. */
  readonly broken: () => string | undefined;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
}

/** Serves /healthz and /readyz: 200 with "ok", or 503 with the reason; and /metrics for Prometheus. */
export async function serveHealth(
  at: { host: string; port: number },
  health: Health,
): Promise<Server> {
  const answers = new Map([
    ['/healthz', health.broken],
    ['/readyz', health.notReady],
  ]);
  const server = createServer((request, response) => {
    if (request.url === '/metrics') {
      void sendMetrics(response, health.metrics);
      return;
    }
    const answer = answers.get(request.url ?? '');
    const because = answer?.();
    response.statusCode = answer === undefined ? 404 : because === undefined ? 200 : 503;
    response.end(answer === undefined ? 'not found\n' : `${because ?? 'ok'}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  return server;
}

/** Metrics that cannot be made are an answer too: the probes beside them go on. */
async function sendMetrics(response: ServerResponse, metrics: Health['metrics']): Promise<void> {
  try {
    const text = await metrics.text();
    response.setHeader('content-type', metrics.contentType);
    response.end(text);
  } catch (error) {
    response.statusCode = 500;
    response.end(`${String(error)}\n`);
  }
}
