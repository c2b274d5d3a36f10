import { parseDocument } from 'yaml';
import { z } from 'zod';
import { sayYaml } from '../../domain/problem-words.ts';
import { CommandFailed } from '../terminal.ts';
import { accepted, at, EnvVar, isTree, listOf, loud, Scheduling } from './kured.ts';
import type { Kured, Note, Tree } from './kured.ts';
import { OPTION_NAMES, OPTIONS } from './options.ts';

/** Values of kured's chart, turned into the arguments its templates would make (chart 6.1, templates/daemonset.yaml). */

const HELM = 'spec.source.helm';

/**
 * What tells a controller to install a chart, and where it says which one, the name and namespace of the release, its values,
 * and what holds further values that are not in the input. The first path that is there counts; with "+" several are one
 * name.
 */
export const ENVELOPES = {
  // Of Flux.
  HelmRelease: {
    chart: ['spec.chart', 'spec.chartRef'],
    name: ['spec.releaseName', 'spec.targetNamespace+metadata.name', 'metadata.name'],
    namespace: ['spec.targetNamespace', 'metadata.namespace'],
    values: ['spec.values'],
    unseen: ['spec.valuesFrom'],
  },
  // Of k3s.
  HelmChart: {
    chart: ['spec.chart'],
    name: ['metadata.name'],
    namespace: ['spec.targetNamespace', 'metadata.namespace'],
    values: ['spec.values', 'spec.valuesContent'],
    unseen: ['spec.set', 'spec.valuesSecrets'],
  },
  // Of Argo CD; several sources are read one by one.
  Application: {
    chart: ['spec.source.chart'],
    name: [`${HELM}.releaseName`, 'metadata.name'],
    namespace: ['spec.destination.namespace'],
    values: [`${HELM}.valuesObject`, `${HELM}.values`],
    unseen: [`${HELM}.valueFiles`, `${HELM}.parameters`, `${HELM}.fileParameters`],
  },
};

/** Keys only this chart has, or that say what its pods are told: one of them makes a file a values file. */
const OWN_KEYS = ['configuration', 'extraArgs', 'extraEnvVars'];
/** A file of nothing but these is one too: kured's defaults are in force. */
const OTHER_KEYS =
  /^(image|revisionHistoryLimit|updateStrategy|maxUnavailable|podAnnotations|dsAnnotations|podLabels|rbac|serviceAccount|podSecurityPolicy|containerSecurityContext|resources|hostNetwork|metrics|service|livenessProbe|readinessProbe|priorityClassName|tolerations|affinity|nodeSelector|volumeMounts|volumes|initContainers|nameOverride|fullnameOverride|useRebootSentinelHostPath)$/;

const isOwn = (values: unknown): boolean =>
  OWN_KEYS.some((key) => typeof (at(values, key) ?? '') === 'object');

/** The kured of a values file; as a part of another chart's values, kured's own stand under its name. */
export function kuredsOfValues(object: Tree): Kured[] {
  const keys = Object.keys(object);
  const isKnown = keys.length > 0 && keys.every((key) => OTHER_KEYS.test(key));
  const all = [isOwn(object) || isKnown ? object : undefined, object['kured']];
  return all.filter(isTree).map((values) => kuredOf({ title: 'the Helm values', values }));
}

/** The kureds of an object that tells a controller to install the chart. */
export function kuredsOfRelease(kind: keyof typeof ENVELOPES, object: Tree): Kured[] {
  const { sources, ...spec } = (object['spec'] ?? {}) as Tree;
  if (Array.isArray(sources)) {
    const one = (source: unknown): Tree => ({ ...object, spec: { ...spec, source } });
    return sources.flatMap((source) => kuredsOfRelease(kind, one(source)));
  }
  const envelope = ENVELOPES[kind];
  const found = (paths: readonly string[]) =>
    paths.filter((path) => path.split('+').every((part) => at(object, part) !== undefined));
  const first = (paths: readonly string[]): string | undefined =>
    found(paths)[0]
      ?.split('+')
      .map((part) => at(object, part))
      .join('-');
  const title = `the ${kind}`;
  const values = valuesOf(title, at(object, found(envelope.values)[0] ?? ''));
  // A name like kured's is also that of what belongs to it, such as its alerts.
  const chart = [...envelope.chart, ...(isOwn(values) ? ['metadata.name'] : [])];
  if (!JSON.stringify(chart.map((path) => at(object, path))).includes('kured')) return [];
  const isFull = (path: string) => !/^(null|\[\]|\{\})$/.test(JSON.stringify(at(object, path)));
  const kured = kuredOf({
    title,
    release: first(envelope.name),
    namespace: first(envelope.namespace),
    values: at(values, 'kured') ?? values,
    unseen: found(envelope.unseen).filter(isFull),
  });
  return [kured];
}

/** Some envelopes hold them as a text. */
function valuesOf(title: string, given: unknown = {}): unknown {
  if (typeof given !== 'string') return given;
  const document = parseDocument(given);
  const lines = document.errors.map(
    ({ message }) => `${title}: its values are not YAML: ${sayYaml(message)}`,
  );
  if (lines.length > 0) throw new CommandFailed(lines);
  return document.toJS();
}

const Values = Scheduling.extend({
  configuration: z.record(z.string(), z.unknown()).nullish(),
  extraArgs: z.record(z.string(), z.unknown()).nullish(),
  extraEnvVars: listOf(EnvVar),
  useRebootSentinelHostPath: z.boolean().optional(),
  nameOverride: z.string().nullish(),
  fullnameOverride: z.string().nullish(),
});
type Values = z.infer<typeof Values>;

const NOWHERE =
  "the chart takes the release's namespace and name, which this does not tell: if they are not kube-system and kured, write the right ones into gates.kuredLock";

interface Release {
  readonly title: string;
  readonly release?: string | undefined;
  readonly namespace?: string | undefined;
  readonly values: unknown;
  readonly unseen?: readonly string[];
}

/** What the chart would start, or every place where the values cannot be read. */
function kuredOf({ title, release = 'kured', namespace, unseen = [], ...given }: Release): Kured {
  const values = accepted(title, Values.safeParse(given.values ?? {}));
  const name = fullname(values, release);
  const notes: Note[] = namespace === undefined ? [loud('--ds-namespace', NOWHERE)] : [];
  const where = namespace === undefined ? [] : [`--ds-namespace=${namespace}`];
  return {
    title,
    name,
    notes,
    mounts: [],
    env: values.extraEnvVars,
    scheduling: scheduled(values),
    args: [`--ds-name=${name}`, ...where, ...argumentsOf(values, notes)],
    closed: unseen.map(
      (path) => `further values come from its ${path}, which are not in the input: add them to it`,
    ),
  };
}

/** As the chart's templates/_helpers.tpl. */
function fullname({ fullnameOverride, nameOverride }: Values, release: string): string {
  const chart = nameOverride || 'kured';
  const joined = release.includes(chart) ? release : `${release}-${chart}`;
  return (fullnameOverride || joined).slice(0, 63).replace(/-$/, '');
}

/** node-id, ds-name and ds-namespace are no keys: the templates set them. */
const KEYS = new Map(
  OPTION_NAMES.filter((name) => !/^(node-id|ds-.*)$/.test(name)).map((name) => [
    name.replaceAll(/-[a-z]/g, (dash) => dash.slice(1).toUpperCase()),
    name,
  ]),
);
const NO_KEY = 'the chart has no such key, so kured never saw it';
const NO_COMMAND =
  'the chart passes rebootSentinelCommand on only with useRebootSentinelHostPath: false, so your nodes may have followed the file all along; the command is carried over as it was meant';

/** The templates leave out what is empty, 0 or false, and range over lists. Adds what there is to say of the keys. */
function argumentsOf(values: Values, notes: Note[]): string[] {
  const { useRebootSentinelHostPath: nested, ...configuration } = values.configuration ?? {};
  const isNested = nested !== false && values.useRebootSentinelHostPath !== false;
  if (configuration['rebootSentinelCommand'] && isNested) {
    notes.push(loud('--reboot-sentinel-command', NO_COMMAND));
  }
  const args = Object.entries(configuration).flatMap(([key, value]) => {
    const name = KEYS.get(key);
    if (name === undefined) notes.push(loud(`configuration.${key}`, NO_KEY));
    if (name === undefined || !value) return [];
    if (Array.isArray(value)) return value.map((one) => `--${name}=${String(one)}`);
    const text = OPTIONS[name].type === 'bool' ? asSwitch(wordOf(value)) : wordOf(value);
    return text === '' ? [] : [`--${name}=${text}`];
  });
  const more = Object.entries(values.extraArgs ?? {}).map(([name, value]) =>
    !value || (Array.isArray(value) && value.length === 0)
      ? `--${name}`
      : `--${name}=${wordOf(value)}`,
  );
  return [...args, ...more];
}

/** Helm reads YAML 1.1, where these words are booleans. */
const asSwitch = (text: string): string =>
  text.replace(/^(yes|y|on)$/i, 'true').replace(/^(no|n|off)$/i, '');

/** A list given where the chart prints it with Go's own brackets stays recognisable as what kured refuses. */
const wordOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

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
