import { z } from 'zod';
import type { Note } from './notes.ts';

/** The parts of Kubernetes objects that matter here, read leniently: what else is in them is none of our business. */

/** Written as a string, or unquoted where YAML makes a number or a boolean of it. */
const word = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** kubectl and templates write null for a field that is empty. */
const listOf = <T extends z.ZodType>(one: T) =>
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

const Expression = z.object({
  key: z.string(),
  operator: z.string(),
  values: listOf(word),
});

const Term = z.object({ matchExpressions: listOf(Expression), matchFields: listOf(Expression) });
export type Term = z.infer<typeof Term>;

export const Scheduling = z.object({
  nodeSelector: z.record(z.string(), word).nullish(),
  affinity: z
    .object({
      nodeAffinity: z
        .object({
          requiredDuringSchedulingIgnoredDuringExecution: z
            .object({ nodeSelectorTerms: listOf(Term) })
            .nullish(),
          preferredDuringSchedulingIgnoredDuringExecution: listOf(z.unknown()),
        })
        .nullish(),
    })
    .nullish(),
  tolerations: listOf(
    z.object({
      key: z.string().nullish(),
      operator: z.string().nullish(),
      value: word.nullish(),
      effect: z.string().nullish(),
    }),
  ),
});
export type Scheduling = z.infer<typeof Scheduling>;

export const Container = z.object({
  name: z.string().optional(),
  image: z.string().optional(),
  command: listOf(word),
  args: listOf(word),
  env: listOf(EnvVar),
  envFrom: listOf(z.unknown()),
  volumeMounts: listOf(z.object({ name: z.string(), mountPath: z.string() })),
});
export type Container = z.infer<typeof Container>;

export const DaemonSet = z.object({
  metadata: z
    .object({ name: z.string().default('kured'), namespace: z.string().optional() })
    .prefault({}),
  spec: z.object({
    template: z.object({
      spec: Scheduling.extend({
        containers: z.array(Container),
        volumes: listOf(
          z.object({ name: z.string(), hostPath: z.object({ path: z.string() }).nullish() }),
        ),
      }),
    }),
  }),
});
export type DaemonSet = z.infer<typeof DaemonSet>;

/** A directory of the host, and where the container sees it. */
export interface Mount {
  readonly inContainer: string;
  readonly onHost: string;
}

/** One kured, wherever it was described. */
export interface Kured {
  /** For people: what it was read from. */
  readonly title: string;
  /** Its DaemonSet's name, of which the pool's name is made. */
  readonly name: string;
  /** What follows the program's name, with variables expanded as Kubernetes does. */
  readonly args: readonly string[];
  readonly env: readonly EnvVar[];
  readonly scheduling: Scheduling;
  readonly mounts: readonly Mount[];
  readonly notes: readonly Note[];
}
