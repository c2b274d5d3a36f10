import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterFacts } from './cluster/contract.ts';
import { answers } from './cluster/http.ts';
import { freePorts } from './cluster/ports.ts';
import type { ProcessSpec } from './cluster/process.ts';
import { applyObjects } from './fleet/apply.ts';
import { environmentOf } from './fleet/container.ts';
import { keepProcess, type KeptContext, type KeptProcess } from './fleet/kept-process.ts';
import type { Kube } from './fleet/kube.ts';
import { writeAccountKubeconfig } from './fleet/account.ts';
import type { Manifests } from './fleet/manifests.ts';

const WORKER_MAIN = fileURLToPath(new URL('../worker/main.ts', import.meta.url));

/** What stands between the worker and the servers, such as the proxies of lab/proxy. */
export interface WorkerAddresses {
  readonly apiServerUrl?: string;
  readonly temporalAddress?: string;
}

export interface WorkerOptions {
  readonly cluster: ClusterFacts;
  readonly kube: Kube;
  readonly manifests: Manifests;
  /** The policy file, re-read by the worker when it changes. */
  readonly policyPath: string;
  readonly context: KeptContext;
  /** Resolves with the path of the workflow bundle. */
  readonly bundle: Promise<string>;
  /** On top of what the lab sets. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where it reaches the servers, instead of directly. */
  readonly by?: WorkerAddresses;
  /** The node that its pod is on; absent: there is no pod. */
  readonly node?: string;
}

/**
 * Starts the real worker, as the service account of its manifest and nobody more, and resolves when it is ready.
 * It is started again when it ends by itself.
 */
export async function startWorker(options: WorkerOptions): Promise<KeptProcess> {
  const { kube, manifests, context, by } = options;
  const cluster = { ...options.cluster, ...by };
  await applyObjects(kube, manifests.objects.filter(isAccess));
  const kubeconfig = join(cluster.dir, 'worker.kubeconfig');
  await writeAccountKubeconfig(kube, cluster, manifests.worker, kubeconfig);
  const [health = 0, metrics = 0] = await freePorts(2);
  const spec = workerSpec(
    { ...options, cluster },
    { kubeconfig, ports: { health, metrics }, bundlePath: await options.bundle },
  );
  const worker = keepProcess(spec, context);
  try {
    await worker.start();
  } catch (error) {
    await worker.kill();
    throw error;
  }
  return worker;
}

/** What has to be there before the worker can be somebody, and no more than it should be. */
function isAccess({ kind }: { kind: string }): boolean {
  return /^(Namespace|ServiceAccount)$|Role(Binding)?$|^ValidatingAdmissionPolicy/.test(kind);
}

interface WorkerFiles {
  readonly kubeconfig: string;
  readonly ports: { readonly health: number; readonly metrics: number };
  readonly bundlePath: string;
}

function workerSpec(
  { cluster, manifests, policyPath, env, node = '' }: WorkerOptions,
  { kubeconfig, ports, bundlePath }: WorkerFiles,
): ProcessSpec {
  const health = env?.['LOCKKEEPER_HEALTH_ADDRESS'] ?? `127.0.0.1:${ports.health}`;
  const { container } = manifests.worker;
  return {
    name: 'worker',
    command: process.execPath,
    args: [WORKER_MAIN],
    logPath: join(cluster.logsDir, 'worker.log'),
    isReady: answers(`http://${health}/readyz`),
    env: {
      ...environmentOf(container, {
        // Where no node is given there is no object for its pod.
        fields: {
          'spec.nodeName': node,
          'metadata.name': 'worker',
          'metadata.namespace': manifests.worker.namespace,
          'metadata.uid': '',
        },
        mounts: { '/etc/lockkeeper': dirname(policyPath) },
      }),
      PATH: process.env['PATH'],
      // A person's own Temporal profile must not lead the lab's worker to another server.
      HOME: cluster.dir,
      TEMPORAL_ADDRESS: cluster.temporalAddress,
      TEMPORAL_NAMESPACE: cluster.temporalNamespace,
      KUBECONFIG: kubeconfig,
      LOCKKEEPER_POLICY: policyPath,
      LOCKKEEPER_HEALTH_ADDRESS: health,
      LOCKKEEPER_TEMPORAL_METRICS: `127.0.0.1:${ports.metrics}`,
      LOCKKEEPER_POLL_AGAIN: '2s',
      LOCKKEEPER_WORKFLOW_BUNDLE: bundlePath,
      ...env,
    },
  };
}

export async function writePolicy(cluster: ClusterFacts, text: string): Promise<string> {
  const path = join(cluster.dir, 'policy.yaml');
  await writeFile(path, text);
  return path;
}
