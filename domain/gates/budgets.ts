import { z } from 'zod';
import { DisruptionBudget, someMayNever, whyNever } from '../disruption-budget.ts';
import { podName } from '../pod-verdict.ts';
import { fewOf, outsideGate, PODS, type ObjectAnswer } from './outside-gate.ts';

const CHOICES = ['wait', 'ignore'] as const;
const RULE = 'write wait or ignore';

const LIST_BUDGETS = { group: 'policy', resource: 'poddisruptionbudgets', verb: 'list' } as const;

/** Closed while a disruption budget can never let go of a pod on the node: a drain would move every other pod for nothing. */
export const budgets = outsideGate({
  key: z
    .enum(CHOICES, RULE)
    .default('wait')
    .describe(
      'wait: nothing is taken out while a disruption budget can never let go of a pod on it. ignore: it is drained all the same',
    ),
  moments: ['waiting', 'cordon'],
  onlyInWindow: true,
  rights: [LIST_BUDGETS, PODS],
  questions: (choice) =>
    choice === 'ignore'
      ? {}
      : {
          objects: [{ ...LIST_BUDGETS, version: 'v1', selector: '' }],
          pods: ([answer]) => {
            const known = budgetsIn(answer);
            return 'budgets' in known && someMayNever(known.budgets);
          },
        },
  judge(choice, { objects: [answer], toEvict }) {
    if (choice === 'ignore') return undefined;
    const known = budgetsIn(answer);
    if ('problem' in known) return `the disruption budgets cannot be listed: ${known.problem}`;
    // What ends by itself is waited for, and the cordon keeps others like it from taking its place.
    const staying = toEvict.filter(({ endsByItself }) => !endsByItself);
    const never = staying.flatMap((pod) => {
      const because = whyNever(pod, known.budgets);
      return because === undefined ? [] : [`${podName(pod)} could never be evicted: ${because}`];
    });
    return never.length === 0 ? undefined : fewOf(never.toSorted());
  },
});

type Budgets = { readonly budgets: readonly DisruptionBudget[] } | { readonly problem: string };

function budgetsIn(answer: ObjectAnswer | undefined): Budgets {
  if (answer?.kind === 'unknown') return { problem: answer.because };
  if (answer?.kind !== 'found') return { problem: 'the API server has none' };
  const read = z.array(DisruptionBudget).safeParse(answer.objects);
  return read.success ? { budgets: read.data } : { problem: 'they cannot be read' };
}
