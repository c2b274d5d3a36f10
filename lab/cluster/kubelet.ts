import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { createAuthority } from '../proxy/authority.ts';

const STAGES = fileURLToPath(new URL('stages.yaml', import.meta.url));
const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
/** Where Temporal listens in the worker's pod. */
const EMBEDDED_PORT = 7233;

/** What KWOK reads to serve as kubelet of every node. */
export interface Kubelet {
  readonly config: string;
  readonly cert: string;
  readonly key: string;
  /** With the programs that are run by `kubectl exec`. */
  readonly path: string;
}

/**
 * Lets `kubectl exec` and `kubectl port-forward` into the worker's pod come to what runs in its place: programs with the
 * environment of its container, and the Temporal beside it.
 */
export async function writeKubelet(dir: string, temporalPort: number): Promise<Kubelet> {
  const bin = join(dir, 'bin');
  await mkdir(bin, { recursive: true });
  const launcher = join(bin, 'lockkeeper');
  await writeFile(launcher, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  await chmod(launcher, 0o755);
  const pair = await (await createAuthority('kubelets')).issue({ name: 'kubelet' });
  const [config, cert, key] = ['kwok.yaml', 'kubelet.crt', 'kubelet.key'].map((name) =>
    join(dir, name),
  ) as [string, string, string];
  const stages = await readFile(STAGES, 'utf8');
  const served = [forwarding(temporalPort), running(dir, temporalPort)];
  await writeFile(config, [stages, ...served.map((one) => stringify(one))].join('---\n'));
  await writeFile(cert, pair.cert);
  await writeFile(key, pair.key, { mode: 0o600 });
  return { config, cert, key, path: `${bin}:${process.env['PATH'] ?? ''}` };
}

const KWOK = 'kwok.x-k8s.io/v1alpha1';
const WORKER = { matchNamespaces: ['lockkeeper'], matchNames: ['lockkeeper-worker-0'] };

const forwarding = (port: number): object => ({
  apiVersion: KWOK,
  kind: 'ClusterPortForward',
  metadata: { name: 'worker' },
  spec: {
    selector: WORKER,
    forwards: [{ ports: [EMBEDDED_PORT], target: { port, address: '127.0.0.1' } }],
  },
});

const running = (dir: string, port: number): object => ({
  apiVersion: KWOK,
  kind: 'ClusterExec',
  metadata: { name: 'worker' },
  spec: {
    selector: WORKER,
    execs: [
      {
        containers: ['worker'],
        local: {
          workDir: dir,
          envs: Object.entries({
            TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
            KUBECONFIG: join(dir, 'worker.kubeconfig'),
            LOCKKEEPER_POLICY: join(dir, 'policy.yaml'),
          }).map(([name, value]) => ({ name, value })),
        },
      },
    ],
  },
});
