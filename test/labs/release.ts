import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { CHART, helm } from '../../deploy/helm.ts';
import type { Cluster } from '../../lab/cluster/contract.ts';
import { environmentOf, type Container } from '../../lab/fleet/container.ts';
import { connectKube, type Kube, type KubeObject } from '../../lab/fleet/kube.ts';
import { writeAccountKubeconfig } from '../../lab/fleet/account.ts';
import { manifestsOf, parseObjects, type Manifests } from '../../lab/fleet/manifests.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';
import { installCommands, Kubectl } from './kubectl.ts';
import { until } from '../ask.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const NAMESPACE = 'lockkeeper';
/** As the README names the chart, in a checkout. */
const README_CHART = 'deploy/chart';
/** Mounted into every pod by Kubernetes itself. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const { signal } = new AbortController();
const log = (line: string): void => void process.stderr.write(`[helm] ${line}\n`);

type Values = Readonly<Record<string, unknown>>;

interface ListOf<T> {
  readonly items: readonly T[];
}
interface PodObject extends KubeObject {
  readonly status: { readonly phase: string };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly Container[];
    readonly volumes?: readonly {
      readonly name: string;
      readonly secret?: {
        readonly secretName: string;
        readonly items?: readonly { readonly key: string; readonly path: string }[];
      };
    }[];
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

  /**
   * The commands of the README, in its order, with these values on top; answers with what Helm says to do next. With `from` the
   * chart is not the directory but what is there.
   */
  async install(values: Values, from?: string): Promise<string> {
    const file = await this.write('install', values);
    const kubectl = await Kubectl.of(this.cluster, this.dir);
    let notes = '';
    for (const command of installCommands()) {
      const [program, ...args] = command;
      if (program === 'kubectl') await kubectl.run(args);
      // The paths of the README are those of a checkout.
      else {
        const words = args.map((word) =>
          from !== undefined && word === README_CHART ? from : word,
        );
        notes = await this.helm([...words, '--values', file], signal, ROOT);
      }
    }
    return notes;
  }

  /** What Helm would say to somebody who installs into a namespace just made. */
  async notesIn(namespace: string): Promise<string> {
    const metadata = { name: namespace };
    await this.kube.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
    const args = ['install', 'another', CHART, '--dry-run=server', '--namespace', namespace];
    args.push('--set', 'image.registry=registry.example');
    return helm(this.program, args, { env: this.env() });
  }

  async upgrade(values: Values): Promise<string> {
    const file = await this.write('upgrade', values);
    return this.helm(['upgrade', 'lockkeeper', CHART, '--values', file]);
  }

  /** What a script of this person's finds around it: helm and lockkeeper on the PATH, the cluster, and the values of the installation. */
  async around(): Promise<NodeJS.ProcessEnv> {
    const bin = join(this.dir, 'bin');
    await mkdir(bin, { recursive: true });
    const own = `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`;
    await writeFile(join(bin, 'lockkeeper'), own, { mode: 0o755 });
    const path = [bin, dirname(this.program), process.env['PATH']].join(':');
    return { ...this.env(), PATH: path, CHART, VALUES: join(this.dir, 'install.yaml') };
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
    const { items } = await until(
      () => this.kube.get<ListOf<PodObject>>(`${pods}?${selector}`),
      ({ items: [pod] }) => pod?.status.phase === 'Running',
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
    await writeAccountKubeconfig(this.kube, this.cluster, account, kubeconfig);
    const mounts = { [ACCOUNT]: this.dir, ...(await this.mount(spec)) };
    const env = {
      ...environmentOf(container, { mounts }),
      PATH: process.env['PATH'],
      HOME: this.dir,
      KUBECONFIG: kubeconfig,
    };
    // The first word is the image's own name for what is here `node cli/main.ts`.
    const [, ...args] = container.command ?? [];
    const { stdout } = await run(process.execPath, [CLI, ...args], { env });
    return stdout;
  }

  /** The pod's Secrets as directories of files, as the kubelet would make them, by where the container wants them. */
  private async mount({
    volumes = [],
    containers,
  }: PodObject['spec']): Promise<Record<string, string>> {
    const mounts: Record<string, string> = {};
    for (const { name, secret } of volumes) {
      if (secret === undefined) continue;
      const path = `/api/v1/namespaces/${NAMESPACE}/secrets/${secret.secretName}`;
      const { data } = await this.kube.get<{ data: Readonly<Record<string, string>> }>(path);
      const dir = join(this.dir, 'volumes', name);
      await mkdir(dir, { recursive: true });
      for (const { key, path } of secret.items ??
        Object.keys(data).map((key) => ({ key, path: key }))) {
        await writeFile(join(dir, path), Buffer.from(data[key] ?? '', 'base64'));
      }
      const wanted = containers.flatMap(({ volumeMounts = [] }) => volumeMounts);
      for (const mount of wanted.filter((mount) => mount.name === name))
        mounts[mount.mountPath] = dir;
    }
    return mounts;
  }

  private async write(name: string, values: Values): Promise<string> {
    const file = join(this.dir, `${name}.yaml`);
    await writeFile(file, stringify(values));
    return file;
  }

  private helm(args: readonly string[], until = signal, cwd?: string): Promise<string> {
    const where = ['--namespace', NAMESPACE];
    return helm(this.program, [...args, ...where], {
      env: this.env(),
      signal: until,
      ...(cwd && { cwd }),
    });
  }

  private env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.dir,
      KUBECONFIG: this.cluster.kubeconfigPath,
    };
  }
}

/** Values for a lab: this policy, and its Temporal, with what else is said of that. */
export function labValues(cluster: Cluster, policy: string, temporal: Values = {}): Values {
  const address = cluster.temporalAddress;
  return { ...policyValues(policy), temporal: { address, ...temporal } };
}

/** The same with the Temporal that is brought along. */
export function policyValues(policy: string): Values {
  return { policy: parse(policy) as unknown, image: { registry: 'registry.example' } };
}
