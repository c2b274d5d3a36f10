import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readSettings } from './settings.ts';
import type { EnvVar, Note } from './kured.ts';

interface Row {
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  /** The values in force, or where one is found. */
  readonly settings?: object;
  readonly told?: readonly string[];
}

const ROWS = parse(
  String.raw`
a flag and its value: { args: [--period, 1m], settings: { period: [1m] } }
an equals sign in the value: { args: [--notify-url=a=b], settings: { notify-url: [a=b] } }
an empty list: { args: [--reboot-days=], settings: { reboot-days: [] } }
a value that begins with a dash: { args: [--drain-grace-period, '-1'], settings: { drain-grace-period: ['-1'] } }
a switch alone: { args: [--force-reboot, --period=1m], settings: { force-reboot: ['true'], period: [1m] } }
a switch that is off: { args: [--force-reboot=false], settings: { force-reboot: ['false'] } }
a switch and a word: { args: [--force-reboot, s3cret], settings: { force-reboot: ['true'] }, told: ['a word among the arguments: belongs to no flag'] }
the last of several: { args: [--period=1m, --period=2m], settings: { period: [2m] } }
a list in several: { args: [--reboot-days=mon, --reboot-days, 'tue,wed'], settings: { reboot-days: [mon, tue, wed] } }
selectors, whose commas belong to them: { args: ['--blocking-pod-selector=a=b,c=d', --blocking-pod-selector=e], settings: { blocking-pod-selector: ['a=b,c=d', e] } }
nothing after two dashes: { args: [--period=1m, --, --force-reboot], settings: { period: [1m] } }
two quotes, meant to be nothing: { args: [--ds-name="", "--notify-url=''"], settings: { ds-name: [''], notify-url: [''] }, told: ['--ds-name: two quotes', '--notify-url: two quotes'] }
a flag without its value: { args: [--period], told: ['kured does not start: --period has no value'] }
an unknown flag: { args: [--frobnicate=s3cret], told: ['--frobnicate: kured 1.23 has no such'] }
an unknown flag and its next word: { args: [--frobnicate, s3cret, --period=1m], settings: { period: [1m] }, told: ['--frobnicate: kured'] }
flags with one dash: { args: [-v=s3cret, -v, -period=s3cret], told: ['-v: kured 1.23 has no such', '-v: kured', '-period: kured'] }
a flag in capitals: { args: [--Period=s3cret], told: ['--Period: kured 1.23 has no such'] }
variables win: { args: [--period=1m], env: [{ name: KURED_PERIOD, value: 5m }], settings: { period: [5m] }, told: ['KURED_PERIOD: wins over --period, as in kured 1.23'] }
variables add to a list: { args: [--reboot-days=fri], env: [{ name: KURED_REBOOT_DAYS, value: 'sat,sun' }], settings: { reboot-days: [fri, sat, sun] } }
empty variables are none: { args: [--period=1m], env: [{ name: KURED_PERIOD, value: '' }], settings: { period: [1m] } }
one that kured ignores: { env: [{ name: KURED_BLOCKING_POD_SELECTOR, value: app=db }], settings: { blocking-pod-selector: [app=db] }, told: ['KURED_BLOCKING_POD_SELECTOR: kured ignores this variable'] }
an unknown variable: { env: [{ name: KURED_TOKEN, value: s3cret }, { name: TZ, value: UTC }], told: ['KURED_TOKEN: kured 1.23 has no such option'] }
a key of a Secret: { env: [{ name: KURED_START_TIME, valueFrom: { secretKeyRef: { name: a, key: b } } }], settings: { start-time: key b of Secret a } }
a key of a ConfigMap, by a flag: { args: [--start-time=$(S)], env: [{ name: S, valueFrom: { configMapKeyRef: { name: a, key: b } } }], settings: { start-time: key b of ConfigMap a } }
a field of the pod: { env: [{ name: KURED_NODE_ID, valueFrom: {} }], settings: { node-id: a field of the pod } }
variables in variables: { args: [--start-time=$(O), --end-time=$$(O), --period=$(P)], env: [{ name: H, value: '22' }, { name: O, value: '$(H):00' }], settings: { start-time: ['22:00'], end-time: [$(O)], period: [$(P)] } }
K7 no variable of kured's: { env: [{ name: slackHookUrl, valueFrom: {} }], told: ['slackHookUrl: kured reads no such variable, so it never had any effect and is not converted; its name would be KURED_SLACK_HOOK_URL'] }
K7 but one that a flag names: { args: [--period=$(PERIOD)], env: [{ name: PERIOD, value: 5m }], settings: { period: [5m] } }
K3 filled in by Flux: { args: ['--time-zone=\${ZONE:=s3cret}'], settings: { time-zone: 'what fills in \${ZONE}' } }
K3 filled in by Terraform: { args: ['--period=\${var.period}'], settings: { period: 'what fills in \${var.period}' } }
K3 part of a list: { args: [--reboot-days=sat, '--reboot-days=\${D}', --reboot-days=sun], settings: { reboot-days: 'what fills in \${D}' } }
K3 filled in by a template: { args: ['--notify-url={{ .Values.s3cret }}'], settings: { notify-url: 'what fills in {{ … }}' } }
K3 flags that are filled in: { args: ['\${FLAGS}', '--\${X}=s3cret'], told: ['arguments come from what fills in \${FLAGS}', 'arguments come from what fills in \${X}'] }
K3 a command and a message as a whole: { args: ['--reboot-command=\${A}', '--message-template-drain=in \${B}'], settings: { reboot-command: 'what fills in \${A}', message-template-drain: 'what fills in \${B}' } }
K3 but what they say themselves stays: { args: ['--reboot-command=sh -c "\${A}"', '--message-template-drain={{x}}'], settings: { reboot-command: ['sh -c "\${A}"'], message-template-drain: ['{{x}}'] } }
`.replaceAll('\\${', '${'),
) as Record<string, Row>;

test.each(Object.entries(ROWS))('%s', (_, { args = [], env = [], settings = {}, told = [] }) => {
  const kured = { args, env, title: '', name: '', mounts: [], notes: [], closed: [] };
  const scheduling = { tolerations: [], affinity: { terms: [], isPreferred: false } };
  const notes: Note[] = [];
  const closed: string[] = [];
  const read = readSettings({ ...kured, scheduling }, { notes, closed });
  const found = Object.fromEntries(
    [...read].map(([name, { values, elsewhere }]) => [name, elsewhere ?? values]),
  );
  expect(found).toEqual(settings);
  const said = [...notes.map(({ about, text }) => `${about}: ${text}`), ...closed];
  expect(said).toEqual(told.map((text) => expect.stringContaining(text)));
  // A flag nobody knows, and a default of a placeholder, may hold a secret.
  expect(JSON.stringify([found, said])).not.toContain('s3cret');
});
