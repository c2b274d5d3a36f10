import { z } from 'zod';
import { labelSelector } from '../label-selector-schema.ts';
import { namespaceName } from '../namespace-schema.ts';
import { podName, type PodFacts } from '../pod-verdict.ts';
import { present } from '../present.ts';
import { NOT_IN_DRAIN } from './gate.ts';
import {
  fewOf,
  outsideGate,
  PODS,
  type ObjectAnswer,
  type ObjectQuestion,
} from './outside-gate.ts';
import { eitherForm } from './written-forms.ts';

const PLACES = ['cluster', 'node'] as const;
const PLACES_RULE = 'write cluster or node';
const FORM_RULE = 'write a label selector, or { selector: app=backup, where: node }';

interface JobRule {
  readonly selector: string;
  readonly where: (typeof PLACES)[number];
  /** Only Jobs of this namespace; absent: of any. */
  readonly namespace?: string;
}

const selectorOnly = labelSelector.transform((selector): JobRule => ({
  selector,
  where: 'cluster',
}));

const full = z
  .strictObject(
    {
      selector: labelSelector.describe('Label selector of the Jobs'),
      where: z
        .enum(PLACES, PLACES_RULE)
        .default('cluster')
        .describe('cluster: wherever the Job runs. node: only with a pod on the node'),
      namespace: namespaceName.optional().describe('Only Jobs of this namespace; absent: of any'),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? FORM_RULE : undefined) },
  )
  .transform(({ selector, where, namespace }): JobRule => ({
    selector,
    where,
    ...present({ namespace }),
  }));

const LIST_JOBS = { group: 'batch', resource: 'jobs', verb: 'list' } as const;

/** Closed while a Job runs that one of the rules selects. */
export const jobs = outsideGate({
  key: z
    .array(
      eitherForm((written) => typeof written === 'string', selectorOnly, full),
      'write a list of label selectors, like ["app=backup"]',
    )
    .optional()
    .describe('Nothing is taken out while a Job runs that one of these selects'),
  moments: NOT_IN_DRAIN,
  rights: [LIST_JOBS, PODS],
  questions: (rules) => ({
    objects: rules.map(questionOf),
    pods: rules.some(({ where }) => where === 'node'),
  }),
  judge(rules, { objects, pods }) {
    const found = rules.map((rule, at) => running(rule, objects[at], pods));
    const unknown = found.flatMap((jobs) => ('problem' in jobs ? [jobs.problem] : []));
    const names = found.flatMap((jobs) => ('problem' in jobs ? [] : jobs.names));
    const lines = [
      ...(names.length > 0 ? [`running: ${fewOf([...new Set(names)].toSorted())}`] : []),
      ...new Set(unknown),
    ];
    return lines.length === 0 ? undefined : lines.join('; ');
  },
});

const questionOf = ({ selector, namespace }: JobRule): ObjectQuestion => ({
  ...LIST_JOBS,
  version: 'v1',
  selector,
  ...present({ namespace }),
});

/** The parts of a Job that tell whether it runs (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/). */
const Job = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string(), creationTimestamp: z.string() }),
  spec: z.object({ suspend: z.boolean().optional() }),
  status: z
    .object({
      startTime: z.string().optional(),
      active: z.number().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
    })
    .optional(),
});
type Job = z.output<typeof Job>;

type Running = { readonly names: readonly string[] } | { readonly problem: string };

function running(
  { where }: JobRule,
  answer: ObjectAnswer | undefined,
  pods: readonly PodFacts[],
): Running {
  if (answer?.kind !== 'found') {
    const because = answer?.kind === 'unknown' ? answer.because : 'the API server has none';
    return { problem: `the Jobs cannot be listed: ${because}` };
  }
  const read = z.array(Job).safeParse(answer.objects);
  if (!read.success) return { problem: 'the Jobs cannot be read' };
  const here = read.data.filter((job) => where === 'cluster' || hasPodIn(pods, job));
  return { names: here.filter(isRunning).map(say) };
}

/** Finished ones are told by their condition; a suspended one runs until its last pod has stopped, and one just made is about to. */
function isRunning({ spec, status = {} }: Job): boolean {
  const { active = 0, conditions = [] } = status;
  const isFinished = conditions.some(({ type, status }) => FINISHED.has(type) && status === 'True');
  return active > 0 || (!isFinished && spec.suspend !== true);
}

const FINISHED: ReadonlySet<string> = new Set(['Complete', 'Failed']);

const hasPodIn = (pods: readonly PodFacts[], { metadata }: Job): boolean =>
  pods.some(
    ({ namespace, owner, finished }) =>
      !finished &&
      namespace === metadata.namespace &&
      owner?.kind === 'Job' &&
      owner.name === metadata.name,
  );

const say = ({ metadata, status }: Job): string =>
  `${podName(metadata)} since ${status?.startTime ?? metadata.creationTimestamp}`;
