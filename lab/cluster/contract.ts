import type { Authority } from '../proxy/authority.ts';
import type { EmbeddedTemporal } from './embedded.ts';
import type { ProgressSink, Tools } from '../tools/contract.ts';

/** The processes of one cluster, in the order in which they are started. */
export const CLUSTER_PROCESSES = [
  'etcd',
  'temporal',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
] as const;
export type ClusterProcess = (typeof CLUSTER_PROCESSES)[number];

/**
 * What a lab writes on a Node object so that its kubelet is played (acted out by KWOK with lab/cluster/stages.yaml).
 *
 * The kubelet switch is a label, because KWOK applies an annotation selector on its own side: taking the annotation off a
 * node it knows already stops neither the lease nor the pods of that node.
 */
export const LAB_NODE = {
  /** A label. Set it to `running` when creating the Node; afterwards only `powerOff` and `powerOn` change it. */
  kubelet: { label: 'lab.lockkeeper.io/kubelet', running: 'running', stopped: 'stopped' },
  /** The boot id the node reports from the next time it becomes Ready on, in the same status update. Set it when creating the Node. */
  bootIdAnnotation: 'lab.lockkeeper.io/boot-id',
} as const;

/** An annotation a test puts on a pod that shall run without ever being ready (by itself KWOK makes every running pod ready). */
export const LAB_POD = { unreadyAnnotation: 'lab.lockkeeper.io/unready' } as const;

/** The facts about a running cluster; plain JSON, so that it can be handed to another process. */
export interface ClusterFacts {
  readonly dir: string;
  readonly apiServerUrl: string;
  readonly kubeconfigPath: string;
  /** A PEM file that verifies the API server. */
  readonly caPath: string;
  /** User `admin`, group `system:masters`. */
  readonly adminToken: string;
  /** User `lab-kubelet`, group `system:masters`: for whoever plays a machine. */
  readonly kubeletToken: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: 'default';
  /** Absent when the cluster was started with `ui: false`. */
  readonly webUiUrl?: string;
  /** Read it with `readAudit` (lab/cluster/audit.ts). */
  readonly auditPath: string;
  /** One `<process>.log` each. */
  readonly logsDir: string;
}

export interface Cluster extends ClusterFacts {
  /** Ends the process (SIGKILL), waits `downMs` (default 0), starts it on the same port and resolves when it is ready again. */
  restart(name: ClusterProcess, options?: { downMs?: number }): Promise<void>;
  /** Ends the process with SIGKILL; `start` brings it back. */
  kill(name: ClusterProcess): Promise<void>;
  /** Starts a killed process again and resolves when it is ready. */
  start(name: ClusterProcess): Promise<void>;
  /** Freezes the process (SIGSTOP): connections stay open and nothing answers. */
  freeze(name: ClusterProcess): void;
  /** Lets a frozen process go on. */
  thaw(name: ClusterProcess): void;
  /**
   * Resolves with one line for a person when a process ended that nobody ended, and did not come back; never rejects.
   * Temporal and the clients of the API server (controller manager, scheduler, KWOK) are started again, as a kubelet would.
   */
  readonly died: Promise<string>;
  /** Ends everything, latest started first; may be called at any time and more than once. */
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** Made when missing; holds data, certificates, kubeconfig and logs. Nothing is written elsewhere. */
  readonly dir: string;
  readonly tools: Tools;
  readonly log: ProgressSink;
  /** Aborting it during or after the start ends every process. */
  readonly signal: AbortSignal;
  /** Default `file`: survives a restart of Temporal. */
  readonly temporalDb?: 'file' | 'memory';
  /** The server that the chart brings along, instead of the development server. */
  readonly embedded?: EmbeddedTemporal;
  /** Who signs the certificates by which kubelets of real machines and the API server know each other; absent: there are none. */
  readonly kubeletAuthority?: Authority;
  /** Default true. */
  readonly ui?: boolean;
  /** Default: a free port. A port demanded here and in use is an error, not replaced. */
  readonly uiPort?: number;
}

/** One request as the API server's audit log recorded it. */
export interface AuditRecord {
  readonly user: string;
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly namespace: string;
  readonly code: number;
  /** False: no role of the user allows it. */
  readonly allowed: boolean;
  /** Milliseconds since the epoch at which the request was received. */
  readonly at: number;
}
