import { globSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../domain/message-of.ts';
import { applyObjects } from '../../lab/fleet/apply.ts';
import type { KubeObject } from '../../lab/fleet/kube.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';
import { execInWorker } from '../exec-in-worker.ts';
import { BASE } from '../../lab/vm/images.ts';
import { startMachineLab, type MachineLab, type MachineWish } from '../../lab/vm/lab.ts';
import {
  installLockkeeper,
  NAMESPACE,
  rolloutStory,
  upgradeLockkeeper,
  WORKER_POD,
  type RolloutStory,
  type Values,
} from '../../lab/vm/lockkeeper.ts';
import type { Machine } from '../../lab/vm/qemu.ts';

/** An emulated machine on a host that has much to do comes to it within this, whatever it is; nothing is measured by it. */
export const PATIENCE_MS = 15 * 60_000;
/** As linux-image-… would call itself. */
export const PACKAGE = 'linux-image-6.1.0-99-cloud-amd64';
const { signal } = new AbortController();

export const AGENT = '/apis/apps/v1/namespaces/lockkeeper/daemonsets/lockkeeper-agent';
export const WORKER = '/apis/apps/v1/namespaces/lockkeeper/statefulsets/lockkeeper-worker';

const SHOP = 'shop';
/** On the machine, so that it outlives the pod that writes there. */
const SHOP_DIARY = '/var/log/shop';

export interface PodObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly restartCount: number;
    }[];
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastHeartbeatTime?: string;
}

/** A DaemonSet or a StatefulSet. */
interface Workload extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly generation: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberReady?: number;
  };
}

interface EventObject extends KubeObject {
  readonly reason: string;
  readonly message: string;
}

interface NodeObject extends KubeObject {
  readonly status: { readonly conditions?: readonly Condition[] };
}

/** A cluster of real machines, with a person's hands on it. */
export class MachineScene {
  readonly lab: MachineLab;
  private readonly dir: string;
  private readonly helm: string;
  private readonly name: string;
  private stories = 0;

  private constructor(lab: MachineLab, of: { dir: string; helm: string; name: string }) {
    this.lab = lab;
    this.dir = of.dir;
    this.helm = of.helm;
    this.name = of.name;
  }

  /** The record of it is kept by this name. */
  static async open(name: string): Promise<MachineScene> {
    const startedAt = performance.now();
    const log = (line: string): void => {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6);
      process.stderr.write(`[machines] ${seconds} s  ${line}\n`);
    };
    const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-machines-'));
    const helm = await ensureTool('helm', { log, signal });
    const lab = await startMachineLab({ dir, log, signal }).catch(async (error: unknown) => {
      await rm(dir, { recursive: true, force: true });
      throw error;
    });
    return new MachineScene(lab, { dir, helm, name });
  }

  /** Ends all; fails when a guarantee was broken. */
  async close(): Promise<void> {
    try {
      await this.lab.witness.finish();
    } finally {
      await this.lab.stop();
      await keepRecord(this.lab, this.name);
      await rm(this.dir, { recursive: true, force: true });
    }
  }

  add(wish: MachineWish): Promise<Machine> {
    return this.lab.add(wish);
  }

  /** Resolves when the worker is Ready and every machine's agent has reported. */
  async install(values: Values = {}): Promise<void> {
    await installLockkeeper(this.helm, { ...this.lab.cluster, dir: this.dir }, values);
    await this.ready(NAMESPACE, 'app.kubernetes.io/component=worker', 1);
    for (const { metadata } of await this.nodes()) {
      await this.condition(metadata.name, 'RebootRequired', ({ status }) => status === 'False');
    }
  }

  /** `helm upgrade` with these values: what was changed by hand is as it was shipped again. */
  async upgrade(values: Values = {}): Promise<void> {
    await upgradeLockkeeper(this.helm, { ...this.lab.cluster, dir: this.dir }, values);
    await this.rolledOut(AGENT);
    await this.rolledOut(WORKER);
  }

  /** What somebody would do with `kubectl edit` to the pods that a workload makes. */
  async changePods(workload: string, spec: object): Promise<void> {
    await this.lab.kube.patch(workload, 'strategic', { spec: { template: { spec } } });
  }

  /** As `kubectl rollout status`: all pods are of the latest template, and Ready. */
  async rolledOut(workload: string): Promise<void> {
    await until(
      () => this.lab.kube.get<Workload>(workload),
      ({ metadata, status }) =>
        status.observedGeneration === metadata.generation &&
        (status.updatedNumberScheduled ?? status.updatedReplicas) ===
          (status.desiredNumberScheduled ?? status.replicas) &&
        (status.numberReady ?? status.readyReplicas) ===
          (status.desiredNumberScheduled ?? status.replicas),
    );
  }

  agents(): Promise<PodObject[]> {
    const query = new URLSearchParams({ labelSelector: 'app.kubernetes.io/component=agent' });
    return this.list(`/api/v1/namespaces/${NAMESPACE}/pods?${query.toString()}`);
  }

  /** A workload that takes its time to end, as its preStop hook says, and writes down how it ends. */
  async deployShop(spec: { readonly replicas: number; readonly budget: object }): Promise<void> {
    const matching = { matchLabels: { app: SHOP } };
    const diary = (words: string): string =>
      `echo "$(cat /proc/sys/kernel/random/boot_id) ${words}" >> ${SHOP_DIARY}/diary; sync`;
    const container = {
      name: SHOP,
      image: BASE,
      command: [
        'sh',
        '-c',
        `trap '${diary('ended')}; exit 0' TERM; ${diary('began')}; sleep infinity & wait`,
      ],
      lifecycle: {
        preStop: {
          exec: { command: ['sh', '-c', `${diary('closing')}; sleep 5; ${diary('closed')}`] },
        },
      },
      volumeMounts: [{ name: 'diary', mountPath: SHOP_DIARY }],
    };
    const volumes = [{ name: 'diary', hostPath: { path: SHOP_DIARY, type: 'DirectoryOrCreate' } }];
    await applyObjects(this.lab.kube, [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SHOP } },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: SHOP, namespace: SHOP },
        spec: {
          replicas: spec.replicas,
          selector: matching,
          template: {
            metadata: { labels: matching.matchLabels },
            // An emulated machine may need a while for what is said above.
            spec: { containers: [container], volumes, terminationGracePeriodSeconds: 600 },
          },
        },
      },
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: SHOP, namespace: SHOP },
        spec: { selector: matching, ...spec.budget },
      },
    ] as KubeObject[]);
    await this.shopReady(spec.replicas);
  }

  shopReady(count: number): Promise<PodObject[]> {
    return this.ready(SHOP, `app=${SHOP}`, count);
  }

  async shopOn(node: string): Promise<PodObject[]> {
    const query = new URLSearchParams({ fieldSelector: `spec.nodeName=${node}` }).toString();
    return (await this.list<PodObject>(`/api/v1/namespaces/${SHOP}/pods?${query}`)).filter(
      ({ status }) => status.phase === 'Running',
    );
  }

  /** What Lockkeeper has told of that node as Events of the cluster: reason and words. */
  async events(node: string): Promise<string[]> {
    const query = new URLSearchParams({ fieldSelector: `involvedObject.name=${node}` }).toString();
    const events = await this.list<EventObject>(`/api/v1/namespaces/default/events?${query}`);
    return events.map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** What `lockkeeper status` says in the worker's container. */
  status(): Promise<string> {
    return execInWorker(this.lab.cluster.kubeconfigPath, ['lockkeeper', 'status']);
  }

  /** What the agent of that node has answered to its latest order. */
  async answer(node: string): Promise<string> {
    const { metadata } = await this.lab.kube.get<KubeObject>(`/api/v1/nodes/${node}`);
    return metadata.annotations?.['lockkeeper.io/reboot-answer'] ?? '';
  }

  /** What the pods of the shop have written on that machine: the boot they were in, and what they did. */
  async shopDiary(machine: Machine): Promise<string[]> {
    const said = await machine.guest.run(`cat ${SHOP_DIARY}/diary`, signal);
    return said.split('\n');
  }

  worker(): Promise<PodObject> {
    return this.lab.kube.get<PodObject>(`/api/v1/namespaces/${NAMESPACE}/pods/${WORKER_POD}`);
  }

  /** The latest rollout of that node, once it has ended; kept beside the console of its machine. */
  async story(node: string): Promise<RolloutStory> {
    const { result, history } = await until(
      () => rolloutStory(this.lab.cluster, node),
      () => true,
    );
    this.stories += 1;
    const text = [`${node}: ${result.outcome}`, ...history, ''].join('\n');
    await writeFile(join(this.lab.cluster.logsDir, `${node}.${this.stories}.history.log`), text);
    return { result, history };
  }

  async condition(
    node: string,
    type: string,
    holds: (condition: Condition) => boolean,
  ): Promise<Condition> {
    const found = await until(
      async () => {
        const { status } = await this.lab.kube.get<NodeObject>(`/api/v1/nodes/${node}`);
        return status.conditions?.find((condition) => condition.type === type);
      },
      (condition) => condition !== undefined && holds(condition),
    );
    return found as Condition;
  }

  private nodes(): Promise<readonly KubeObject[]> {
    return this.list('/api/v1/nodes');
  }

  private async list<T extends KubeObject>(path: string): Promise<T[]> {
    return (await this.lab.kube.get<{ items: T[] }>(path)).items;
  }

  /** The pods, once exactly so many are there and all are Ready. */
  private ready(namespace: string, labelSelector: string, count: number): Promise<PodObject[]> {
    const query = new URLSearchParams({ labelSelector }).toString();
    return until(
      () => this.list<PodObject>(`/api/v1/namespaces/${namespace}/pods?${query}`),
      (pods) => pods.length === count && pods.every(isReady),
    );
  }
}

const isReady = ({ status, metadata }: PodObject): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');

/** Asks until it holds, also where nobody answers; what was heard last is in the error. */
export async function until<T>(
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
  withinMs = PATIENCE_MS,
): Promise<T> {
  for (const endMs = Date.now() + withinMs; ; await pause(500)) {
    const answer = await ask().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if ('value' in answer && holds(answer.value)) return answer.value;
    if (Date.now() > endMs) {
      const words =
        'value' in answer ? JSON.stringify(answer.value, withoutSpec) : messageOf(answer.error);
      throw new Error(`it never came to that; heard last was ${words}`);
    }
  }
}

/** What somebody has asked for hides what has become of it. */
const withoutSpec = (key: string, value: unknown): unknown =>
  key === 'spec' || key === 'managedFields' ? undefined : value;

/** Consoles and histories, for whoever wants to see that it was so: where LOCKKEEPER_RECORD says. */
async function keepRecord({ cluster }: MachineLab, name: string): Promise<void> {
  const record = process.env['LOCKKEEPER_RECORD'];
  if (record === undefined) return;
  const to = join(record, name);
  await mkdir(to, { recursive: true });
  for (const file of globSync(join(cluster.logsDir, '*.{console,history}.log')))
    await copyFile(file, join(to, basename(file)));
}
