import type { V1Pod } from '@kubernetes/client-node';
import { formatDuration } from '../../domain/durations.ts';
import { FLEET_SCAN, TASK_QUEUE } from '../../domain/names.ts';
import { shortList } from '../../domain/short-list.ts';
import type { Seen } from '../status/seen.ts';
import type { Check } from './check.ts';
import type { Workloads } from './cluster.ts';
import { bad, good, many, warning, type Said } from './finding.ts';
import type { Poller, Pollers } from './pollers.ts';

/** The workers, and the schedule by which they look the fleet over. */

const group = 'Workers';

export const WORKER_CHECKS: readonly Check[] = [
  { group, name: 'polling', look: async (world) => judgePollers(await world.pollers()) },
  {
    group,
    name: 'pods',
    async look(world) {
      const polling = await world.pollers().catch(() => undefined);
      const isPolled = polling !== undefined && polling.workflows.length > 0;
      return judgePods(await world.workloads(), { namespace: world.namespace, isPolled });
    },
  },
  {
    group,
    name: 'schedule',
    async look(world) {
      const [schedule, [scan]] = await Promise.all([world.schedule(), world.scans()]);
      return judgeSchedule(schedule, scan?.atMs, world.nowMs());
    },
  },
];

const LOG = (namespace: string): string =>
  `kubectl -n ${namespace} logs -l app.kubernetes.io/component=worker -c worker --tail 50`;

/** Whether somebody asks for work, and whether all of them can be given some. */
export function judgePollers({ workflows, activities, given }: Pollers): Said[] {
  if (workflows.length === 0) {
    return [
      bad(
        `no worker asks for work at the task queue ${TASK_QUEUE}: nothing goes on`,
        'Look whether its pods run, and in their log whether they reach this Temporal and this namespace:\nkubectl get pods -A -l app.kubernetes.io/component=worker',
      ),
    ];
  }
  const names = workflows.map(({ identity }) => identity);
  const found: Said[] = [good(`${many(names.length, 'worker')}: ${shortList(names)}`)];
  if (activities.length === 0) {
    found.push(
      bad('no worker asks for activities', 'Look at the log of the worker, and restart it.'),
    );
  }
  return [...found, ...judgeVersions(workflows, given)];
}

/** Several versions side by side are an upgrade; where none of them is given work, nothing goes on. */
function judgeVersions(workflows: readonly Poller[], given: readonly string[]): Said[] {
  const versions = [...new Set(workflows.map(({ version }) => version))];
  const words = versions.map((version) => version ?? 'no version').join(', ');
  const isGiven = (version: string | undefined): boolean =>
    version === undefined ? given.length === 0 : given.includes(version);
  if (!versions.some(isGiven)) {
    const to = given.length === 0 ? 'workers without a version' : given.join(', ');
    return [bad(`they are of ${words}, and work is given to ${to} only`, MAKE_CURRENT)];
  }
  if (versions.length < 2) return [];
  return [
    warning(
      `they are of several versions: ${words}`,
      'Wait for the end of the upgrade: docs/temporal.md, "Worker versioning".',
    ),
  ];
}

const MAKE_CURRENT = [
  'Make one of them the current one: docs/temporal.md, "Worker versioning"',
  'temporal worker deployment set-current-version --deployment-name lockkeeper --build-id VERSION --yes',
].join('\n');

interface Around {
  readonly namespace: string;
  /** Somebody asks Temporal for work, wherever that one runs. */
  readonly isPolled: boolean;
}

/** The pods of the worker as Kubernetes shows them. Where a worker runs elsewhere, nothing stands still. */
export function judgePods(
  { worker, workerPods }: Workloads,
  { namespace, isPolled }: Around,
): Said[] {
  const worse = isPolled ? warning : bad;
  if (!worker) {
    return [
      worse(
        `there is no worker in the namespace ${namespace}`,
        'Name the namespace with --namespace, or install it: docs/install.md',
      ),
    ];
  }
  const { kind, name, replicas: wanted } = worker;
  const ready = workerPods.filter(isReady);
  const where = ready.map(({ metadata, spec }) => `${metadata?.name} on ${spec?.nodeName}`);
  if (wanted === 0) {
    const scale = `kubectl -n ${namespace} scale ${kind.toLowerCase()}/${name} --replicas 1`;
    return [worse('the worker is scaled to no pod', `Scale it up again:\n${scale}`)];
  }
  if (ready.length >= wanted) return [good(shortList(where))];
  const says = `${ready.length} of ${many(wanted, 'pod')} ready${whyNotReady(workerPods)}`;
  const mend = `See what keeps it:\nkubectl -n ${namespace} describe pods -l app.kubernetes.io/component=worker\n${LOG(namespace)}`;
  return [ready.length === 0 ? worse(says, mend) : warning(says, mend)];
}

const isReady = ({ status, metadata }: V1Pod): boolean =>
  metadata?.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

/** What the kubelet says of containers that wait. */
function whyNotReady(pods: readonly V1Pod[]): string {
  const reasons = pods.filter((pod) => !isReady(pod)).map(reasonOf);
  return reasons.length === 0 ? '' : ` (${shortList(reasons)})`;
}

function reasonOf({ metadata, status = {} }: V1Pod): string {
  const { initContainerStatuses = [], containerStatuses = [], phase = 'not ready' } = status;
  const waiting = [...initContainerStatuses, ...containerStatuses].find(
    ({ state }) => state?.waiting?.reason !== undefined,
  );
  const because = waiting ? `${waiting.name} ${waiting.state?.waiting?.reason}` : phase;
  return `${metadata?.name}: ${because}`;
}

/** So many intervals without a scan are more than one that takes long. */
const SCANS_MISSED = 3;

const UNPAUSE = `temporal schedule toggle --schedule-id ${FLEET_SCAN} --unpause`;

/** Whether the fleet is looked over as often as it should be. `scannedMs`: when the latest scan that has ended looked. */
export function judgeSchedule(
  schedule: Seen['schedule'],
  scannedMs: number | undefined,
  nowMs: number,
): Said[] {
  if (!schedule) {
    return [
      bad(
        `there is no schedule ${FLEET_SCAN}: no node is looked at`,
        'A worker makes it within minutes: look whether one runs, and what its log says.',
      ),
    ];
  }
  const { paused, note, everyMs = 0, lastMs } = schedule;
  if (paused) {
    const why = note ? ` (${note})` : '';
    return [warning(`${FLEET_SCAN} is paused${why}: no rollout is begun`, `To go on:\n${UNPAUSE}`)];
  }
  const lateMs = Math.max(SCANS_MISSED * everyMs, 60_000);
  const ago = (ms: number | undefined): string =>
    ms === undefined ? 'never' : `${formatDuration(nowMs - ms)} ago`;
  const says = `every ${formatDuration(everyMs)}, the last ended ${ago(scannedMs)}`;
  // One that has just been made has not had the time.
  if (nowMs - (scannedMs ?? lastMs ?? nowMs) <= lateMs) return [good(says)];
  return [
    bad(
      `${says}, the last begun ${ago(lastMs)}`,
      `See where the scan stands; its worker's log says more:\ntemporal workflow describe --workflow-id ${FLEET_SCAN}`,
    ),
  ];
}
