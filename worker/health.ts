import { createServer, type Server } from 'node:http';

export interface Health {
  /** Why the worker cannot take work at the moment; undefined: it can. */
  readonly notReady: () => string | undefined;
  /** Why only a restart helps; undefined: none is needed. */
  readonly broken: () => string | undefined;
}

/** Serves /healthz and /readyz: 200 with "ok", or 503 with the reason. */
export async function serveHealth(
  at: { host: string; port: number },
  health: Health,
): Promise<Server> {
  const answers = new Map([
    ['/healthz', health.broken],
    ['/readyz', health.notReady],
  ]);
  const server = createServer((request, response) => {
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
