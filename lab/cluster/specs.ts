import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { Tools } from '../tools/contract.ts';
import type { ClusterProcess } from './contract.ts';
import type { Credentials, KubeletCredentials } from './credentials.ts';
import { embeddedServer, embeddedUi, type EmbeddedTemporal } from './embedded.ts';
import { answers } from './http.ts';
import type { Kubelet } from './kubelet.ts';
import type { ProcessSpec } from './process.ts';

export const PORT_NAMES = [
  'etcd',
  'etcdPeer',
  'apiserver',
  'controllerManager',
  'scheduler',
  'kwok',
  'temporal',
  'temporalHttp',
  'temporalMetrics',
  'temporalUi',
  'temporalHistory',
  'temporalMatching',
  'temporalWorker',
  'temporalFrontendMembers',
  'temporalHistoryMembers',
  'temporalMatchingMembers',
  'temporalWorkerMembers',
] as const;
export type Ports = Readonly<Record<(typeof PORT_NAMES)[number], number>>;

export interface SpecFacts {
  readonly dir: string;
  readonly logsDir: string;
  readonly auditPath: string;
  readonly tools: Tools;
  readonly ports: Ports;
  readonly credentials: Credentials;
  readonly temporalDb: 'file' | 'memory';
  readonly embedded: EmbeddedTemporal | undefined;
  /** Absent: nobody is let into a pod. */
  readonly kubelet: Kubelet | undefined;
  /** Absent: all machines are played. */
  readonly realKubelets: KubeletCredentials | undefined;
  readonly ui: boolean;
}

const STAGES = fileURLToPath(new URL('stages.yaml', import.meta.url));

type Command = Pick<ProcessSpec, 'command' | 'args' | 'env' | 'isReady'>;

/** How each process of the cluster is started, and how one sees that it serves. */
export function clusterSpecs(facts: SpecFacts): Readonly<Record<ClusterProcess, ProcessSpec>> {
  const spec = (name: ClusterProcess, command: Command): ProcessSpec => ({
    name,
    ...command,
    cwd: facts.dir,
    logPath: join(facts.logsDir, `${name}.log`),
  });
  return {
    etcd: spec('etcd', etcd(facts)),
    temporal: spec(
      'temporal',
      facts.embedded ? embeddedServer(facts.embedded, facts) : temporal(facts),
    ),
    'kube-apiserver': spec('kube-apiserver', apiserver(facts)),
    'kube-controller-manager': spec('kube-controller-manager', controllerManager(facts)),
    'kube-scheduler': spec('kube-scheduler', scheduler(facts)),
    kwok: spec('kwok', kwok(facts)),
  };
}

/** The Web UI of the server that is brought along; that of the other is in its own process. */
export function webUiSpec(facts: SpecFacts): ProcessSpec | undefined {
  const { ui, embedded, dir, logsDir } = facts;
  if (!ui || embedded?.ui === undefined) return undefined;
  const logPath = join(logsDir, 'temporal-ui.log');
  return { name: 'temporal-ui', ...embeddedUi(embedded.ui, facts), cwd: dir, logPath };
}

function etcd({ dir, tools, ports }: SpecFacts): Command {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return {
    command: tools.etcd,
    args: [
      `--data-dir=${join(dir, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      // The lab outlives its processes, not the machine: data in the page cache is enough, and fsync is what etcd waits for.
      '--unsafe-no-fsync',
      '--logger=zap',
      '--log-level=warn',
    ],
    isReady: answers(`${client}/health`),
  };
}

function apiserver({ tools, ports, credentials, auditPath, realKubelets }: SpecFacts): Command {
  return {
    command: tools.kubeApiserver,
    args: [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      `--secure-port=${ports.apiserver}`,
      '--bind-address=127.0.0.1',
      // A loopback address is refused here, and the machine may have no other; nothing in the lab uses this one.
      '--advertise-address=192.0.2.1',
      '--endpoint-reconciler-type=none',
      `--cert-dir=${credentials.certDir}`,
      `--service-account-key-file=${credentials.serviceAccountKey}`,
      `--service-account-signing-key-file=${credentials.serviceAccountKey}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--token-auth-file=${credentials.tokenFile}`,
      ...(realKubelets ? knowingKubelets(realKubelets) : ['--authorization-mode=RBAC']),
      '--service-cluster-ip-range=10.0.0.0/24',
      '--allow-privileged=true',
      '--kubelet-preferred-address-types=InternalIP',
      `--audit-policy-file=${credentials.auditPolicy}`,
      `--audit-log-path=${auditPath}`,
      // KWOK watches from resourceVersion 0. With this gate on, the API server turns that into a streamed list, which it
      // refuses while etcd is older than 3.4.25 (Debian 12 has 3.4.23): KWOK would see changes up to a minute late.
      '--feature-gates=WatchList=false',
      // Records are written before the answer is complete, and stay in one file (megabytes).
      '--audit-log-mode=blocking',
      '--audit-log-maxsize=10000',
    ],
    isReady: answers(`https://127.0.0.1:${ports.apiserver}/readyz`, credentials.tokens.admin),
  };
}

/** As kubeadm sets up an API server, so that a kubelet may do on its own node what it may do elsewhere, and no more. */
const knowingKubelets = ({ authority, cert, key }: KubeletCredentials): string[] => [
  `--client-ca-file=${authority}`,
  `--kubelet-client-certificate=${cert}`,
  `--kubelet-client-key=${key}`,
  '--authorization-mode=Node,RBAC',
  '--enable-admission-plugins=NodeRestriction',
];

function controllerManager({ tools, ports, credentials }: SpecFacts): Command {
  return {
    command: tools.kubeControllerManager,
    args: [
      `--kubeconfig=${credentials.kubeconfigs.controllerManager}`,
      `--secure-port=${ports.controllerManager}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${credentials.certDir}`,
      `--service-account-private-key-file=${credentials.serviceAccountKey}`,
      `--root-ca-file=${credentials.caPath}`,
      // These four need a cloud or a pod network.
      '--controllers=*,-nodeipam,-service-lb-controller,-node-route-controller,-cloud-node-lifecycle-controller',
      '--leader-elect=false',
      // While a compiler uses every core, leases are renewed late: the default of 50 s lets idle nodes flap.
      '--node-monitor-grace-period=150s',
      '--node-monitor-period=1s',
      '--kube-api-qps=200',
      '--kube-api-burst=400',
    ],
    isReady: answers(`https://127.0.0.1:${ports.controllerManager}/healthz`),
  };
}

function scheduler({ tools, ports, credentials }: SpecFacts): Command {
  return {
    command: tools.kubeScheduler,
    args: [
      `--kubeconfig=${credentials.kubeconfigs.scheduler}`,
      `--secure-port=${ports.scheduler}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${credentials.certDir}`,
      '--leader-elect=false',
    ],
    isReady: answers(`https://127.0.0.1:${ports.scheduler}/healthz`),
  };
}

function kwok({ tools, ports, credentials, kubelet }: SpecFacts): Command {
  return {
    command: tools.kwok,
    ...(kubelet && { env: { ...process.env, PATH: kubelet.path } }),
    args: [
      `--kubeconfig=${credentials.kubeconfigs.kwok}`,
      `--config=${kubelet?.config ?? STAGES}`,
      ...(kubelet
        ? [
            `--tls-cert-file=${kubelet.cert}`,
            `--tls-private-key-file=${kubelet.key}`,
            '--node-ip=127.0.0.1',
            `--node-port=${ports.kwok}`,
          ]
        : []),
      '--manage-all-nodes=false',
      '--manage-nodes-with-label-selector=lab.lockkeeper.io/kubelet=running',
      '--node-lease-duration-seconds=40',
      `--server-address=127.0.0.1:${ports.kwok}`,
    ],
    isReady: answers(`http://127.0.0.1:${ports.kwok}/healthz`),
  };
}

function temporal({ dir, tools, ports, temporalDb, ui }: SpecFacts): Command {
  return {
    command: tools.temporal,
    args: [
      'server',
      'start-dev',
      '--ip=127.0.0.1',
      `--port=${ports.temporal}`,
      `--http-port=${ports.temporalHttp}`,
      `--metrics-port=${ports.temporalMetrics}`,
      ...(ui ? [`--ui-port=${ports.temporalUi}`, '--ui-disable-news-fetch'] : ['--headless']),
      ...(temporalDb === 'file' ? [`--db-filename=${join(dir, 'temporal.db')}`] : []),
      // A person may press whatever the Web UI can have.
      '--dynamic-config-value=frontend.WorkflowPauseEnabled=true',
      '--log-level=warn',
    ],
    // Answers only when the namespace is there as well.
    isReady: answers(`http://127.0.0.1:${ports.temporalHttp}/api/v1/namespaces/default`),
  };
}
