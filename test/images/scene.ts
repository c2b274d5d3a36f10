import {
  chmod,
  chown,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../../lab/cluster/contract.ts';
import { answers } from '../../lab/cluster/http.ts';
import { freePorts } from '../../lab/cluster/ports.ts';
import { startCluster } from '../../lab/cluster/start.ts';
import { requestToken } from '../../lab/fleet/account.ts';
import { environmentOf } from '../../lab/fleet/container.ts';
import { startFleet, type Fleet } from '../../lab/fleet/fleet.ts';
import { podSpecOf } from '../../lab/fleet/manifests.ts';
import { nodeFiles } from '../../lab/fleet/node-files.ts';
import { policyText } from '../../lab/policy.ts';
import { ensureTools } from '../../lab/tools/ensure.ts';
import {
  logsOf,
  removeContainers,
  runIn,
  securityFlags,
  startContainer,
  type Mount,
  type PodTemplate,
} from './container.ts';
import { imageOf, type ComponentName } from '../../lab/images/build.ts';
import { NAMES, NODE, PATIENCE_MS } from './names.ts';
import { rebootWithoutTemporal, untilOrdered } from './rollout.ts';
import { containerOf, startTemporal, startUi, type StartContainer } from './temporal.ts';
import { memoryLimitOf } from './memory.ts';
import { interruption } from '../../lab/images/tool.ts';

/** Where the kubelet puts a pod's token. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * A lab without processes of ours: worker and agent are containers, run as their manifests say. The node's boot id is the
 * one that a container sees, and its process 1 is a container that can be signalled without harm.
 */
export class ImageScene {
  private readonly cluster: Cluster;
  private readonly fleet: Fleet;
  /** Whether the machine lets podman limit memory. */
  private limitsMemory = false;

  private constructor(cluster: Cluster, fleet: Fleet) {
    this.cluster = cluster;
    this.fleet = fleet;
  }

  static async open(say: (line: string) => void): Promise<ImageScene> {
    const { signal } = interruption;
    const tools = await ensureTools({ log: say, signal });
    const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-images-'));
    // Containers run as other users look into it.
    await chmod(dir, 0o755);
    const cluster = await startCluster({
      dir,
      tools,
      log: () => undefined,
      signal,
      ui: false,
    }).catch(async (error: unknown) => {
      await rm(dir, { recursive: true, force: true });
      throw error;
    });
    try {
      // The one that is tried is in a container, at the same address.
      await cluster.kill('temporal');
      const options = { nodes: 2, podsPerNode: 1, downForMs: 1_000, agents: false };
      return new ImageScene(cluster, await startFleet(cluster, { ...options, log: say, signal }));
    } catch (error) {
      await endCluster(cluster);
      throw error;
    }
  }

  /** Leaves nothing behind: what fails at one thing does not keep the rest from being ended. */
  async close(): Promise<void> {
    try {
      await removeContainers(Object.values(NAMES));
    } finally {
      try {
        await this.fleet.stop();
      } finally {
        await endCluster(this.cluster);
      }
    }
  }

  /**
   * The stand-in for the host's process 1: on the reboot signal the lab's machine reboots. Once only, for the boot id that a
   * container sees is that of this machine's kernel and stays the same, so that the agent, started again, still finds its
   * order accepted in the boot that runs, and signals again.
   */
  async startInit(image: string): Promise<void> {
    const { dir } = nodeFiles(this.cluster.dir, NODE);
    const once = "trap '' RTMIN+5; echo 39 > /machine/reboot-asked";
    const script = `trap "${once}" RTMIN+5; while :; do sleep 1 & wait $!; done`;
    await startContainer({
      name: NAMES.init,
      image,
      flags: ['--user', '0:0'],
      env: {},
      mounts: [{ from: dir, to: '/machine', readOnly: false }],
      command: ['bash', '-c', script],
    });
  }

  async startAgent(): Promise<void> {
    const template = this.template('DaemonSet');
    await this.reportRealBootId();
    await this.fleet.firstToken(NODE);
    const files = nodeFiles(this.cluster.dir, NODE);
    const account = join(files.dir, 'account');
    await this.writeAccount(account, await readFile(files.token, 'utf8'), 0);
    await this.start('agent', template, {
      mounts: [
        { from: join(files.dir, 'run'), to: '/sentinel', readOnly: true },
        { from: account, to: ACCOUNT, readOnly: true },
      ],
      fields: { 'spec.nodeName': NODE },
      // hostPID of the manifest, with a host that survives the signal.
      more: template.pod.hostPID === true ? ['--pid', `container:${NAMES.init}`] : [],
    });
    await this.fleet.evidence.until(NODE, 'reported on', ({ report }) => report !== undefined);
  }

  /** The Temporal in the worker's pod; answers with what has looked at its database before. */
  async startTemporal(image: string): Promise<string> {
    const { pod } = this.template('StatefulSet');
    return startTemporal({ cluster: this.cluster, pod, start: this.startInPod }, image);
  }

  /** Its Web UI; answers with the address. */
  async startUi(image: string): Promise<string> {
    return startUi({ cluster: this.cluster, start: this.startInPod }, image);
  }

  private readonly startInPod: StartContainer = (name, container, around) => {
    const { pod } = this.template('StatefulSet');
    return this.start(name, { pod, container }, { fields: {}, more: [], ...around });
  };

  async startWorker(): Promise<void> {
    const template = this.template('StatefulSet');
    const { runAsUser = 0 } = template.pod.securityContext ?? {};
    const dir = join(this.cluster.dir, 'worker');
    const token = await requestToken(this.fleet.kube, this.fleet.manifests.worker);
    await this.writeAccount(join(dir, 'account'), token, runAsUser);
    await mkdir(join(dir, 'policy'), { recursive: true });
    await writeFile(join(dir, 'policy', 'policy.yaml'), policyText(1_000));
    const [health, metrics] = await freePorts(2);
    await this.start('worker', template, {
      mounts: [
        { from: join(dir, 'policy'), to: '/etc/lockkeeper', readOnly: true },
        { from: join(dir, 'account'), to: ACCOUNT, readOnly: true },
      ],
      fields: {
        'spec.nodeName': '',
        'metadata.name': 'lockkeeper-worker-0',
        'metadata.namespace': this.fleet.manifests.worker.namespace,
        'metadata.uid': '',
      },
      more: [],
      // Where this lab has its Temporal, and ports that nobody else on this machine has.
      env: {
        TEMPORAL_ADDRESS: this.cluster.temporalAddress,
        LOCKKEEPER_HEALTH_ADDRESS: `127.0.0.1:${health}`,
        LOCKKEEPER_TEMPORAL_METRICS: `127.0.0.1:${metrics}`,
      },
    });
    await untilReady(`http://127.0.0.1:${health}/readyz`);
  }

  untilOrdered(): Promise<void> {
    return untilOrdered(this.fleet);
  }

  rebootWithoutTemporal(): Promise<string> {
    return rebootWithoutTemporal(this.cluster, this.fleet);
  }

  /** The limit of the manifest, in bytes. */
  memoryLimit(kind: string, name: string): number {
    return memoryLimitOf(this.template(kind, name).container);
  }

  /** Whether containers are started with their limits from now on; else why not. */
  async limitMemory(image: string): Promise<string | undefined> {
    const name = `${NAMES.init}-limited`;
    const limit = ['--memory=64m'];
    const command = ['true'];
    try {
      await startContainer({ name, image, flags: limit, env: {}, mounts: [], command });
      this.limitsMemory = true;
      return undefined;
    } catch (error) {
      interruption.signal.throwIfAborted();
      return (error as Error).message;
    } finally {
      await removeContainers([name]);
    }
  }

  private memoryFlags(template: PodTemplate): string[] {
    if (!this.limitsMemory) return [];
    const limit = memoryLimitOf(template.container);
    // Kubernetes gives no swap beyond it either.
    return [`--memory=${limit}`, `--memory-swap=${limit}`];
  }

  /** What the Job of `helm uninstall` starts in the worker's image. */
  async uninstallDryRun(): Promise<string> {
    return runIn(NAMES.worker, ['lockkeeper', 'uninstall', '--dry-run']);
  }

  /** What the notes of the chart print, in the container that they name. */
  async status(): Promise<string> {
    return runIn(NAMES.worker, ['lockkeeper', 'status']);
  }

  private template(kind: string, name?: string): PodTemplate {
    const pod = podSpecOf(this.fleet.manifests.objects, kind);
    return { pod, container: containerOf(pod, name) };
  }

  private async start(
    name: Exclude<keyof typeof NAMES, 'init'>,
    template: PodTemplate,
    around: {
      readonly mounts: readonly Mount[];
      readonly fields: Readonly<Record<string, string>>;
      readonly more: readonly string[];
      readonly env?: NodeJS.ProcessEnv;
      /** Default: that of the component of this name. */
      readonly image?: string;
    },
  ): Promise<void> {
    const { container } = template;
    // Of the manifest as it is: inside, its mounts are where it says.
    const inside = Object.fromEntries(
      (container.volumeMounts ?? []).map(({ mountPath }) => [mountPath, mountPath]),
    );
    const [, host = '', port = ''] = /^https:\/\/(.*):(\d+)$/.exec(this.cluster.apiServerUrl) ?? [];
    await startContainer({
      name: NAMES[name],
      image: around.image ?? imageOf(name as ComponentName),
      flags: [...securityFlags(template), ...this.memoryFlags(template), ...around.more],
      mounts: around.mounts,
      env: {
        ...environmentOf(container, { fields: around.fields, mounts: inside }),
        KUBERNETES_SERVICE_HOST: host,
        KUBERNETES_SERVICE_PORT: port,
        ...around.env,
      },
      ...(container.command && { command: container.command }),
    });
  }

  /** As the kubelet writes it: for the user of the pod, and nobody else. */
  private async writeAccount(dir: string, token: string, user: number): Promise<void> {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, 'token'), token);
    await copyFile(this.cluster.caPath, join(dir, 'ca.crt'));
    for (const name of ['token', 'ca.crt']) {
      await chown(join(dir, name), user, user);
      await chmod(join(dir, name), 0o400);
    }
  }

  /** A container sees the boot id of this machine's kernel, so that is what the node's kubelet has to say. */
  private async reportRealBootId(): Promise<void> {
    const bootID = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    await this.fleet.kube.patch(`/api/v1/nodes/${NODE}/status`, 'strategic', {
      status: { nodeInfo: { bootID } },
    });
    await this.fleet.evidence.until(NODE, 'in this boot', (facts) => facts.bootId === bootID);
  }

  /** Keeps what everybody said, and says where. */
  async keepLogs(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'lockkeeper-images-logs-'));
    for (const name of Object.values(NAMES)) {
      const log = await logsOf(name).catch(String);
      await writeFile(join(dir, `${name}.log`), log);
    }
    await cp(this.cluster.logsDir, dir, { recursive: true });
    return dir;
  }
}

async function endCluster(cluster: Cluster): Promise<void> {
  try {
    await cluster.stop();
  } finally {
    await rm(cluster.dir, { recursive: true, force: true });
  }
}

async function untilReady(url: string): Promise<void> {
  const isReady = answers(url);
  const endMs = Date.now() + PATIENCE_MS;
  while (!(await isReady(AbortSignal.timeout(2_000)).catch(() => false))) {
    if (Date.now() > endMs)
      throw new Error(`the worker never became ready: ${await logsOf(NAMES.worker)}`);
    await pause(200, undefined, { signal: interruption.signal });
  }
}
