import * as address from './address-values.ts';
import * as agent from './agent-values.ts';
import type { Type, ValueOf } from './go.ts';
import * as pool from './pool-values.ts';
import type { Reader } from './reader.ts';

/** One option of kured: how its value is read, and what becomes of it. */
export interface Option<T extends Type = Type> {
  readonly type: T;
  /** The default as kured prints it. */
  readonly fallback: string;
  /** A key of the policy, a variable of the agent, or nothing. */
  readonly to?: string;
  /** Why there is nothing. */
  readonly because?: string;
  /** What the value becomes, undefined for nothing; without it it stays as it is. */
  readonly as?: (value: ValueOf<T>, read: Reader) => unknown;
  /** It has no effect if none of these is given, if this one is, or by the other method. */
  readonly without?: readonly string[];
  readonly beside?: string;
  readonly method?: string;
  /** Said where it is set; `warned` aloud. */
  readonly said?: string;
  readonly warned?: string;
  /** Said where it is an empty text, which sets nothing. */
  readonly empty?: string;
  /** The value is a secret, or holds one: it is never repeated, and the worker may find it elsewhere. */
  readonly secret?: true;
}

const of =
  <T extends Type>(type: T) =>
  (fallback: string, to: string, more: Partial<Option<T>> = {}): Option<T> => ({
    type,
    fallback,
    to,
    ...more,
  });
const text = of('text');
const bool = of('bool');
const int = of('int');
const duration = of('duration');

const none = <T extends Type>(type: T, fallback: string, because: string): Option<T> => ({
  type,
  fallback,
  because,
});

const NODE_ID = "the agent's manifest sets LOCKKEEPER_NODE_ID to the node's name, as kured's did";
const LISTENS =
  'the agent has no listening port; metrics are served by the worker, whose own environment says where';
const TTL =
  'time alone never frees a place: it is free when the node is seen back in service, or is deleted; reboot.returnWithin says when people are told that a node is lost';
const ON_NODE =
  'the same is always on the Node, in fields others know: the conditions RebootRequired (since when it is required) and MaintenanceInProgress, and the annotation lockkeeper.io/rollout';
const STAY = 'pods that do not match stay on the node and are killed by the reboot, as with kured';
const DELAYED = 'kured waits before it cordons; drain.delay waits after the cordon';
const SENTINEL = '/var/run/reboot-required';
const WELCOME = 'Node %s rebooted & uncordoned successfully!';

/** Another option that goes to the same place reads this one. */
const part = { as: () => undefined };
const alerts = { ...part, without: ['prometheus-url'] };
const hook = { without: ['notify-url', 'slack-hook-url'], beside: 'notify-url' };
const UNNAMED = 'is empty; here it is lockkeeper';
const UNSAID = "is empty; here Lockkeeper's own words stand";
const message = { as: address.template, empty: UNSAID, without: hook.without };

/**
 * All 43 options of kured 1.23 as its own --help has them, and what Lockkeeper has instead of each. The table in
 * docs/migrating-from-kured.md is held to this one.
 */
export const OPTIONS = {
  'node-id': none('text', '', NODE_ID),
  'force-reboot': bool('false', 'drain.onTimeout', { as: pool.forced }),
  'metrics-host': none('text', '', LISTENS),
  'metrics-port': none('int', '8080', LISTENS),
  'drain-grace-period': int('-1', 'drain.gracePeriod', { as: pool.secondsFrom(0) }),
  'drain-pod-selector': of('selector')('', 'drain.podSelector', { empty: '', warned: STAY }),
  'skip-wait-for-delete-timeout': int('0', 'drain.skipWaitForDeleteTimeout', {
    as: pool.secondsFrom(1),
  }),
  'drain-delay': duration('0s', 'drain.delay', { as: pool.pause, said: DELAYED }),
  'drain-timeout': duration('0s', 'drain.timeout', { as: pool.drainTimeout }),
  'reboot-delay': duration('0s', 'reboot.delay', { as: pool.pause }),
  'reboot-method': of('method')('command', 'LOCKKEEPER_REBOOT_METHOD', { as: agent.rebootMethod }),
  period: duration('1h0m0s', 'LOCKKEEPER_PERIOD', {
    as: (ms, read) => read.setting() && pool.pause(ms, read, 1_000),
  }),
  'ds-namespace': text('kube-system', 'gates.kuredLock', part),
  'ds-name': text('kured', 'gates.kuredLock', { as: pool.kuredLock }),
  'lock-annotation': text('weave.works/kured-node-lock', 'gates.kuredLock', part),
  'lock-ttl': none('duration', '0s', TTL),
  'lock-release-delay': duration('0s', 'pauseBetween', { as: pool.pause }),
  'prometheus-url': text('', 'gates.alerts', { as: address.alerts, empty: '' }),
  'alert-filter-regexp': of('regexp')('', 'gates.alerts', alerts),
  'alert-filter-match-only': bool('false', 'gates.alerts', alerts),
  'alert-firing-only': bool('false', 'gates.alerts', alerts),
  'reboot-sentinel': text(SENTINEL, 'LOCKKEEPER_REBOOT_SENTINEL', {
    as: agent.sentinel,
    beside: 'reboot-sentinel-command',
  }),
  'prefer-no-schedule-taint': text('', 'taint', { as: pool.taint, empty: '' }),
  'reboot-sentinel-command': text('', 'LOCKKEEPER_REBOOT_SENTINEL_COMMAND', {
    as: agent.sentinelCommand,
    empty: '',
  }),
  'reboot-command': text('/bin/systemctl reboot', 'LOCKKEEPER_REBOOT_COMMAND', {
    as: agent.rebootCommand,
    method: 'command',
    warned: agent.PRIVILEGED,
  }),
  concurrency: int('1', 'maxUnavailable', { as: pool.budget }),
  'reboot-signal': int('39', 'LOCKKEEPER_REBOOT_SIGNAL', { as: agent.signal, method: 'signal' }),
  'slack-hook-url': text('', 'notifications.slack', {
    as: address.slack,
    beside: 'notify-url',
    secret: true,
  }),
  'slack-username': text('kured', 'notifications.username', { empty: UNNAMED, ...hook }),
  'slack-channel': text('', 'notifications.channel', { empty: '', ...hook }),
  'notify-url': text('', 'notifications.url', { as: address.url, secret: true }),
  'message-template-uncordon': text(WELCOME, 'notifications.templates.returned', message),
  'message-template-drain': text('Draining node %s', 'notifications.templates.draining', message),
  'message-template-reboot': text(
    'Rebooting node %s',
    'notifications.templates.rebooting',
    message,
  ),
  'blocking-pod-selector': of('selectors')('[]', 'gates.blockingPods', { as: pool.blockingPods }),
  'reboot-days': of('days')('[su,mo,tu,we,th,fr,sa]', 'windows', part),
  'start-time': of('time')('0:00', 'windows', part),
  'end-time': of('time')('23:59:59', 'windows', { as: pool.hours }),
  'time-zone': of('zone')('UTC', 'timeZone', { as: pool.timeZone }),
  'annotate-nodes': none('bool', 'false', ON_NODE),
  'log-format': text('text', 'LOCKKEEPER_LOG_FORMAT', { as: agent.logFormat }),
  'pre-reboot-node-labels': of('texts')('[]', 'labels.before', { as: pool.labels }),
  'post-reboot-node-labels': of('texts')('[]', 'labels.after', { as: pool.labelsAfter }),
};

export type OptionName = keyof typeof OPTIONS;

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

export const isOption = (name: string): name is OptionName => Object.hasOwn(OPTIONS, name);
