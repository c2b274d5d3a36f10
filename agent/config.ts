import { inShell, inSingleQuotes, shellOperator, splitWords } from './command.ts';
import type { Command, HostSettings } from './host.ts';
import type { KubeSettings } from './kube.ts';
import type { LogFormat } from './log.ts';
import { isSoftReboot, isSoftRebootSignal, KEEPS_BOOT_ID } from './soft-reboot.ts';

/** Everything the agent can be told; read once, in main.ts. */
export interface AgentConfig {
  readonly node: string;
  readonly periodMs: number;
  readonly logFormat: LogFormat;
  readonly kube: KubeSettings;
  readonly host: HostSettings;
}

export type ConfigOutcome =
  | { readonly ok: true; readonly config: AgentConfig }
  | { readonly ok: false; readonly problems: readonly string[] };

type Environment = Readonly<Record<string, string | undefined>>;

const IN_CLUSTER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Flag, default and meaning of each setting; the names are kured's where kured has the setting. */
const SETTINGS = {
  'node-id': ['', 'name of the Node this agent stands on; required'],
  period: ['1m', 'how often the sentinel is checked, like 30s, 5m or 1h'],
  'reboot-sentinel': ['/var/run/reboot-required', 'file whose presence asks for a reboot'],
  'reboot-sentinel-command': [
    '',
    'command run on the host instead, by no shell: exit code 0 required, 1 not required, anything else unknown',
  ],
  'reboot-method': ['signal', 'signal (to process 1 of the host), command or file'],
  'reboot-signal': ['39', 'for method signal; 39 is SIGRTMIN+5, at which systemd reboots'],
  'reboot-command': [
    '/bin/systemctl reboot',
    'for method command; run on the host, by no shell; no soft reboot, which keeps the boot id',
  ],
  'reboot-file': [
    '/reboot/reboot',
    'for method file; written when an order is obeyed, for a unit of the host that waits for it',
  ],
  'command-timeout': ['1m', 'longest time a command may take'],
  'boot-id': ['/proc/sys/kernel/random/boot_id', 'file with the id of the running boot'],
  'api-server': ['', 'address of the API server; default: the cluster this pod is in'],
  'token-file': [`${IN_CLUSTER}/token`, 'token for the API server; read again when it changes'],
  'ca-file': [`${IN_CLUSTER}/ca.crt`, "the API server's authority; read again when it changes"],
  'log-format': ['json', 'json or text'],
} as const satisfies Record<string, readonly [fallback: string, help: string]>;

type Setting = keyof typeof SETTINGS;
const NAMES = Object.keys(SETTINGS) as Setting[];

const environmentName = (name: Setting) => `LOCKKEEPER_${name.replaceAll('-', '_').toUpperCase()}`;

/** Flags win over the environment, which wins over the defaults. Every problem is found at once. */
export function readConfig(flags: readonly string[], environment: Environment): ConfigOutcome {
  const problems: string[] = [];
  const given = readFlags(flags, problems);
  const values = Object.fromEntries(
    NAMES.map((name) => [
      name,
      given.get(name) ?? (environment[environmentName(name)]?.trim() || SETTINGS[name][0]),
    ]),
  ) as Record<Setting, string>;
  const read = readers(values, problems);
  const config: AgentConfig = {
    node: read.required('node-id'),
    periodMs: read.duration('period'),
    logFormat: read.oneOf('log-format', ['json', 'text']),
    kube: {
      address: read.address('api-server', inClusterAddress(environment)),
      tokenFile: read.required('token-file'),
      caFile: read.required('ca-file'),
    },
    host: readHost(read),
  };
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

/** Each setting: its flag, its variable, its default (empty: none), and what it is for. */
export const settings = () =>
  NAMES.map((name) => {
    const [fallback, help] = SETTINGS[name];
    return { flag: `--${name}`, variable: environmentName(name), fallback, help };
  });

/** What --help prints. */
export function usage(): string {
  const lines = settings().map(({ flag, variable, fallback, help }) => {
    const standard = fallback === '' ? '' : ` (default ${fallback})`;
    return `  ${flag}, ${variable}\n      ${help}${standard}`;
  });
  return [
    'lockkeeper-agent: reports whether this host wants a reboot, and reboots it when ordered to.',
    '',
    ...lines,
    '',
  ].join('\n');
}

function readFlags(flags: readonly string[], problems: string[]): Map<Setting, string> {
  const given = new Map<Setting, string>();
  const rest = [...flags];
  for (let flag = rest.shift(); flag !== undefined; flag = rest.shift()) {
    const [, name = '', inline] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(flag) ?? [];
    if (!isSetting(name)) {
      problems.push(`${flag}: not known here; --help shows what is`);
      continue;
    }
    const value = inline ?? rest.shift();
    if (value === undefined) problems.push(`--${name}: its value is missing`);
    else given.set(name, value.trim());
  }
  return given;
}

function isSetting(name: string): name is Setting {
  return Object.hasOwn(SETTINGS, name);
}

type Readers = ReturnType<typeof readers>;

function readers(values: Readonly<Record<Setting, string>>, problems: string[]) {
  const problem = (name: Setting, rule: string) =>
    problems.push(`--${name} (${environmentName(name)}): ${rule}`);
  return {
    text: (name: Setting) => values[name],
    required(name: Setting): string {
      if (values[name] === '') problem(name, SETTINGS[name][1]);
      return values[name];
    },
    duration(name: Setting): number {
      const ms = parseDuration(values[name]);
      if (ms === undefined || ms < 1_000) {
        problem(name, `"${values[name]}" is not a duration of at least 1s, like 30s, 5m or 1h30m`);
      }
      return ms ?? 0;
    },
    oneOf<const T extends string>(name: Setting, words: readonly [T, ...T[]]): T {
      const word = words.find((candidate) => candidate === values[name]);
      if (word === undefined) problem(name, `"${values[name]}" is none of ${words.join(', ')}`);
      return word ?? words[0];
    },
    signal(name: Setting): number {
      const number = Number(values[name]);
      if (!Number.isInteger(number) || number < 1 || number > 64) {
        problem(name, `"${values[name]}" is not a signal number from 1 to 64`);
      } else if (isSoftRebootSignal(number)) {
        problem(name, `${number} ${KEEPS_BOOT_ID}: take 39, at which systemd reboots`);
      }
      return number;
    },
    command(name: Setting): Command {
      const line = values[name];
      const words = splitWords(line) ?? [];
      const wrong = wrongCommand(line);
      if (wrong !== undefined) problem(name, wrong);
      return { line, words };
    },
    rebootCommand(name: Setting): Command {
      const command = this.command(name);
      if (isSoftReboot(command.line)) {
        problem(name, `"${command.line}" ${KEEPS_BOOT_ID}: write systemctl reboot`);
      }
      return command;
    },
    address(name: Setting, fallback: string): string {
      const address = values[name] || fallback;
      if (address === '') problem(name, `${SETTINGS[name][1]}, and this is no pod of a cluster`);
      else if (!/^https?:\/\//.test(address) || !URL.canParse(address)) {
        problem(name, `"${address}" is not an address like https://10.0.0.1:6443`);
      }
      return address;
    },
  };
}

function wrongCommand(line: string): string | undefined {
  const operator = shellOperator(line);
  if (operator !== undefined) {
    const written = inSingleQuotes(line) ?? inShell(line);
    return `${operator} is for a shell, and no shell runs this: write ${written}, or put in single quotes what is meant as it stands`;
  }
  const words = splitWords(line);
  if (words === undefined) return `a quote is not closed in: ${line}`;
  return words.length === 0 ? 'is empty' : undefined;
}

function readHost(read: Readers): HostSettings {
  const sentinel =
    read.text('reboot-sentinel-command') === ''
      ? ({ kind: 'file', path: read.required('reboot-sentinel') } as const)
      : ({ kind: 'command', command: read.command('reboot-sentinel-command') } as const);
  return {
    bootIdFile: read.required('boot-id'),
    sentinel,
    reboot: readReboot(read),
    commandTimeoutMs: read.duration('command-timeout'),
  };
}

function readReboot(read: Readers): HostSettings['reboot'] {
  const method = read.oneOf('reboot-method', ['signal', 'command', 'file']);
  switch (method) {
    case 'signal':
      return { method, signal: read.signal('reboot-signal') };
    case 'command':
      return { method, command: read.rebootCommand('reboot-command') };
    case 'file':
      return { method, path: read.required('reboot-file') };
    default:
      return method satisfies never;
  }
}

/** What the kubelet puts into every container. */
function inClusterAddress(environment: Environment): string {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (!host) return '';
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Go's notation, because kured's settings use it: 90s, 1.5h, 1h30m. */
function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g);
  return [...parts].reduce(
    (sum, [, number, unit]) => sum + Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS],
    0,
  );
}
