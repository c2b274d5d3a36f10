import { z } from 'zod';
import { alerts } from './alerts.ts';
import { blockingPods } from './blocking-pods.ts';
import { budgets } from './budgets.ts';
import type { Moment } from './gate.ts';
import { jobs } from './jobs.ts';
import { kuredLock } from './kured-lock.ts';
import { isSkipped, type GateName } from './names.ts';
import type { Answers, OutsideGate, Questions } from './outside-gate.ts';

/** Every gate that asks outside the Node, by its name. */
export const OUTSIDE_GATES = {
  alerts,
  blockingPods,
  budgets,
  jobs,
  kuredLock,
} as const satisfies Partial<Record<GateName, OutsideGate<z.ZodType>>>;
export type OutsideGateName = keyof typeof OUTSIDE_GATES;

const GATES_RULE = 'write gates like { blockingPods: ["app=postgres"] }';

type Keys = { readonly [Name in OutsideGateName]: (typeof OUTSIDE_GATES)[Name]['key'] };
const keys = Object.fromEntries(
  Object.entries(OUTSIDE_GATES).map(([name, { key }]) => [name, key]),
) as Keys;

/** What a pool's policy says about them. */
export const gates = z
  .strictObject(keys, {
    error: (issue) => (issue.code === 'invalid_type' ? GATES_RULE : undefined),
  })
  .prefault({})
  .describe('What keeps nodes from being taken out, beside their windows');

export type Gates = z.output<typeof gates>;

/** A gate that is to be asked, with the rules of the policy. */
export interface DueGate {
  readonly name: OutsideGateName;
  readonly questions: Questions;
  /** Why it is closed; undefined: it is open. */
  readonly judge: (answers: Answers) => string | undefined;
}

interface GatesAt {
  readonly moment: Moment;
  readonly skip: readonly string[];
  readonly inWindow: boolean;
}

/** The gates that the policy has, that belong to this moment and that nobody has skipped. */
export function dueGates(policy: Gates, { moment, skip, inWindow }: GatesAt): DueGate[] {
  return (Object.keys(OUTSIDE_GATES) as OutsideGateName[]).flatMap((name) => {
    const gate: OutsideGate<z.ZodType> = OUTSIDE_GATES[name];
    const rules = policy[name];
    if (rules === undefined || !gate.moments.includes(moment) || isSkipped(name, skip)) return [];
    if (gate.onlyInWindow && !inWindow) return [];
    return {
      name,
      questions: gate.questions(rules),
      judge: (answers) => gate.judge(rules, answers),
    };
  });
}
