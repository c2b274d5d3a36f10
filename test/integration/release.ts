import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { CHART, helm } from '../../deploy/helm.ts';
import type { Cluster } from '../../lab/cluster/contract.ts';
import { environmentOf, type Container } from '../../lab/fleet/container.ts';
import { connectKube, type Kube, type KubeObject } from '../../lab/fleet/kube.ts';
import { writeKubeconfig } from '../../lab/fleet/kubeconfig.ts';
import { manifestsOf, parseObjects, type Manifests } from '../../lab/fleet/manifests.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';
import { eventually } from './rollout-scene.ts';

const run = promisify(execFile);
const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const NAMESPACE = 'lockkeeper';
/** Mounted into every pod by Kubernetes itself. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const { signal } = new AbortController();
const log = (line: string): void => void process.stderr.write(`[helm] ${line}\n`);

type Values = Readonly<Record<string, unknown>>;

interface ListOf<T> {
  readonly items: readonly T[];
}
interface PodObject extends KubeObject {
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly Container[];
  };
}

/** A release of the chart in a cluster of its own, in the hands of a person with Helm. */
export class Release {
  readonly kube: Kube;
  private readonly program: string;
  private readonly cluster: Cluster;
  private readonly dir: string;

  private constructor(program: string, cluster: Cluster, dir: string) {
    this.program = program;
    this.cluster = cluster;
    this.dir = dir;
    this.kube = connectKube(cluster, cluster.adminToken);
  }

  static async in(cluster: Cluster): Promise<Release> {
    const dir = join(cluster.dir, 'helm');
    await mkdir(dir);
    return new Release(await ensureTool('helm', { log, signal }), cluster, dir);
  }

  /** The three commands of the README; answers with what Helm says to do next. */
  async install(values: Values): Promise<string> {
    await this.kube.post('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: NAMESPACE,
        labels: { 'pod-security.kubernetes.io/enforce': 'privileged' },
      },
    });
    return this.withValues('install', values);
  }

  /** What Helm would say to somebody who installs into a namespace just made. */
  async notesIn(namespace: string): Promise<string> {
    const metadata = { name: namespace };
    await this.kube.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
    const args = ['install', 'another', CHART, '--dry-run=server', '--namespace', namespace];
    return helm(this.program, args, { env: this.env() });
  }

  upgrade(values: Values): Promise<string> {
    return this.withValues('upgrade', values);
  }

  /** Everything Helm has put into the cluster; nothing of it is left to be applied. */
  async manifests(): Promise<Manifests> {
    const text = await this.helm(['get', 'manifest', 'lockkeeper']);
    return { ...manifestsOf(parseObjects(text, 'helm get manifest')), objects: [] };
  }

  /** What the kubelet would mount into the worker. */
  async policy(): Promise<string> {
    const path = `/api/v1/namespaces/${NAMESPACE}/configmaps/lockkeeper-policy`;
    const { data } = await this.kube.get<{ data: Readonly<Record<string, string>> }>(path);
    return data['policy.yaml'] ?? '';
  }

  /**
   * `helm uninstall`, with the Job of its hook run as its pod says: command, environment, and the rights of its account.
   * Answers with what that printed.
   */
  async uninstall(): Promise<string> {
    const given = new AbortController();
    const done = this.helm(['uninstall', 'lockkeeper', '--timeout', '5m'], given.signal);
    // A failure is met below; until then it must not count as unhandled.
    done.catch(() => undefined);
    try {
      const said = await this.runHook();
      await done;
      return said;
    } catch (error) {
      given.abort();
      throw error;
    }
  }

  private async runHook(): Promise<string> {
    const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
    const selector = 'labelSelector=app.kubernetes.io/component=uninstall';
    const { items } = await eventually(
      () => this.kube.get<ListOf<PodObject>>(`${pods}?${selector}`),
      ({ items }) => items.length > 0,
    );
    const [pod] = items;
    if (!pod) throw new Error('the hook has no pod');
    const said = await this.runPod(pod);
    const status = { phase: 'Succeeded' };
    await this.kube.patch(`${pods}/${pod.metadata.name}/status`, 'merge', { status });
    return said;
  }

  private async runPod({ spec }: PodObject): Promise<string> {
    const [container] = spec.containers;
    if (!container) throw new Error('the pod of the hook has no container');
    const kubeconfig = join(this.dir, 'uninstall.kubeconfig');
    const account = { namespace: NAMESPACE, serviceAccount: spec.serviceAccountName };
    await writeKubeconfig(this.kube, this.cluster, account, kubeconfig);
    const env = {
      ...environmentOf(container, { mounts: { [ACCOUNT]: this.dir } }),
      PATH: process.env['PATH'],
      HOME: this.dir,
      KUBECONFIG: kubeconfig,
    };
    // The first word is the image's own name for what is here `node cli/main.ts`.
    const [, ...args] = container.command ?? [];
    const { stdout } = await run(process.execPath, [CLI, ...args], { env });
    return stdout;
  }

  private async withValues(command: 'install' | 'upgrade', values: Values): Promise<string> {
    const file = join(this.dir, `${command}.yaml`);
    await writeFile(file, stringify(values));
    return this.helm([command, 'lockkeeper', CHART, '--values', file]);
  }

  private helm(args: readonly string[], until = signal): Promise<string> {
    const where = ['--namespace', NAMESPACE];
    return helm(this.program, [...args, ...where], { env: this.env(), signal: until });
  }

  private env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.dir,
      KUBECONFIG: this.cluster.kubeconfigPath,
    };
  }
}

/** Values for a lab: this policy, and its Temporal. */
export function labValues(cluster: Cluster, policy: string): Values {
  return { policy: parse(policy) as unknown, temporal: { address: cluster.temporalAddress } };
}
