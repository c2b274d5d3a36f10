import { parseDuration } from '../../domain/durations.ts';
import { parseSelector } from '../../domain/label-selector.ts';
import { REBOOT_DEFAULTS } from '../../domain/policy.ts';
import { rolloutLength } from '../../domain/rollout-length.ts';
import { agentSettings } from './agent-settings.ts';
import { sayDuration, Reader, type Draft, type PoolText } from './draft.ts';
import { readFlags } from './flags.ts';
import { durationMs } from './go.ts';
import { alerts, blockingPods, kuredLock } from './gates.ts';
import { hours } from './hours.ts';
import { INSTEAD } from './instead.ts';
import type { Kured } from './kured.ts';
import { nodesOf, type NodeChoice } from './nodes.ts';
import { marks } from './marks.ts';
import { loud } from './notes.ts';
import { notifications } from './notify.ts';
import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts';
import { shortestS } from './windows.ts';

/** Takes its options from the reader and writes what they become. */
type Converter = (read: Reader, draft: Draft, kured: Kured) => void;

/** Every option of kured, and who deals with it. One that is missing here does not compile. */
const CONVERTERS: Readonly<Record<OptionName, Converter>> = {
  'node-id': sayWhyNot,
  'force-reboot': drain,
  'metrics-host': sayWhyNot,
  'metrics-port': sayWhyNot,
  'drain-grace-period': drain,
  'drain-pod-selector': drain,
  'skip-wait-for-delete-timeout': drain,
  'drain-delay': drain,
  'drain-timeout': drain,
  'reboot-delay': pauses,
  'reboot-method': agentSettings,
  period: agentSettings,
  'ds-namespace': kuredLock,
  'ds-name': kuredLock,
  'lock-annotation': kuredLock,
  'lock-ttl': sayWhyNot,
  'lock-release-delay': pauses,
  'prometheus-url': alerts,
  'alert-filter-regexp': alerts,
  'alert-filter-match-only': alerts,
  'alert-firing-only': alerts,
  'reboot-sentinel': agentSettings,
  'prefer-no-schedule-taint': marks,
  'reboot-sentinel-command': agentSettings,
  'reboot-command': agentSettings,
  concurrency: budget,
  'reboot-signal': agentSettings,
  'slack-hook-url': notifications,
  'slack-username': notifications,
  'slack-channel': notifications,
  'notify-url': notifications,
  'message-template-uncordon': notifications,
  'message-template-drain': notifications,
  'message-template-reboot': notifications,
  'blocking-pod-selector': blockingPods,
  'reboot-days': hours,
  'start-time': hours,
  'end-time': hours,
  'time-zone': hours,
  'annotate-nodes': sayWhyNot,
  'log-format': agentSettings,
  'pre-reboot-node-labels': marks,
  'post-reboot-node-labels': marks,
};

export interface Converted extends Draft {
  readonly title: string;
  readonly nodes: NodeChoice;
}

/** One kured as one pool, with everything there is to say about it. */
export function convert(kured: Kured, poolName: string, suffix: string): Converted {
  const nodes = nodesOf(kured.scheduling, poolName);
  const { settings, notes, faults } = readFlags(kured.args, kured.env);
  const draft: Converted = {
    title: kured.title,
    nodes,
    pool: { name: poolName, nodes: nodes.selector, maxUnavailable: 1, windows: [] },
    timeZone: { name: 'UTC' },
    notifications: [],
    suffix,
    secrets: new Map(),
    agent: [],
    notes: [...kured.notes, ...nodes.notes, ...notes],
    closed: faults.map((fault) => `kured does not start: ${fault}`),
  };
  const read = new Reader(settings, draft);
  for (const converter of new Set(Object.values(CONVERTERS))) converter(read, draft, kured);
  if (draft.closed.length > 0) draft.pool.windows = [];
  fitIntoWindow(draft);
  if (draft.pool.windows.some((window) => 'always' in window)) {
    draft.notes.push(loud('windows', ALWAYS));
  }
  return draft;
}

const ALWAYS =
  'kured has no window here, so this pool is open at every hour; if a scheduler deployed kured on maintenance days only, write those days into the policy instead: `dates` or `calendar`';

/** kured starts until the last second; Lockkeeper when a rollout fits, and refuses a window in which none would. */
function fitIntoWindow({ pool, notes }: Draft): void {
  const shortestMs = shortestS(pool.windows) * 1_000;
  if (shortestMs >= longestMs(pool)) return;
  pool.expectedLength = sayDuration(Math.max(shortestMs / 2, 1_000));
  notes.push(loud('windows', SHORT));
}

const SHORT =
  'a window is shorter than a rollout may take by its timeouts, so expectedLength is set to half of it; better write what your rollouts take: none begins when less is left';

function longestMs({ drain, reboot }: PoolText): number {
  const { delay = '0s', timeout = '30m' } = drain ?? {};
  return rolloutLength({
    drain: { delay: parseDuration(delay), timeout: parseDuration(timeout) },
    reboot: { ...REBOOT_DEFAULTS, delay: parseDuration(reboot?.delay ?? '0s') },
  });
}

/** For options that have nothing instead: says so, if they were given something else than kured's default. */
function sayWhyNot(read: Reader): void {
  for (const name of OPTION_NAMES) {
    const instead = INSTEAD[name];
    if ('because' in instead && differs(read, name)) read.note(name, instead.because);
  }
}

/** The node's name is set in every manifest, and no choice of anybody. */
function differs(read: Reader, name: OptionName): boolean {
  const setting = read.setting(name);
  if (setting === undefined || name === 'node-id') return false;
  const { type, fallback } = OPTIONS[name];
  const value = setting.values.at(-1) ?? '';
  return type === 'duration' ? durationMs(value) !== durationMs(fallback) : value !== fallback;
}

function budget(read: Reader, { pool }: Draft): void {
  const most = Number.MAX_SAFE_INTEGER;
  pool.maxUnavailable = Math.min(Math.max(1, read.integer('concurrency')), most);
  if (pool.maxUnavailable > 1) read.note('concurrency', COUNTED);
}

const COUNTED =
  'maxUnavailable counts every node of the pool that is out of service, where kured counts only the holders of its lock';

function drain(read: Reader, draft: Draft): void {
  const timeout = read.duration('drain-timeout');
  const grace = read.seconds('drain-grace-period');
  const skip = read.seconds('skip-wait-for-delete-timeout');
  const delay = read.duration('drain-delay');
  const settings = {
    ...(timeout === undefined ? {} : { timeout: sayDuration(Math.max(timeout, 1_000)) }),
    ...(forced(read, timeout) ? { onTimeout: 'delete' as const } : {}),
    ...(grace < 0 ? {} : { gracePeriod: `${grace}s` }),
    ...podSelector(read),
    ...(skip > 0 ? { skipWaitForDeleteTimeout: `${skip}s` } : {}),
    ...(delay === undefined ? {} : { delay: sayDuration(delay) }),
  };
  if (timeout === undefined) read.note('drain-timeout', ENDLESS);
  if (delay !== undefined) read.note('drain-delay', DELAYED);
  if (Object.keys(settings).length > 0) draft.pool.drain = settings;
}

const ENDLESS =
  'kured drains without end; Lockkeeper hands the node back after drain.timeout (30m) and tries again later, so that others get their turn';
const DELAYED = 'kured waits before it cordons; drain.delay waits after the cordon';

function forced(read: Reader, timeoutMs: number | undefined): boolean {
  if (!read.bool('force-reboot')) return false;
  if (timeoutMs === undefined) read.warn('force-reboot', FORCED_WITHOUT_END);
  else read.note('force-reboot', FORCED);
  return true;
}

const FORCED =
  'drain.onTimeout: delete deletes what is left at the deadline, disruption budgets or not; unlike kured it reboots no node because a cordon or the API server failed';
const FORCED_WITHOUT_END = `without drain-timeout kured never got past a disruption budget, and Lockkeeper does after drain.timeout (30m): take drain.onTimeout away if budgets must hold. ${FORCED}`;

function podSelector(read: Reader): { podSelector?: string } {
  const selector = read.text('drain-pod-selector');
  if (selector === '') return {};
  if (parseSelector(selector) === undefined) {
    read.close('drain-pod-selector', NO_SELECTOR);
    return {};
  }
  read.warn('drain-pod-selector', STAY);
  return { podSelector: selector };
}

const NO_SELECTOR =
  'is no label selector, so every drain of kured fails; drain.podSelector is left out';
const STAY = 'pods that do not match stay on the node and are killed by the reboot, as with kured';

function pauses(read: Reader, { pool }: Draft): void {
  const delay = read.duration('reboot-delay');
  const between = read.duration('lock-release-delay');
  if (delay !== undefined) pool.reboot = { delay: sayDuration(delay) };
  if (between !== undefined) pool.pauseBetween = sayDuration(between);
}
