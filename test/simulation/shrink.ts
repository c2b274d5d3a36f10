import { performance } from 'node:perf_hooks';
import * as fc from 'fast-check';
import { live, type History, type HistoryOptions } from './history.ts';
import { plans } from './plans.ts';
import type { Finding, Where } from './search.ts';

export interface Shrinking extends HistoryOptions {
  /** No smaller history is looked for after so long. */
  readonly shrinkMs: number;
  /** Told of every try. */
  readonly onTry?: (tries: number) => void;
}

/** Nor after so many tries. */
const MOST_TRIES = 300;

/** The smallest history found in the time there is that breaks the same guarantee; at the worst the one that was found. */
export async function shrink(options: Shrinking, finding: Finding): Promise<Finding> {
  const { onTry, shrinkMs } = options;
  const untilMs = performance.now() + shrinkMs;
  const stopped = (): boolean => performance.now() > untilMs || options.stopped?.() === true;
  let found = finding;
  let tries = 0;
  const property = fc.asyncProperty(plans, async (plan) => {
    // What is left to try is passed by: fast-check asks for nothing smaller of what has held.
    if (tries > MOST_TRIES || stopped()) return;
    onTry?.(tries);
    tries += 1;
    const { broken } = await live(plan, { ...options, stopped });
    const again = broken.find(({ rule }) => rule === finding.rule);
    if (!again) return;
    found = { ...finding, ...again, plan };
    throw new Error(again.sentence);
  });
  const { seed, path } = finding;
  const { counterexamplePath } = await fc.check(property, { seed, path, numRuns: 1 });
  return { ...found, path: counterexamplePath ?? path };
}

/** What the history breaks that a former search has found; nothing is made smaller. */
export async function findAgain(
  options: HistoryOptions & { readonly onHistory?: (history: History) => void },
  { seed, path }: Where,
): Promise<Finding | undefined> {
  let finding: Finding | undefined;
  let isFound = false;
  const property = fc.asyncProperty(plans, async (plan) => {
    // After the plan at the end of the path fast-check goes on with those beside it.
    if (isFound) return;
    isFound = true;
    const history = await live(plan, options);
    options.onHistory?.(history);
    const [broken] = history.broken;
    if (broken) finding = { ...broken, seed, path, plan };
  });
  await fc.check(property, { seed, path, numRuns: 1, endOnFailure: true });
  return finding;
}
