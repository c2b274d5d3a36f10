import type { OptionName } from './options.ts';

/** Where a setting goes: a key of the policy, a setting of the agent, or nowhere, and then why. */
type Instead =
  | { readonly key: string; readonly note?: string }
  | { readonly agent: string; readonly note?: string }
  | { readonly because: string };

const key = (name: string, note?: string): Instead => ({ key: name, ...(note && { note }) });
const agent = (name: string, note?: string): Instead => ({ agent: name, ...(note && { note }) });
const nowhere = (because: string): Instead => ({ because });

/** What Lockkeeper has instead of each option. The table in docs/migrating-from-kured.md is held to this list. */
export const INSTEAD: Readonly<Record<OptionName, Instead>> = {
  'node-id': nowhere(
    "the agent's manifest sets LOCKKEEPER_NODE_ID to the node's name, as kured's did",
  ),
  'force-reboot': key(
    'drain.onTimeout',
    '`delete`: only at the deadline, and never because the API server failed; kured reboots on any error, a failed cordon included',
  ),
  'metrics-host': nowhere(
    'the agent has no listening port; metrics are served by the worker, whose own environment says where',
  ),
  'metrics-port': nowhere(
    'the agent has no listening port; metrics are served by the worker, whose own environment says where',
  ),
  'drain-grace-period': key('drain.gracePeriod'),
  'drain-pod-selector': key('drain.podSelector'),
  'skip-wait-for-delete-timeout': key('drain.skipWaitForDeleteTimeout'),
  'drain-delay': key(
    'drain.delay',
    'waits with the node cordoned, before the first eviction; kured waits before the cordon',
  ),
  'drain-timeout': key(
    'drain.timeout',
    "never without end: kured's 0 becomes the default of 30m, after which the node is handed back and tried again later",
  ),
  'reboot-delay': key('reboot.delay'),
  'reboot-method': agent(
    'LOCKKEEPER_REBOOT_METHOD',
    'the default is `signal`, at which systemd reboots as `systemctl reboot` does, and which needs no privileged pod',
  ),
  period: agent(
    'LOCKKEEPER_PERIOD',
    "the default is 1m; nobody waits for the next period to get the lock: the pool's queue is served at once",
  ),
  'ds-namespace': key('gates.kuredLock', 'during the migration only'),
  'ds-name': key('gates.kuredLock', 'during the migration only'),
  'lock-annotation': key('gates.kuredLock', 'during the migration only'),
  'lock-ttl': nowhere(
    'time alone never frees a permit: it is freed when the node is seen back in service, is deleted, or a person sends `release`; reboot.returnWithin says when people are told that a node is lost',
  ),
  'lock-release-delay': key('pauseBetween', 'counted from the moment the node is back in service'),
  'prometheus-url': key(
    'gates.alerts',
    '`prometheus`; user and password in the address become `basicAuth`, the password from the environment',
  ),
  'alert-filter-regexp': key(
    'gates.alerts',
    '`ignore`, or `only` with alert-filter-match-only; unanchored, as in kured',
  ),
  'alert-filter-match-only': key('gates.alerts', '`only` in place of `ignore`'),
  'alert-firing-only': key('gates.alerts', '`states`: [firing], else [pending, firing]'),
  'reboot-sentinel': agent(
    'LOCKKEEPER_REBOOT_SENTINEL',
    'and the directory of the sentinel as its volume; a missing directory is said, not taken for "not required"',
  ),
  'prefer-no-schedule-taint': key(
    'taint',
    'while a node waits for its permit; the cordon takes it off, and one that somebody else has put on stays',
  ),
  'reboot-sentinel-command': agent(
    'LOCKKEEPER_REBOOT_SENTINEL_COMMAND',
    '0 is required, 1 is not required, anything else or no end within LOCKKEEPER_COMMAND_TIMEOUT is unknown; needs a privileged agent',
  ),
  'reboot-command': agent(
    'LOCKKEEPER_REBOOT_COMMAND',
    'with LOCKKEEPER_REBOOT_METHOD=command; needs a privileged agent',
  ),
  concurrency: key(
    'maxUnavailable',
    'counts every node of the pool that is out of service, not only those being rebooted; may be a percentage',
  ),
  'reboot-signal': agent('LOCKKEEPER_REBOOT_SIGNAL'),
  'slack-hook-url': key(
    'notifications.slack',
    'any address that takes `{"text": …, "username": …}`; from the environment, never written into the policy',
  ),
  'slack-username': key('notifications.username', 'kured itself no longer reads it'),
  'slack-channel': key('notifications.channel', 'kured itself no longer reads it'),
  'notify-url': key(
    'notifications.url',
    'the same address, from the environment, never written into the policy; several are several entries',
  ),
  'message-template-uncordon': key('notifications.templates.returned', '`%s` becomes `{{node}}`'),
  'message-template-drain': key('notifications.templates.draining', '`%s` becomes `{{node}}`'),
  'message-template-reboot': key('notifications.templates.rebooting', '`%s` becomes `{{node}}`'),
  'blocking-pod-selector': key('gates.blockingPods', 'each repetition is one entry'),
  'reboot-days': key(
    'windows',
    '`days`; a window over midnight belongs to the day it starts on, where kured asks for the day of the moment: the converter writes what kured did',
  ),
  'start-time': key('windows', '`start`'),
  'end-time': key(
    'windows',
    '`end`; a rollout starts only if it is expected to end before it, where kured may start in the last minute',
  ),
  'time-zone': key('timeZone', "of the policy; of the pool where pools' zones differ"),
  'annotate-nodes': nowhere(
    'the same is always on the Node, in fields others know: the conditions RebootRequired (since when it is required) and MaintenanceInProgress, and the annotation lockkeeper.io/rollout',
  ),
  'log-format': agent('LOCKKEEPER_LOG_FORMAT', 'the default is json'),
  'pre-reboot-node-labels': key(
    'labels.before',
    'set with the cordon; as they were found when the node is handed back without a reboot, where kured leaves them',
  ),
  'post-reboot-node-labels': key(
    'labels.after',
    'set on every return, also where the node was cordoned before; what `before` has set besides stays, as with kured',
  ),
};
