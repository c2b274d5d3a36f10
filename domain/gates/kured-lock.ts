import { z } from 'zod';
import { words } from '../outside.ts';
import { NOT_IN_DRAIN } from './gate.ts';
import { fewOf, outsideGate, type ObjectAnswer } from './outside-gate.ts';

/** The lock of kured: an annotation of its DaemonSet (kubereboot/kured, pkg/daemonsetlock). */

const RULE = 'write kuredLock like { namespace: kube-system, daemonSet: kured }';
const NAME_RULE = 'write the name as kubectl shows it';
const name = z.string(NAME_RULE).regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, NAME_RULE);

const rules = z.strictObject(
  {
    namespace: name.default('kube-system').describe('Its ds-namespace'),
    daemonSet: name.default('kured').describe('Its ds-name'),
    annotation: z
      .string(NAME_RULE)
      .min(1, NAME_RULE)
      .default('weave.works/kured-node-lock')
      .describe('Its lock-annotation'),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? RULE : undefined) },
);

const READ_DAEMON_SET = { group: 'apps', resource: 'daemonsets', verb: 'get' } as const;

/** Closed while kured holds its lock for any node, or has no lock where the policy says it has one. */
export const kuredLock = outsideGate({
  key: rules
    .optional()
    .describe('During a migration: nothing is taken out while kured holds its lock'),
  moments: NOT_IN_DRAIN,
  rights: [READ_DAEMON_SET],
  questions: ({ namespace, daemonSet }) => ({
    objects: [{ ...READ_DAEMON_SET, version: 'v1', namespace, name: daemonSet }],
  }),
  judge({ namespace, daemonSet, annotation }, { objects: [answer], nowMs }) {
    const lock = `the lock of kured (DaemonSet ${namespace}/${daemonSet})`;
    const seen = lockIn(answer, annotation, nowMs);
    if ('problem' in seen) return `${lock} cannot be read: ${seen.problem}`;
    return seen.nodes.length === 0 ? undefined : `${lock} is held for ${fewOf(seen.nodes)}`;
  },
});

/** The nodes it is held for, as kured wrote them; none: it is free. */
type Lock = { readonly nodes: readonly string[] } | { readonly problem: string };

/** A wrong name must not open the gate; once kured is gone, the key is taken out of the policy. */
const MISSING =
  'there is no such DaemonSet; take gates.kuredLock out of the policy once kured is gone';
const UNREADABLE = 'its annotation cannot be read';

const DaemonSet = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }).optional(),
});

function lockIn(answer: ObjectAnswer | undefined, annotation: string, nowMs: number): Lock {
  if (answer?.kind === 'unknown') return { problem: answer.because };
  if (answer?.kind !== 'found') return { problem: MISSING };
  const read = DaemonSet.safeParse(answer.objects[0]);
  if (!read.success) return { problem: UNREADABLE };
  const written = read.data.metadata?.annotations?.[annotation];
  return written === undefined ? { nodes: [] } : readLock(written, nowMs);
}

const Hold = z.object({
  nodeID: z.string(),
  created: z.unknown().optional(),
  /** A Go duration: nanoseconds; 0: for ever. */
  TTL: z.unknown().optional(),
});
type Hold = z.output<typeof Hold>;

/** Reads either form: one lock, or with `--concurrency` above 1 a list of them. A hold whose time is over is none, as in kured. */
function readLock(annotation: string, nowMs: number): Lock {
  const holds = holdsIn(annotation);
  if (!holds) return { problem: UNREADABLE };
  const nodes = holds.filter((hold) => !isOver(hold, nowMs)).map(({ nodeID }) => words(nodeID));
  return { nodes: nodes.toSorted() };
}

function holdsIn(annotation: string): readonly Hold[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(annotation);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const holds: unknown = 'locks' in value ? (value.locks ?? []) : [value];
  return z.array(Hold).safeParse(holds).data;
}

/** What cannot be reckoned with is not over. */
function isOver({ created, TTL }: Hold, nowMs: number): boolean {
  const createdMs = Date.parse(String(created));
  const lengthMs = Number(TTL) / 1_000_000;
  return lengthMs > 0 && nowMs - createdMs >= lengthMs;
}
