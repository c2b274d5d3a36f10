import { LONGEST_MS } from '../../domain/durations.ts';
import { kuredLock as lockGate } from '../../domain/gates/kured-lock.ts';
import { parseSelector } from '../../domain/label-selector.ts';
import { nodeLabels, waitingTaint } from '../../domain/labels-and-taint-schema.ts';
import { sayRule } from '../../domain/problem-words.ts';
import { canonicalZone } from '../../domain/window/wall-clock.ts';
import { loneHours, sayDuration, windowsOf, type Window } from './windows.ts';
import type { Reader } from './reader.ts';

/** What kured's values become in a pool; what is undefined is left out. */

function capped(ms: number, read: Reader): number {
  const most = `is longer than Lockkeeper takes; here it is ${LONGEST_MS / 86_400_000}d`;
  if (ms > LONGEST_MS) read.note(most);
  return Math.min(ms, LONGEST_MS);
}

/** None for what is off: 0 or less. */
export const pause = (ms: number, read: Reader, leastMs = 0): string | undefined =>
  ms > 0 ? sayDuration(Math.max(capped(ms, read), leastMs)) : undefined;

/** A number of seconds, none for what is less than counts. */
export const secondsFrom = (least: number) => (count: number, read: Reader) =>
  count < least ? undefined : `${capped(count * 1_000, read) / 1_000}s`;

export function drainTimeout(ms: number, read: Reader): string | undefined {
  if (ms <= 0) read.note(ENDLESS);
  return pause(ms, read, 1_000);
}

const ENDLESS =
  'kured drains without end; Lockkeeper hands the node back after drain.timeout (30m) and tries again later, so that others get their turn';
const FORCED =
  'drain.onTimeout: delete deletes what is left at the deadline, disruption budgets or not; unlike kured it reboots no node because a cordon or the API server failed';
const FORCED_WITHOUT_END = `without drain-timeout kured never got past a disruption budget, and Lockkeeper does after drain.timeout (30m): take drain.onTimeout away if budgets must hold. ${FORCED}`;

export function forced(isForced: boolean, read: Reader): string | undefined {
  if (!isForced) return undefined;
  if ((read.value('drain-timeout') ?? 0) > 0) read.note(FORCED);
  else read.warn(FORCED_WITHOUT_END);
  return 'delete';
}

const NO_SELECTOR =
  'is no label selector and is left out; kured fails to list pods by it, or finds every pod, and never reboots anything';

export function blockingPods(selectors: readonly string[], read: Reader) {
  const good = selectors.filter((text) => {
    if (parseSelector(text) !== undefined) return true;
    read.close(`"${text}" ${NO_SELECTOR}`);
    return false;
  });
  return good.length > 0 ? good : undefined;
}

export function budget(count: number, read: Reader): number {
  if (count > 1) read.note(COUNTED);
  return Math.min(Math.max(1, count), Number.MAX_SAFE_INTEGER);
}

const COUNTED =
  'maxUnavailable counts every node of the pool that is out of service, where kured counts only the holders of its lock';
const NO_LOCK =
  'is no name in Kubernetes, so kured never gets its lock and reboots nothing; gates.kuredLock is left out';
const LOCK = {
  namespace: 'ds-namespace',
  daemonSet: 'ds-name',
  annotation: 'lock-annotation',
} as const;

/** While kured still runs on other nodes, nothing is taken out as long as it holds its lock. */
export function kuredLock(daemonSet: string, read: Reader): object | undefined {
  const [namespace, annotation] = [read.value('ds-namespace'), read.value('lock-annotation')];
  const isUsual = annotation === 'weave.works/kured-node-lock';
  const lock = { namespace, daemonSet, ...(!isUsual && { annotation }) };
  const issues = lockGate.key.safeParse(lock).error?.issues ?? [];
  for (const { path } of issues) {
    const key = path[0] as keyof typeof LOCK;
    read.close(`"${lock[key]}" ${NO_LOCK}`, LOCK[key]);
  }
  // Half a lock would be that of somebody else.
  return issues.length > 0 || !namespace || !annotation ? undefined : lock;
}

/** kured's days and hours as windows. */
export function hours(endS: number, read: Reader): readonly Window[] | undefined {
  const [days, startS] = [read.value('reboot-days'), read.value('start-time')];
  if (days === undefined || startS === undefined) return undefined;
  const asked = { days: new Set(days), startS, endS };
  const [windows, meant] = [windowsOf(asked), loneHours(asked)];
  const text = `${MOMENT} ${JSON.stringify(meant)}, which belongs to the day it starts on`;
  if (meant) read.warn(text, 'start-time');
  if (days.length === 0) read.warn(NO_DAY, 'reboot-days');
  else if (windows.length === 0) read.warn(NO_TIME, 'start-time');
  return windows;
}

const MOMENT =
  "kured asks for the day of the moment, not of the evening before: these windows are open when kured's was. You may have meant";
const NO_DAY = 'it is empty, so kured never reboots anything, and nor does this policy';
const NO_TIME = 'it ends in the second in which it begins; this policy is never open';

/** "Local" is the container's: UTC, unless its TZ says otherwise. */
export function timeZone(zone: string, read: Reader): string {
  const local = read.kured.env.find(({ name }) => name === 'TZ');
  if (zone !== 'Local') return zone;
  const known = local ? local.value : 'UTC';
  if (known && canonicalZone(known) !== undefined) return known;
  read.close("Local is the container's, and no time zone can be read from its variable TZ");
  return 'UTC';
}

export function taint(key: string, read: Reader): string | undefined {
  const problem = waitingTaint.safeParse(key).error?.issues[0];
  if (problem) read.warn(`it is left out: ${problem.message}`);
  return problem ? undefined : key;
}

/** The pairs that Kubernetes and Lockkeeper take. */
export function labels(pairs: readonly string[], read: Reader) {
  if (pairs.some((pair) => !pair.includes('='))) {
    read.warn('one entry has no "=", on which kured crashes; it is left out');
  }
  // As kured: what follows a second "=" is lost.
  const split = pairs.map((pair) => pair.split('=', 2)).filter((pair) => pair.length === 2);
  const good = split.filter(([key = '', value]) => {
    const [issue] = nodeLabels.safeParse({ before: { [key]: value } }).error?.issues ?? [];
    if (issue === undefined) return true;
    read.warn(`an entry that Kubernetes or Lockkeeper refuses is left out: ${sayRule(issue)}`);
    return false;
  });
  return good.length > 0 ? Object.fromEntries(good) : undefined;
}

export function labelsAfter(after: readonly string[], read: Reader) {
  const before = read.value('pre-reboot-node-labels') ?? [];
  const [keys, others] = [before, after].map((pairs) =>
    String(pairs.flatMap((pair) => /^(.*?)=/.exec(pair)?.[1] ?? []).toSorted()),
  );
  const text =
    'the labels before and after have different keys: what is set before and not after stays on the node';
  if (keys !== others) read.warn(text, keys ? 'pre-reboot-node-labels' : read.name);
  return labels(after, read);
}
