import { parseAllDocuments } from 'yaml';
import { sayYaml } from '../../domain/problem-words.ts';
import { splitWords } from '../../agent/command.ts';
import { isValues, kuredOfValues } from './helm.ts';
import { DaemonSet, type Container, type EnvVar, type Kured, type Mount } from './kured.ts';
import { loud, type Note } from './notes.ts';

export type Sources =
  { readonly kureds: readonly Kured[] } | { readonly problems: readonly string[] };

type Found = { readonly kured: Kured } | { readonly problems: readonly string[] };

const EXPECTED =
  "expected kured's DaemonSet, several of them (YAML documents or a List), or a values file of its Helm chart";

/** Every kured that is described in the text: DaemonSets, Lists of them, values of the chart, also those of a HelmRelease. */
export function readSources(text: string): Sources {
  const documents = parseAllDocuments(text);
  const broken = [...documents].flatMap(({ errors }) =>
    errors.map(({ message }) => sayYaml(message)),
  );
  if (broken.length > 0) return { problems: broken.map((message) => `not YAML: ${message}`) };
  const objects = [...documents].flatMap((document) => flatten(document.toJS()));
  const found = objects.flatMap(readObject);
  const problems = found.flatMap((one) => ('problems' in one ? one.problems : []));
  if (problems.length > 0) return { problems };
  const kureds = found.flatMap((one) => ('kured' in one ? [one.kured] : []));
  if (kureds.length > 0) return { kureds };
  return { problems: [`${EXPECTED}; ${whatWasThere(objects)}`] };
}

type KubeObject = Readonly<Record<string, unknown>>;

function flatten(value: unknown): KubeObject[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const object = value as KubeObject;
  const isList = typeof object['kind'] === 'string' && object['kind'].endsWith('List');
  if (!isList || !Array.isArray(object['items'])) return [object];
  // In a DaemonSetList the items need not repeat their kind.
  const kind = object['kind'] === 'DaemonSetList' ? { kind: 'DaemonSet' } : {};
  return object['items'].flatMap(flatten).map((item) => ({ ...kind, ...item }));
}

function whatWasThere(objects: readonly KubeObject[]): string {
  if (objects.length === 0) return 'there was no object in the input';
  const kinds = objects.map((object) =>
    typeof object['kind'] === 'string' ? object['kind'] : 'an object without a kind',
  );
  const seen = [...new Set(kinds)].join(', ');
  return `there was only: ${seen}${kinds.includes('DaemonSet') ? ' (no container of it runs kured)' : ''}`;
}

function readObject(object: KubeObject): Found[] {
  switch (object['kind']) {
    case 'DaemonSet':
      return readDaemonSet(object);
    case 'HelmRelease':
      return readHelmRelease(object);
    case undefined:
      // As a part of another chart's values, kured's own stand under its name.
      return [
        ...readValues(object, 'the Helm values'),
        ...readValues(object['kured'], 'the Helm values'),
      ];
    default:
      return [];
  }
}

function readHelmRelease({ metadata, spec }: KubeObject): Found[] {
  const { chart, chartRef, values } = (spec ?? {}) as KubeObject;
  const isKureds = JSON.stringify([metadata, chart, chartRef]).includes('kured');
  return isKureds ? readValues(values, 'the HelmRelease') : [];
}

function readValues(values: unknown, title: string): Found[] {
  const [object] = flatten(values);
  return object && isValues(object) ? [kuredOfValues(object, title)] : [];
}

function readDaemonSet(object: KubeObject): Found[] {
  const parsed = DaemonSet.safeParse(object);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `DaemonSet: ${path.join('.')}: ${message}`,
    );
    return [{ problems }];
  }
  const container = parsed.data.spec.template.spec.containers.find(runsKured);
  return container ? [{ kured: kuredOf(parsed.data, container) }] : [];
}

function runsKured({ name, image = '', command, args }: Container): boolean {
  if (name === 'kured' || /(^|\/)kured(-[a-z0-9]+)?([:@]|$)/.test(image)) return true;
  const [program = ''] = programOf({ command, args });
  return command.length > 0 && isKured(program);
}

const isKured = (word: string) => /(^|\/)kured$/.test(word);

function kuredOf({ metadata, spec }: DaemonSet, container: Container): Kured {
  const { name, namespace } = metadata;
  const pod = spec.template.spec;
  const env = expandEnvironment(container.env);
  const [, ...words] = programOf(container);
  return {
    title: `DaemonSet ${namespace === undefined ? name : `${namespace}/${name}`}`,
    name,
    args: words.map((word) => expand(word, env)),
    env,
    scheduling: pod,
    mounts: container.volumeMounts.flatMap(({ name: volume, mountPath }): Mount[] => {
      const onHost = pod.volumes.find((one) => one.name === volume)?.hostPath?.path;
      return onHost === undefined ? [] : [{ inContainer: mountPath, onHost }];
    }),
    notes: environmentNotes(container),
  };
}

/** The program and its words: `command` and `args`, the script of a shell taken apart; args alone follow the image's kured. */
function programOf({ command, args }: Pick<Container, 'command' | 'args'>): string[] {
  const words = command.length > 0 ? [...command, ...args] : ['kured', ...args];
  const [program = '', flag, script = ''] = words;
  if (!/(^|\/)(ba|da|a)?sh$/.test(program) || flag !== '-c') return words;
  const inScript = splitWords(script) ?? [];
  const start = inScript.findIndex(isKured);
  return start < 0 ? words : inScript.slice(start);
}

/** "$(NAME)" is a variable defined above; "$$(NAME)" and an unknown name stay as they are written. */
function expand(word: string, env: readonly EnvVar[]): string {
  return word.replaceAll(/\$?\$\(([^()]+)\)/g, (whole, name: string) => {
    if (whole.startsWith('$$')) return whole.slice(1);
    return env.find((variable) => variable.name === name)?.value ?? whole;
  });
}

function expandEnvironment(env: readonly EnvVar[]): EnvVar[] {
  const expanded: EnvVar[] = [];
  for (const variable of env) {
    const { value } = variable;
    expanded.push(value ? { ...variable, value: expand(value, expanded) } : variable);
  }
  return expanded;
}

function environmentNotes({ envFrom }: Container): Note[] {
  if (envFrom.length === 0) return [];
  const text =
    'variables KURED_* in its ConfigMap or Secret win over all that is seen here, and cannot be seen here: look into it';
  return [loud('envFrom', text)];
}
