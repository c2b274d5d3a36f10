import type { V1DaemonSet, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import type { Scan } from '../../activities/scan.ts';
import { formatDuration } from '../../domain/durations.ts';
import type { Policy } from '../../domain/policy.ts';
import type { Check } from './check.ts';
import { soon, type Workloads } from './cluster.ts';
import { bad, good, many, warning, type Said } from './finding.ts';
import type { World } from './world.ts';

/** What works as it was chosen, and has its limits. */

const group = 'Worth knowing';

export const CAVEAT_CHECKS: readonly Check[] = [
  { group, name: 'size', look: sizeOf },
  { group, name: 'kured', look: kuredBeside },
  { group, name: 'updates', look: async (world) => judgeQuiet((await world.scans())[0]) },
];

/** What the size of the cluster asks of the installation. */
interface Size {
  readonly nodes: number;
  readonly workloads: Workloads;
  readonly claims: readonly V1PersistentVolumeClaim[];
}

async function sizeOf(world: World): Promise<Said[]> {
  const [{ core }, nodes, workloads] = await Promise.all([
    world.cluster(),
    world.nodes(),
    world.workloads(),
  ]);
  const { items: claims } = isEmbedded(workloads)
    ? await core.listNamespacedPersistentVolumeClaim({ namespace: world.namespace }, soon())
    : { items: [] };
  return judgeSize({ nodes: nodes.length, workloads, claims });
}

const isEmbedded = ({ worker }: Workloads): boolean =>
  worker?.pod?.containers.some(({ name }) => name === 'temporal') === true;

/** docs/temporal.md, "The one that is brought along". */
const MOST_NODES_EMBEDDED = 500;
const CLAIM = /^temporal-data-/;
const SMALLEST_CLAIM_BYTES = 2 * 1024 ** 3;

/** One node, where Temporal is, and how many workers there are. */
export function judgeSize({ nodes, workloads, claims }: Size): Said[] {
  const { worker, workerPods } = workloads;
  const where = workerPods[0]?.spec?.nodeName ?? 'no node';
  const alone =
    nodes === 1
      ? [good('one node: while it reboots nothing else runs, and it is finished once it is back')]
      : [];
  if (!worker) return alone;
  if (isEmbedded(workloads)) return [...alone, ...judgeEmbedded({ nodes, where, claims })];
  if (worker.replicas > 1 || nodes === 1) {
    return [...alone, good(`${many(worker.replicas, 'worker')}, a Temporal of your own`)];
  }
  return [
    warning(
      `there is one worker: while its node ${where} is rebooted nothing goes on`,
      'With a Temporal of your own let there be two: worker.replicas=2',
    ),
  ];
}

interface Embedded extends Pick<Size, 'nodes' | 'claims'> {
  /** The node of the worker's pod. */
  readonly where: string;
}

function judgeEmbedded({ nodes, where, claims }: Embedded): Said[] {
  const said = good(`Temporal in the worker's pod, on ${where}, for ${many(nodes, 'node')}`);
  const claim = claims.find(({ metadata }) => CLAIM.test(metadata?.name ?? ''));
  const found = [said, claim ? judgeClaim(claim) : NO_CLAIM];
  if (nodes <= MOST_NODES_EMBEDDED) return found;
  const says = `${nodes} nodes are more than the ${MOST_NODES_EMBEDDED} that a Temporal in the worker's pod is for`;
  const mend = 'Take a Temporal of your own: docs/temporal.md, "From one to the other"';
  return [...found, warning(says, mend)];
}

const NO_CLAIM = warning(
  'the database of Temporal is on no claim: pauses and history are lost with the pod',
  'Where there is a storage class: temporal.embedded.storage.claim=true',
);

function judgeClaim({ status, spec }: V1PersistentVolumeClaim): Said {
  const size = status?.capacity?.['storage'] ?? spec?.resources?.requests?.['storage'] ?? '';
  if (bytesOf(size) >= SMALLEST_CLAIM_BYTES) return good(`its database has a claim of ${size}`);
  return warning(
    `its database has a claim of ${size}; a month of scans alone takes 1 GB`,
    'Enlarge it: docs/gitops.md, "A larger volume for Temporal"',
  );
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
};

/** Of a quantity of Kubernetes; what is not understood is large enough. */
function bytesOf(quantity: string): number {
  const [, number, unit = ''] = /^([0-9.]+)([A-Za-z]*)$/.exec(quantity) ?? [];
  const factor = UNITS[unit];
  return number === undefined || factor === undefined ? Infinity : Number(number) * factor;
}

async function kuredBeside(world: World): Promise<Said[]> {
  const [{ apps }, policy] = await Promise.all([world.cluster(), world.policy()]);
  const { items } = await apps.listDaemonSetForAllNamespaces({}, soon());
  return judgeKured(items.filter(isKured), policy);
}

function isKured({ spec }: V1DaemonSet): boolean {
  const containers = spec?.template.spec?.containers ?? [];
  return containers.some(
    ({ name, command = [] }) => name === 'kured' || command.some((word) => word.endsWith('/kured')),
  );
}

/** Two that reboot the same nodes know nothing of each other, unless a gate looks at kured's lock. */
export function judgeKured(kureds: readonly V1DaemonSet[], policy: Policy | undefined): Said[] {
  if (kureds.length === 0) return [good('does not run here')];
  return kureds.map(({ metadata }) => {
    const where = `${metadata?.namespace}/${metadata?.name}`;
    const open = policy?.pools.filter(({ gates: { kuredLock } }) => !kuredLock) ?? [];
    if (policy && open.length === 0) return good(`${where} runs beside, and its lock is respected`);
    return bad(
      `${where} runs beside, and reboots nodes without asking`,
      'Take it away, or let every pool respect its lock (gates.kuredLock): docs/migrating-from-kured.md',
    );
  });
}

/** A fleet that never asks for a reboot may have no updates. */
export function judgeQuiet(scan: Scan | undefined): Said[] {
  const { quiet = [] } = scan ?? {};
  if (quiet.length === 0) return [good('no pool has been quiet for too long')];
  return quiet.map(({ pool, forMs, because }) =>
    warning(
      `${pool}: no node has asked for a reboot for ${formatDuration(forMs)}; ${because}`,
      'Are updates installed at all, and does the agent look at the right file? docs/distributions.md',
    ),
  );
}
