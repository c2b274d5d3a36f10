import type { z } from 'zod';
import type { Answers, OutsideGate } from './outside-gate.ts';

/** Why a gate with these rules, as they stand in a policy, is closed by these answers; undefined: it is open. */
export function judged<Key extends z.ZodType>(
  gate: OutsideGate<Key>,
  written: unknown,
  answers: Partial<Answers>,
): string | undefined {
  const rules = gate.key.parse(written) as NonNullable<z.output<Key>>;
  return gate.judge(rules, {
    prometheis: [],
    pods: [],
    toEvict: [],
    objects: [],
    nowMs: 0,
    ...answers,
  });
}
