import { NO_POLICY } from '../domain/policy.ts';
import type { Deps } from './deps.ts';
import { notYet } from './failure.ts';

type Needed = Pick<Deps, 'policy' | 'pollAgainMs'>;

/**
 * Throws where no policy is in force, as something to wait for: a worker that has started with a bad file has none to go by, and
 * the next try may be another worker's. What brings a node back goes on without.
 */
export function needPolicy({ policy, pollAgainMs }: Needed, kind: 'gate-closed' | 'no-room'): void {
  if (policy.current() === NO_POLICY) throw notYet(kind, whyNone(policy), pollAgainMs);
}

/** Why there is no policy in force, in one line. */
export function whyNone({ problems = [] }: Deps['policy']): string {
  return ['no policy is in force', ...problems].join(': ').slice(0, 1_000);
}
