import { z } from 'zod';
import { splitWords } from '../../agent/command.ts';
import { CommandFailed } from '../terminal.ts';
import { accepted, at, EnvVar, listOf, Scheduling, word, type Kured, type Tree } from './kured.ts';

const Container = z.object({
  name: z.string().optional(),
  image: z.string().optional(),
  command: listOf(word),
  args: listOf(word),
  env: listOf(EnvVar),
  envFrom: listOf(z.unknown()),
  volumeMounts: listOf(z.object({ name: z.string(), mountPath: z.string() })),
});
type Container = z.infer<typeof Container>;

const Pod = Scheduling.extend({
  containers: z.array(Container),
  volumes: listOf(
    z.object({ name: z.string(), hostPath: z.object({ path: z.string() }).nullish() }),
  ),
});

const DaemonSet = z.object({
  metadata: z
    .object({ name: z.string().default('kured'), namespace: z.string().optional() })
    .prefault({}),
  spec: z.object({ template: z.object({ spec: Pod }) }),
});

const bare = (directory: string): string => directory.replace(/\/$/, '');

const VARIABLES =
  'variables KURED_* from its envFrom win over all that is seen here, and are not in the input: look into that ConfigMap or Secret, and set them in the policy';

/** The kured of a DaemonSet, none if it runs something else. */
export function kuredOfDaemonSet(object: Tree): Kured[] {
  const parsed = DaemonSet.safeParse(object);
  const container = parsed.data?.spec.template.spec.containers.find(runsKured);
  const missing = missingIn(object, container);
  if (missing.length > 0) throw new CommandFailed([sayPart(object, missing)]);
  const { metadata, spec } = accepted('DaemonSet', parsed);
  if (container === undefined) return [];
  const { name, namespace } = metadata;
  const pod = spec.template.spec;
  const kured: Kured = {
    title: `DaemonSet ${namespace === undefined ? name : `${namespace}/${name}`}`,
    name,
    args: programOf(container).slice(1),
    env: container.env,
    scheduling: pod,
    mounts: container.volumeMounts.flatMap(({ name: volume, mountPath }) => {
      const onHost = pod.volumes.find((one) => one.name === volume)?.hostPath?.path;
      return onHost === undefined ? [] : [{ inContainer: bare(mountPath), onHost: bare(onHost) }];
    }),
    notes: [],
    closed: container.envFrom.length > 0 ? [VARIABLES] : [],
  };
  return [kured];
}

/** What every DaemonSet has and a patch over one has not: it is the whole of no kured, whatever else it says. */
function missingIn(object: Tree, container: Container | undefined): string[] {
  if (container === undefined && !JSON.stringify(object).includes('kured')) return [];
  const hasImage = container === undefined || container.image !== undefined;
  return [
    ...(at(object, 'spec.selector') === undefined ? ['selector'] : []),
    ...(hasImage ? [] : ['image']),
  ];
}

function sayPart(object: Tree, missing: readonly string[]): string {
  const { name = 'kured', namespace = 'kube-system' } = (object['metadata'] ?? {}) as Record<
    string,
    string
  >;
  return `DaemonSet ${name}: it has no ${missing.join(' and no ')}, so it is a patch over another one and only a part of what kured is told; give the whole, as \`kubectl kustomize DIRECTORY\` or \`kubectl -n ${namespace} get daemonset ${name} -o yaml\` prints it`;
}

function runsKured(container: Container): boolean {
  const { name, image = '', command } = container;
  if (name === 'kured' || /(^|\/)kured(-[a-z0-9]+)?([:@]|$)/.test(image)) return true;
  return command.length > 0 && isKured(programOf(container)[0] ?? '');
}

const isKured = (program: string): boolean => /(^|\/)kured$/.test(program);

/** The program and its words: `command` and `args`, the script of a shell taken apart; args alone follow the image's kured. */
function programOf({ command, args }: Container): string[] {
  const words = command.length > 0 ? [...command, ...args] : ['kured', ...args];
  const [program = '', flag, script = ''] = words;
  if (!/(^|\/)(ba|da|a)?sh$/.test(program) || flag !== '-c') return words;
  const inScript = splitWords(script) ?? [];
  const start = inScript.findIndex(isKured);
  return start < 0 ? words : inScript.slice(start);
}
