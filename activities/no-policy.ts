import { NO_POLICY } from '../domain/policy.ts';
import type { Deps } from './deps.ts';
import { waiting } from './failure.ts';

/**
 * Does what the policy decides over. A worker that has started with a bad file has none to go by: there it waits, with the
 * reason as its message, and the next try may be another worker's. What brings a node back goes on without.
 */
export async function byPolicy<T>(
  { policy, lookAgainMs }: Pick<Deps, 'policy' | 'lookAgainMs'>,
  kind: Parameters<typeof waiting>[0],
  work: () => Promise<T>,
): Promise<T> {
  if (policy.current() !== NO_POLICY) return await work();
  throw waiting(kind, whyNone(policy), lookAgainMs);
}

/** Why there is no policy in force, in one line. */
export function whyNone({ problems = [] }: Deps['policy']): string {
  return ['no policy is in force', ...problems].join(': ').slice(0, 1_000);
}
