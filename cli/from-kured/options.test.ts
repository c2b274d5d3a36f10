import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { usage } from '../../agent/config.ts';
import { daemonSet, converted, told, type Result } from './kured.fixture.ts';
import { OPTION_NAMES, OPTIONS, type Option, type OptionName } from './options.ts';

/**
 * One use of each option that says something else than its default: the value, what comes of it in the policy (`keys`) or
 * the comments (`says`), and the options without which it means nothing.
 */
interface Use {
  readonly value: string;
  readonly keys?: object;
  readonly says?: string;
  readonly with?: readonly string[];
}

const USES = parse(
  String.raw`
node-id: { value: worker-1, keys: { name: nodes } }
force-reboot: { value: 'true', keys: { drain: { timeout: 10m, onTimeout: delete } }, with: [--drain-timeout=10m] }
metrics-host: { value: 127.0.0.1, says: '--metrics-host: the agent has no listening port' }
metrics-port: { value: '9090', says: '--metrics-port: the agent has no listening port' }
drain-grace-period: { value: '90', keys: { drain: { gracePeriod: 90s } } }
drain-pod-selector: { value: app!=db, keys: { drain: { podSelector: app!=db } } }
skip-wait-for-delete-timeout: { value: '300', keys: { drain: { skipWaitForDeleteTimeout: 300s } } }
drain-delay: { value: 1m30s, keys: { drain: { delay: 1m30s } } }
drain-timeout: { value: 1.5h, keys: { drain: { timeout: 1h30m } } }
reboot-delay: { value: 90s, keys: { reboot: { delay: 1m30s } } }
reboot-method: { value: signal, says: '{ name: LOCKKEEPER_REBOOT_SIGNAL, value: "15" }', with: [--reboot-signal=15] }
period: { value: 5m, says: '{ name: LOCKKEEPER_PERIOD, value: "5m" }' }
ds-namespace: { value: ops, keys: { gates: { kuredLock: { namespace: ops } } } }
ds-name: { value: reboots, keys: { gates: { kuredLock: { daemonSet: reboots } } } }
lock-annotation: { value: example.org/lock, keys: { gates: { kuredLock: { annotation: example.org/lock } } } }
lock-ttl: { value: 30m, says: '--lock-ttl: time alone never frees a place' }
lock-release-delay: { value: 30m, keys: { pauseBetween: 30m } }
prometheus-url: { value: 'http://p:9090', keys: { gates: { alerts: { prometheus: 'http://p:9090', states: [pending, firing] } } } }
alert-filter-regexp: { value: ^Reboot$, keys: { gates: { alerts: { ignore: ^Reboot$ } } }, with: ['--prometheus-url=http://p'] }
alert-filter-match-only: { value: 'true', keys: { gates: { alerts: { only: ^S } } }, with: ['--prometheus-url=http://p', --alert-filter-regexp=^S] }
alert-firing-only: { value: 'true', keys: { gates: { alerts: { states: [firing] } } }, with: ['--prometheus-url=http://p'] }
reboot-sentinel: { value: /sentinel/needs-reboot, says: '{ name: LOCKKEEPER_REBOOT_SENTINEL, value: "/sentinel/needs-reboot" }' }
prefer-no-schedule-taint: { value: weave.works/kured-node-reboot, keys: { taint: weave.works/kured-node-reboot } }
reboot-sentinel-command: { value: needs -r, says: '{ name: LOCKKEEPER_REBOOT_SENTINEL_COMMAND, value: "needs -r" }' }
reboot-command: { value: /sbin/reboot -f, says: '{ name: LOCKKEEPER_REBOOT_METHOD, value: "command" } - { name: LOCKKEEPER_REBOOT_COMMAND, value: "/sbin/reboot -f" }' }
concurrency: { value: '3', keys: { maxUnavailable: 3 } }
reboot-signal: { value: '40', says: '{ name: LOCKKEEPER_REBOOT_SIGNAL, value: "40" }', with: [--reboot-method=signal] }
slack-hook-url: { value: 'https://hooks.slack.com/services/A/B/C', keys: { notifications: [{ slack: '@{SLACK_WEBHOOK_URL}', username: kured, 'on': [draining, rebooting, returned] }] } }
slack-username: { value: reboots, keys: { notifications: [{ username: reboots }] }, with: [--slack-hook-url=x] }
slack-channel: { value: '#ops', keys: { notifications: [{ channel: '#ops' }] }, with: [--slack-hook-url=x] }
notify-url: { value: ntfy://ntfy.example.org/reboots, keys: { notifications: [{ url: '@{NOTIFY_URL}', 'on': [draining, rebooting, returned] }] } }
message-template-uncordon: { value: '%s is back', keys: { notifications: [{ templates: { returned: '{{node}} is back' } }] }, with: [--slack-hook-url=x] }
message-template-drain: { value: '{{x}} %s (100%%)', keys: { notifications: [{ templates: { draining: '{ {x}} {{node}} (100%)' } }] }, with: [--slack-hook-url=x] }
message-template-reboot: { value: '%v of %s', keys: { notifications: [{ templates: { rebooting: '{{node}} of {{node}}' } }] }, with: [--slack-hook-url=x] }
blocking-pod-selector: { value: 'runtime=long,cost=high', keys: { gates: { blockingPods: ['runtime=long,cost=high'] } } }
reboot-days: { value: 'sat,0', keys: { windows: [{ days: [sat, sun], start: '00:00', end: '24:00' }] } }
start-time: { value: '22:00', keys: { windows: [{ days: [mon, tue, wed, thu, fri, sat, sun], start: '22:00', end: '24:00' }] } }
end-time: { value: '05:00pm', keys: { windows: [{ days: [mon, tue, wed, thu, fri, sat, sun], start: '00:00', end: '17:00' }] } }
time-zone: { value: Europe/Zurich, keys: { timeZone: Europe/Zurich } }
annotate-nodes: { value: 'true', says: '--annotate-nodes: the same is always on the Node' }
log-format: { value: text, says: '{ name: LOCKKEEPER_LOG_FORMAT, value: "text" }' }
pre-reboot-node-labels: { value: 'state=off,team=ops', keys: { labels: { before: { state: 'off', team: ops } } } }
post-reboot-node-labels: { value: state=serving, keys: { labels: { after: { state: serving } } } }
`.replaceAll('@{', '${'),
) as Record<OptionName, Use>;

function expectUse({ pool, comments }: Result, { keys = {}, says = '' }: Use): void {
  expect(pool).toMatchObject(keys);
  expect(comments).toContain(says);
}

describe('G12: the converter deals with', () => {
  test('all 43 options of kured', () => {
    expect(Object.keys(USES)).toEqual(OPTION_NAMES);
    expect(OPTION_NAMES).toHaveLength(43);
  });

  test.each(OPTION_NAMES)('--%s, also as an environment variable', (name) => {
    const { value, with: base = [], says = '' } = USES[name];
    expectUse(told(...base, `--${name}=${value}`), USES[name]);
    // The use must be able to fail: without the option it would.
    if (name !== 'node-id') expect(() => expectUse(told(...base), USES[name])).toThrow();
    const variable = `KURED_${name.replaceAll('-', '_').toUpperCase()}`;
    const container = { env: [{ name: variable, value }] };
    const use = { ...USES[name], says: says.replace(`--${name}`, variable) };
    expectUse(converted(daemonSet(base, { container })), use);
  });
});

describe('what Lockkeeper has instead', () => {
  test.each(OPTION_NAMES)('of --%s is shown where the converter writes it', (name) => {
    const { to, because = '' }: Option = OPTIONS[name];
    const { keys, says = '' } = USES[name];
    if (to === undefined) expect(because).toContain(says.replace(`--${name}: `, ''));
    else if (!to.startsWith('LOCKKEEPER_')) expect(pathIn(keys, to.split('.'))).toBeDefined();
    else if (name !== 'reboot-method') expect(says).toContain(to);
  });

  test('is in the agent, where it is said to be', () => {
    const named = JSON.stringify(OPTIONS).match(/LOCKKEEPER_[A-Z_]+/g);
    expect(usage().match(/LOCKKEEPER_[A-Z_]+/g)).toEqual(expect.arrayContaining(named ?? []));
  });
});

function pathIn(value: unknown, [key, ...rest]: readonly string[]): unknown {
  const inside: unknown = Array.isArray(value) ? value[0] : value;
  return key === undefined ? inside : pathIn((inside as Record<string, unknown>)[key], rest);
}
