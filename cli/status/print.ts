import { formatDuration } from '../../domain/durations.ts';
import { sayOpened } from '../../domain/opened-window.ts';
import type { QuietPool } from '../../domain/quiet.ts';
import { columns } from '../columns.ts';
import { sayPauses, type Looks, type PausedByServer } from './pending.ts';
import type { PolicySeen, PoolSeen, Seen } from './seen.ts';

/** What has been seen, for people. */
export function printStatus(seen: Seen, width = Infinity): string {
  const ago = (ms: number): string => `${formatDuration(seen.atMs - ms)} ago`;
  const since = (ms: number): string => `for ${formatDuration(seen.atMs - ms)}`;
  const paragraphs = [
    [...sayPolicies(seen.policies, ago), saySchedule(seen.schedule, ago)],
    ...seen.pools.map((pool) => sayPool(pool, since)),
    [seen.rollouts.length === 0 ? 'no rollout is running' : table(seen, width)],
    [...sayLeftAlone(seen, ago), ...sayUnseen(seen, ago)],
    seen.quiet ? sayQuiet(seen.quiet) : [],
  ].filter((lines) => lines.length > 0);
  return paragraphs.map((lines) => `${lines.join('\n').trimEnd()}\n`).join('\n');
}

type Say = (ms: number) => string;

function sayPolicies(policies: readonly PolicySeen[], ago: Say): string[] {
  if (policies.length === 0) return ['policy: not known, for no scan has ended lately'];
  return policies.flatMap(({ worker, atMs, hash, refused }) => [
    `policy: ${hash === undefined ? 'NONE' : hash} is in force at ${worker}, as of ${ago(atMs)}`,
    ...(refused.length > 0 ? ['  the file as it is now is REFUSED:'] : []),
    ...refused.map((problem) => `    ${problem}`),
  ]);
}

function saySchedule(schedule: Seen['schedule'], ago: Say): string {
  if (!schedule) return 'scans: there is no schedule fleet-scan; a worker makes it when it starts';
  const { paused, note, lastMs } = schedule;
  const last = lastMs === undefined ? 'none yet' : `the last ${ago(lastMs)}`;
  if (!paused) return `scans: ${last}`;
  return `scans: PAUSED${note ? ` (${note})` : ''}, ${last}; no rollout is begun`;
}

function sayPool(pool: PoolSeen, since: Say): string[] {
  if ('unknown' in pool) return [`pool ${pool.pool}: ${pool.unknown}`];
  const {
    permits,
    queue,
    troubles,
    because,
    paused,
    window,
    pausedByServer = [],
    notUnderstood,
  } = pool;
  const given = permits.length === 1 ? '1 permit' : `${permits.length} permits`;
  return [
    `pool ${pool.pool}: ${given} not yet used, ${queue.length} waiting`,
    ...(paused ? [`  PAUSED by ${paused.by} ${since(paused.atMs)}: ${paused.reason}`] : []),
    ...(pausedByServer.length > 0 ? [`  ${sayPauses(pausedByServer)}`] : []),
    ...(window ? [`  window: ${sayOpened(window)}`] : []),
    ...permits.map(
      ({ node, sinceMs, endedMs }) =>
        `  ${node} has a permit ${since(sinceMs)}${endedMs === undefined ? '' : `; no rollout has counted on it ${since(endedMs)}`}`,
    ),
    ...troubles.map(
      (trouble) => `  TROUBLE with ${trouble.node} ${since(trouble.sinceMs)}: ${trouble.because}`,
    ),
    ...(because === undefined ? [] : [`  nobody is admitted: ${because}`]),
    ...notUnderstood.map((text) => `  signal not understood: ${text}`),
  ];
}

function sayLeftAlone({ leftAlone, leftAloneMore, scannedMs }: Seen, ago: Say): string[] {
  if (leftAlone.length === 0) return [];
  const when = scannedMs === undefined ? '' : ` ${ago(scannedMs)}`;
  return [
    `wanting a reboot and left alone, as of the latest scan${when}:`,
    ...leftAlone.map(({ node, because }) => `  ${node}: ${because}`),
    ...(leftAloneMore === undefined ? [] : [`  and ${leftAloneMore} more`]),
  ];
}

/** So many intervals without a scan are more than one that takes long. */
const SCANS_MISSED = 3;

/** A node that wants a reboot is heard of here by the scan that starts its rollout or leaves it alone. */
function sayUnseen({ schedule, scannedMs, atMs }: Seen, ago: Say): string[] {
  if (scannedMs === undefined) {
    return [
      'a node that wants a reboot and has no rollout is not shown, for no scan has ended lately',
    ];
  }
  const isScanned = schedule !== undefined && !schedule.paused;
  const lateMs = SCANS_MISSED * (schedule?.everyMs ?? 0);
  if (isScanned && atMs - scannedMs <= lateMs) return [];
  return [
    `a node that has wanted a reboot only since the latest scan ${ago(scannedMs)} is not shown`,
  ];
}

const sayQuiet = (quiet: readonly QuietPool[]): string[] => [
  'asking for nothing, as of the latest scan; are updates installed at all?',
  ...quiet.map(
    ({ pool, forMs, because }) =>
      `  pool ${pool}: no node has asked for a reboot for ${formatDuration(forMs)}; ${because}`,
  ),
];

function table({ rollouts, atMs }: Seen, width: number): string {
  const since = (ms: number): string => `for ${formatDuration(atMs - ms)}`;
  const rows = rollouts.map(({ node, status, startedMs, because, pausedByServer, ...looks }) => [
    node,
    status?.pool ?? '',
    status?.phase.at ?? (pausedByServer ? 'PAUSED' : '?'),
    since(status?.phase.sinceMs ?? pauseSince(pausedByServer) ?? startedMs),
    `${because}${sayLooks(looks, atMs)}`,
  ]);
  return columns([['NODE', 'POOL', 'PHASE', 'SINCE', 'WHY'], ...rows], width);
}

const pauseSince = (pauses: readonly PausedByServer[] = []): number | undefined =>
  pauses[0]?.sinceMs;

/** When it was looked at, and when it will be again. */
export function sayLooks({ lookedAtMs, againAtMs }: Looks, atMs: number): string {
  if (lookedAtMs === undefined) return '';
  const again = againAtMs === undefined ? '' : `, again in ${formatDuration(againAtMs - atMs)}`;
  return ` (looked at ${formatDuration(atMs - lookedAtMs)} ago${again})`;
}
