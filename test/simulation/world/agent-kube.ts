import { KubeError, type Kube } from '../../../agent/kube.ts';
import type { NodeCondition } from '../../../domain/node-contract.ts';
import type { Author } from '../../../lab/witness/contract.ts';
import type { Host } from '../time/host.ts';
import type { Cluster } from './cluster.ts';
import { RequestFailed, send, type Weather } from './weather.ts';

const AGENT: Author = { role: 'agent', name: 'lockkeeper-agent' };

type Patch = readonly { readonly op: string; readonly path: string; readonly value: unknown }[];

/** The API server as the agent of one node reaches it. */
export function agentKube(
  { cluster, weather }: { cluster: Cluster; weather: Weather },
  node: string,
  host: Host,
): Kube {
  return {
    async send({ method, path, body }, _deadlineMs, signal) {
      signal.throwIfAborted();
      try {
        return await send(weather, { service: 'kube', host }, () => {
          if (!cluster.record(node)) throw new KubeError('not found', 404);
          if (method === 'GET') return cluster.view(node);
          if (path.endsWith('/status')) patchReport(cluster, node, body);
          else patchAnswer(cluster, node, body as Patch);
          return {};
        });
      } catch (error) {
        if (error instanceof RequestFailed) throw new KubeError(error.message, error.status);
        throw error;
      }
    },
    stream() {
      throw new Error('the simulated agent is shown its node without a stream');
    },
    close: () => undefined,
  };
}

function patchReport(cluster: Cluster, node: string, body: unknown): void {
  const { conditions } = (body as { status: { conditions: [NodeCondition] } }).status;
  cluster.write(node, AGENT, (changed) => {
    changed.report = conditions[0];
  });
}

const keyOf = (path: string): string =>
  path.replace('/metadata/annotations/', '').replaceAll('~1', '/').replaceAll('~0', '~');

/** A JSON patch: what is tested has to hold, or nothing is written. */
function patchAnswer(cluster: Cluster, node: string, patch: Patch): void {
  const known = cluster.record(node)?.annotations ?? {};
  const holds = patch
    .filter(({ op }) => op === 'test')
    .every(({ path, value }) => (known[keyOf(path)] ?? null) === value);
  if (!holds) throw new KubeError('the server rejected our request: a test failed', 422);
  cluster.write(node, AGENT, ({ annotations }) => {
    for (const { op, path, value } of patch) {
      if (op === 'add') annotations[keyOf(path)] = value as string;
    }
  });
}
