/** All 43 options of kured 1.23 with their types and their defaults, as its own --help has them. */

type OptionType = 'string' | 'bool' | 'int' | 'duration' | 'regexp' | 'slice' | 'array';

interface Option {
  readonly type: OptionType;
  /** The default as kured prints it. */
  readonly fallback: string;
  /** The value is a secret, or holds one: it is never repeated. */
  readonly secret: boolean;
}

const option = (type: OptionType, fallback: string): Option => ({ type, fallback, secret: false });
const secret = (type: OptionType, fallback: string): Option => ({ type, fallback, secret: true });

export const OPTIONS = {
  'node-id': option('string', ''),
  'force-reboot': option('bool', 'false'),
  'metrics-host': option('string', ''),
  'metrics-port': option('int', '8080'),
  'drain-grace-period': option('int', '-1'),
  'drain-pod-selector': option('string', ''),
  'skip-wait-for-delete-timeout': option('int', '0'),
  'drain-delay': option('duration', '0s'),
  'drain-timeout': option('duration', '0s'),
  'reboot-delay': option('duration', '0s'),
  'reboot-method': option('string', 'command'),
  period: option('duration', '1h0m0s'),
  'ds-namespace': option('string', 'kube-system'),
  'ds-name': option('string', 'kured'),
  'lock-annotation': option('string', 'weave.works/kured-node-lock'),
  'lock-ttl': option('duration', '0s'),
  'lock-release-delay': option('duration', '0s'),
  'prometheus-url': option('string', ''),
  'alert-filter-regexp': option('regexp', ''),
  'alert-filter-match-only': option('bool', 'false'),
  'alert-firing-only': option('bool', 'false'),
  'reboot-sentinel': option('string', '/var/run/reboot-required'),
  'prefer-no-schedule-taint': option('string', ''),
  'reboot-sentinel-command': option('string', ''),
  'reboot-command': option('string', '/bin/systemctl reboot'),
  concurrency: option('int', '1'),
  'reboot-signal': option('int', '39'),
  'slack-hook-url': secret('string', ''),
  'slack-username': option('string', 'kured'),
  'slack-channel': option('string', ''),
  'notify-url': secret('string', ''),
  'message-template-uncordon': option('string', 'Node %s rebooted & uncordoned successfully!'),
  'message-template-drain': option('string', 'Draining node %s'),
  'message-template-reboot': option('string', 'Rebooting node %s'),
  'blocking-pod-selector': option('array', '[]'),
  'reboot-days': option('slice', '[su,mo,tu,we,th,fr,sa]'),
  'start-time': option('string', '0:00'),
  'end-time': option('string', '23:59:59'),
  'time-zone': option('string', 'UTC'),
  'annotate-nodes': option('bool', 'false'),
  'log-format': option('string', 'text'),
  'pre-reboot-node-labels': option('slice', '[]'),
  'post-reboot-node-labels': option('slice', '[]'),
} as const;

export type OptionName = keyof typeof OPTIONS;

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

export function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}
