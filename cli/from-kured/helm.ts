import { z } from 'zod';
import { EnvVar, Scheduling, type Kured } from './kured.ts';
import { loud, type Note } from './notes.ts';
import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts';

/** A values file of kured's chart, turned into the arguments its templates would make (chart 6.1, templates/daemonset.yaml). */

const Values = Scheduling.extend({
  configuration: z.record(z.string(), z.unknown()).nullish(),
  extraArgs: z.record(z.string(), z.unknown()).nullish(),
  extraEnvVars: z
    .array(EnvVar)
    .nullish()
    .transform((list) => list ?? []),
  useRebootSentinelHostPath: z.boolean().optional(),
  nameOverride: z.string().nullish(),
  fullnameOverride: z.string().nullish(),
});
type Values = z.infer<typeof Values>;

/** Keys only this chart has, or that say what its pods are told: one of them makes a file a values file. */
const OWN_KEYS = ['configuration', 'extraArgs', 'extraEnvVars'];

/** Whether an object without a kind reads like values of the chart. */
export function isValues(object: Readonly<Record<string, unknown>>): boolean {
  return OWN_KEYS.some((key) => typeof object[key] === 'object' && object[key] !== null);
}

/** What the chart would start, or every place where the values cannot be read. */
export function kuredOfValues(
  object: unknown,
  title: string,
): { readonly kured: Kured } | { readonly problems: readonly string[] } {
  const parsed = Values.safeParse(object);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${title}: ${path.join('.')}: ${message}`,
    );
    return { problems };
  }
  const values = parsed.data;
  const name = values.fullnameOverride || values.nameOverride || 'kured';
  const configured = argumentsOf(values.configuration ?? {});
  return {
    kured: {
      title,
      name,
      args: [`--ds-name=${name}`, ...configured.args, ...extraArguments(values.extraArgs ?? {})],
      env: values.extraEnvVars,
      scheduling: scheduled(values),
      mounts: [],
      notes: [...configured.notes, ...namespaceNote(), ...sentinelNote(values)],
    },
  };
}

const camelCase = (name: OptionName) =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** node-id, ds-name and ds-namespace are no keys: the templates set them. */
const KEYS = new Map(
  OPTION_NAMES.filter((name) => !['node-id', 'ds-name', 'ds-namespace'].includes(name)).map(
    (name) => [camelCase(name), name],
  ),
);

function argumentsOf(configuration: Readonly<Record<string, unknown>>) {
  const args: string[] = [];
  const notes: Note[] = [];
  for (const [key, value] of Object.entries(configuration)) {
    const name = KEYS.get(key);
    if (name) args.push(...flagsFor(name, value));
    else if (key !== 'useRebootSentinelHostPath') {
      notes.push(loud(`configuration.${key}`, 'the chart has no such key, so kured never saw it'));
    }
  }
  return { args, notes };
}

/** The templates leave out what is empty, 0 or false, and range over lists. */
function flagsFor(name: OptionName, value: unknown): string[] {
  if (isEmpty(value)) return [];
  const { type } = OPTIONS[name];
  if (Array.isArray(value)) return value.map((one) => `--${name}=${String(one)}`);
  // Helm reads YAML 1.1, where these words are booleans.
  if (type === 'bool' && typeof value === 'string') {
    return /^(no|n|off)$/i.test(value) ? [] : [`--${name}=${/^(yes|y|on)$/i.test(value) || value}`];
  }
  return [`--${name}=${wordOf(value)}`];
}

function extraArguments(extra: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(extra).map(([name, value]) =>
    isEmpty(value) ? `--${name}` : `--${name}=${wordOf(value)}`,
  );
}

function isEmpty(value: unknown): boolean {
  return !value || (Array.isArray(value) && value.length === 0);
}

/** A list given where the chart prints it with Go's own brackets stays recognisable as what kured refuses. */
function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What the chart's templates do with pods that are told nothing about where to run. */
function scheduled({ nodeSelector, affinity, tolerations }: Values): Scheduling {
  const standard = ['control-plane', 'master'].map((role) => ({
    key: `node-role.kubernetes.io/${role}`,
    effect: 'NoSchedule',
  }));
  return {
    // Helm merges maps: the chart's own selector stays unless its key is set to something else.
    nodeSelector: { 'kubernetes.io/os': 'linux', ...nodeSelector },
    affinity,
    tolerations: tolerations.length > 0 ? tolerations : standard,
  };
}

function namespaceNote(): Note[] {
  const text =
    "the chart takes the release's namespace, which values do not tell: if it is not kube-system, write it into gates.kuredLock";
  return [loud('--ds-namespace', text)];
}

function sentinelNote({ configuration, useRebootSentinelHostPath }: Values): Note[] {
  const { rebootSentinelCommand: command, useRebootSentinelHostPath: nested } = configuration ?? {};
  if (!command || nested === false || useRebootSentinelHostPath === false) return [];
  const text =
    'the chart passes rebootSentinelCommand on only with useRebootSentinelHostPath: false, so your nodes may have followed the file all along; the command is carried over as it was meant';
  return [loud('--reboot-sentinel-command', text)];
}
