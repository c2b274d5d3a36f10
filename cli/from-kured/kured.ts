import { z } from 'zod';
import { CommandFailed } from '../terminal.ts';

/** The parts of Kubernetes objects that matter here, read leniently: what else is in them is none of our business. */

/** Written as a string, or unquoted where YAML makes a number or a boolean of it. */
export const word = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** kubectl and templates write null for a field that is empty. */
export const listOf = <T extends z.ZodType>(one: T) =>
  z
    .array(one)
    .nullish()
    .transform((list) => list ?? []);

const KeyRef = z.object({ name: z.string().optional(), key: z.string() });

export const EnvVar = z.object({
  name: z.string(),
  value: word.nullish(),
  valueFrom: z
    .object({ secretKeyRef: KeyRef.optional(), configMapKeyRef: KeyRef.optional() })
    .nullish(),
});
export type EnvVar = z.infer<typeof EnvVar>;

const Expression = z.object({ key: z.string(), operator: z.string(), values: listOf(word) });
const Term = z.object({ matchExpressions: listOf(Expression), matchFields: listOf(Expression) });
export type Term = z.infer<typeof Term>;

const NodeAffinity = z.object({
  requiredDuringSchedulingIgnoredDuringExecution: z
    .object({ nodeSelectorTerms: listOf(Term) })
    .nullish(),
  preferredDuringSchedulingIgnoredDuringExecution: listOf(z.unknown()),
});

const text = z.string().nullish();

export const Scheduling = z.object({
  nodeSelector: z.record(z.string(), word).nullish(),
  affinity: z
    .object({ nodeAffinity: NodeAffinity.nullish() })
    .nullish()
    .transform((affinity) => {
      const { requiredDuringSchedulingIgnoredDuringExecution: required, ...more } =
        affinity?.nodeAffinity ?? NodeAffinity.parse({});
      const preferred = more.preferredDuringSchedulingIgnoredDuringExecution;
      return { terms: required?.nodeSelectorTerms ?? [], isPreferred: preferred.length > 0 };
    }),
  tolerations: listOf(z.object({ key: text, operator: text, value: word.nullish(), effect: text })),
});
export type Scheduling = z.infer<typeof Scheduling>;

/** Something the person has to know who asked for the conversion. A loud one is said on stderr as well. */
export interface Note {
  readonly about: string;
  readonly text: string;
  readonly loud: boolean;
}

export const quiet = (about: string, text: string): Note => ({ about, text, loud: false });
export const loud = (about: string, text: string): Note => ({ about, text, loud: true });

/** One kured, wherever it was described. */
export interface Kured {
  /** For people: what it was read from. */
  readonly title: string;
  /** Its DaemonSet's name, of which the pool's name is made. */
  readonly name: string;
  /** What follows the program's name, before Kubernetes puts variables in. */
  readonly args: readonly string[];
  readonly env: readonly EnvVar[];
  readonly scheduling: Scheduling;
  /** Directories of the host, and where the container sees them. */
  readonly mounts: readonly { readonly inContainer: string; readonly onHost: string }[];
  readonly notes: readonly Note[];
  /** Why nobody can tell from the input what kured does. */
  readonly closed: readonly string[];
}

/** What a schema accepts; fails with a line for each place that it does not. */
export function accepted<T>(title: string, { data, error }: z.ZodSafeParseResult<T>): T {
  if (error === undefined) return data;
  const lines = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new CommandFailed(lines.map((line) => `${title}: ${line}`));
}

/** An object nobody has read yet. */
export type Tree = Readonly<Record<string, unknown>>;

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands at a path like spec.template; undefined where nothing does. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce((inner, key) => (isTree(inner) ? inner[key] : undefined), value);
}
