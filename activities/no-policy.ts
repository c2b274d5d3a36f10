import { NO_POLICY } from '../domain/policy.ts';
import type { Deps } from './deps.ts';
import { waiting } from './failure.ts';

type Kind = Parameters<typeof waiting>[0];
type Needed = Pick<Deps, 'policy' | 'lookAgainMs'>;

/**
 * Does what the policy decides over. A worker that has started with a bad file has none to go by: there it waits, with the
 * reason as its message, and the next try may be another worker's. What brings a node back goes on without.
 */
export async function byPolicy<T>(deps: Needed, kind: Kind, work: () => Promise<T>): Promise<T> {
  needPolicy(deps, kind);
  return await work();
}

/** Throws where no policy is in force. */
export function needPolicy({ policy, lookAgainMs }: Needed, kind: Kind): void {
  if (policy.current() === NO_POLICY) throw waiting(kind, whyNone(policy), lookAgainMs);
}

/** Why there is no policy in force, in one line. */
export function whyNone({ problems = [] }: Deps['policy']): string {
  return ['no policy is in force', ...problems].join(': ').slice(0, 1_000);
}
