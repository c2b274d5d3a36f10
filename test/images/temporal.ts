import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { NO_REGISTRY, renderChart } from '../../deploy/helm.ts';
import type { ClusterFacts } from '../../lab/cluster/contract.ts';
import { configOfUi, portsOfServer } from '../../lab/cluster/embedded.ts';
import { choosePorts } from '../../lab/cluster/prepare.ts';
import type { Container } from '../../lab/fleet/container.ts';
import { parseObjects, podSpecOf, type PodSpec } from '../../lab/fleet/manifests.ts';
import { ensureTool } from '../../lab/tools/ensure.ts';
import { endOf, logsOf, runIn, type Mount } from './container.ts';
import { imageOf } from '../../lab/images/build.ts';
import { NAMES, PATIENCE_MS } from './names.ts';
import { interruption } from '../../lab/images/tool.ts';

/** Starts a container of the worker's pod, as its manifest says. */
export type StartContainer = (
  name: 'database' | 'temporal' | 'ui',
  container: Container,
  around: {
    readonly image: string;
    readonly mounts: readonly Mount[];
    readonly env?: NodeJS.ProcessEnv;
  },
) => Promise<void>;

/** As the kubelet starts it: what looks at the database, to its end, and then the server. Answers with what the first has said. */
export async function startTemporal(
  { cluster, pod, start }: { cluster: ClusterFacts; pod: PodSpec; start: StartContainer },
  image: string,
): Promise<string> {
  const volumes = await volumesOf(cluster, pod);
  const [database] = pod.initContainers ?? [];
  if (!database) throw new Error('nothing looks at the database before the server');
  const mounts = mountsOf(database, volumes);
  await start('database', database, { image: imageOf('worker'), mounts });
  const { code, said } = await endOf(NAMES.database);
  if (code !== 0) throw new Error(`the init container has ended with ${code}: ${said}`);

  const server = containerOf(pod, 'temporal');
  // Ports that nobody else on this machine has; the first is that of the lab's own.
  const temporal = Number(cluster.temporalAddress.split(':').at(-1));
  const ports = { ...(await choosePorts()), temporal };
  const env = portsOfServer(ports);
  await start('temporal', server, { image, mounts: mountsOf(server, volumes), env });
  await untilHealthy(server, ports.temporalHttp);
  return said.trim();
}

/** The Web UI, as the chart has it where it is wanted: deploy/lockkeeper.yaml has none. Answers with its address. */
export async function startUi(
  { cluster, start }: { cluster: ClusterFacts; start: StartContainer },
  image: string,
): Promise<string> {
  const { signal } = interruption;
  const helm = await ensureTool('helm', { log: () => undefined, signal });
  const wanted = ['temporal.embedded.ui.enabled=true', `image.registry=${NO_REGISTRY}`];
  const text = await renderChart(helm, ...wanted);
  const pod = podSpecOf(parseObjects(text, 'the chart'), 'StatefulSet');
  const ui = containerOf(pod, 'ui');
  const volumes = await volumesOf(cluster, pod);
  const temporal = Number(cluster.temporalAddress.split(':').at(-1));
  const { temporalUi } = await choosePorts();
  // What the chart writes but for the ports (test/labs/embedded.test.ts).
  const config = stringify(configOfUi({ temporal, temporalUi }));
  await writeFile(join(volumes['temporal-config'] ?? '', 'ui.yaml'), config);
  await start('ui', ui, { image, mounts: mountsOf(ui, volumes) });
  return `http://127.0.0.1:${temporalUi}`;
}

/** One of the pod's containers, by its name, or the first. */
export function containerOf({ containers }: PodSpec, name = containers[0]?.name): Container {
  const found = containers.find((container) => container.name === name);
  if (!found) throw new Error(`the pod has no container ${name}`);
  return found;
}

/** Directories for the volumes, as the kubelet makes them: for the group of the pod to write. */
async function volumesOf(
  { dir }: ClusterFacts,
  { securityContext }: PodSpec,
): Promise<Readonly<Record<string, string>>> {
  const { fsGroup = 0 } = securityContext ?? {};
  const volumes: Record<string, string> = {};
  for (const name of ['temporal-data', 'temporal-config', 'temporal-tmp']) {
    const path = join(dir, 'pod', name);
    await mkdir(path, { recursive: true });
    await chown(path, 0, fsGroup);
    await chmod(path, 0o2775);
    volumes[name] = path;
  }
  await writeFile(join(dir, 'pod', 'temporal-config', 'dynamicconfig.yaml'), '{}\n');
  return volumes;
}

function mountsOf(
  { name, volumeMounts = [] }: Container,
  volumes: Readonly<Record<string, string>>,
): Mount[] {
  return volumeMounts.map(({ name: volume, mountPath: to, readOnly = false }) => {
    const from = volumes[volume];
    if (from === undefined) throw new Error(`there is no volume ${volume} for ${name}`);
    return { from, to, readOnly };
  });
}

/** By the probe of its manifest, in the container. */
async function untilHealthy({ startupProbe }: Container, httpPort: number): Promise<void> {
  const command = startupProbe?.exec?.command ?? [];
  const probe = command.map((word) => word.replace(':7243/', `:${httpPort}/`));
  const endMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const failed = await runIn(NAMES.temporal, probe).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failed === undefined) return;
    if (Date.now() > endMs) throw new Error(await logsOf(NAMES.temporal), { cause: failed });
    await pause(200, undefined, { signal: interruption.signal });
  }
}
