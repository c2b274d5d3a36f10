import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ClusterFacts } from '../cluster/contract.ts';
import type { Authority } from '../proxy/authority.ts';
import { fileSystem } from './disk.ts';

/** Where QEMU's user network has the machine that QEMU runs on. */
export const HOST = '10.0.2.2';
const CONFIG_BYTES = 16 * 1024 ** 2;

export interface NodeOptions {
  readonly name: string;
  /** Of its kubelet. */
  readonly port: number;
  /** Different from those of other machines: its pods are 10.88.<number>.0/24. */
  readonly number: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly {
    readonly key: string;
    readonly value?: string;
    readonly effect: string;
  }[];
  /** How long the kubelet delays a shutdown for pods to end: its graceful node shutdown. Absent: as by default, not at all. */
  readonly shutdownGracePeriod?: string;
}

/** All that makes a machine a node of this cluster, as a file system; answers with its path. */
export async function nodeConfig(
  cluster: ClusterFacts,
  authority: Authority,
  options: NodeOptions & { readonly dir: string },
): Promise<string> {
  const { name, dir, labels } = options;
  const files = join(dir, 'config');
  await mkdir(join(files, 'cni'), { recursive: true });
  // A lab stays until it is stopped.
  const until = new Date(Date.now() + 30 * 86_400_000);
  const own = await authority.issue({
    name: `system:node:${name}`,
    organization: 'system:nodes',
    until,
  });
  const apiServer = `${HOST}:${new URL(cluster.apiServerUrl).port}`;
  const write = (path: string, text: string): Promise<void> =>
    writeFile(join(files, path), text, { mode: 0o600 });
  await write('api-server', `${apiServer}\n`);
  await write('authority.crt', authority.cert);
  await write('own.crt', own.cert);
  await write('own.key', own.key);
  await write('api-server.crt', await readFile(cluster.caPath, 'utf8'));
  await write('kubeconfig', stringify(kubeconfig(apiServer)));
  await write('kubelet.yaml', stringify(kubeletConfig(options)));
  const wanted = Object.entries(labels).map((pair) => pair.join('='));
  const flags = [
    `--hostname-override=${name}`,
    ...(wanted.length > 0 ? [`--node-labels=${wanted.join(',')}`] : []),
  ];
  await write('kubelet.env', `KUBELET_ARGS="${flags.join(' ')}"\n`);
  await write('cni/10-pods.conflist', JSON.stringify(podNetwork(options)));
  const to = join(dir, 'config.raw');
  await fileSystem({ label: 'machine', from: files, to, bytes: CONFIG_BYTES });
  return to;
}

const kubeconfig = (apiServer: string): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'lab',
  clusters: [
    {
      name: 'lab',
      cluster: {
        server: `https://${apiServer}`,
        'certificate-authority': '/machine/api-server.crt',
        // Its certificate is for this name, not for the address that it has from here.
        'tls-server-name': 'kubernetes.default.svc',
      },
    },
  ],
  users: [
    {
      name: 'own',
      user: { 'client-certificate': '/machine/own.crt', 'client-key': '/machine/own.key' },
    },
  ],
  contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'own' } }],
});

/** As kubeadm writes it, but for the port, and what small machines that are made anew need not keep. */
const kubeletConfig = ({ port, taints, shutdownGracePeriod }: NodeOptions): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  port,
  cgroupDriver: 'systemd',
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: '/machine/authority.crt' },
  },
  authorization: { mode: 'Webhook' },
  registerWithTaints: taints,
  // Images came with the disk, and there is no registry to fetch them from again.
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  ...(shutdownGracePeriod !== undefined && {
    shutdownGracePeriod,
    shutdownGracePeriodCriticalPods: '10s',
  }),
});

const podNetwork = ({ number }: NodeOptions): object => ({
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: `10.88.${number}.0/24` }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});
