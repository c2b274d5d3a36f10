import * as fc from 'fast-check';
import type { Deps } from '../../activities/deps.ts';
import { live, type History } from './history.ts';
import { RULES, type Rule } from './judge/contract.ts';
import type { Plan } from './plan.ts';
import { plans } from './plans.ts';

export interface SearchOptions {
  readonly seed: number;
  /** At most so many histories. */
  readonly runs: number;
  /** Looks at nothing but the history a former search has found. */
  readonly path?: string;
  /** After a broken guarantee the others are judged all the same; else the search ends. */
  readonly keepGoing?: boolean;
  /** Only this guarantee is judged, and no smaller history is looked for. */
  readonly only?: Rule;
  readonly twist?: (deps: Deps) => Deps;
  /** Asked before every history. */
  readonly goOn?: () => boolean;
  /** Told of every history. */
  readonly onHistory?: (history: History) => void;
}

export interface Finding {
  readonly rule: Rule;
  readonly sentence: string;
  /** With these two the history is found again. */
  readonly seed: number;
  readonly path: string;
  /** The smallest history found that breaks the guarantee. */
  readonly plan: Plan;
}

export interface Found {
  readonly findings: readonly Finding[];
  readonly histories: number;
}

/** A counterexample is made smaller for so many tries at most. */
const SHRINK_TRIES = 300;
/** Histories of one seed; then the next seed follows. */
const BATCH = 500;

/** Lives one history after the other, until a guarantee is broken or enough has been seen; then looks for a smaller one. */
export async function search(options: SearchOptions): Promise<Found> {
  const { goOn = () => true, keepGoing, only, path, runs } = options;
  const findings: Finding[] = [];
  const without = new Set(RULES.filter((rule) => only !== undefined && rule !== only));
  let histories = 0;
  for (let seed = options.seed; histories < runs && goOn(); seed += 1) {
    const batch = { ...options, seed, runs: Math.min(BATCH, runs - histories) };
    let round = await lookOnce(batch, without);
    while (round.finding) {
      findings.push(round.finding);
      without.add(round.finding.rule);
      if (!keepGoing || without.size === RULES.length)
        return { findings, histories: histories + round.histories };
      // Once more, so that the others are judged by the histories that were left out.
      round = await lookOnce({ ...batch, onHistory: () => undefined }, without);
    }
    histories += batch.runs;
    if (path !== undefined) break;
  }
  return { findings, histories };
}

async function lookOnce(
  { seed, runs, path, only, twist, goOn, onHistory }: SearchOptions,
  without: ReadonlySet<Rule>,
): Promise<{ finding?: Finding; histories: number }> {
  let histories = 0;
  let shrunk = 0;
  let found: { rule: Rule; sentence: string } | undefined;
  const property = fc.asyncProperty(plans, async (plan) => {
    if (found) shrunk += 1;
    else histories += 1;
    if (shrunk > SHRINK_TRIES || goOn?.() === false) return;
    const history = await live(plan, { without, ...(twist ? { twist } : {}) });
    if (!found) onHistory?.(history);
    const broken = history.broken.find(({ rule }) => found === undefined || rule === found.rule);
    if (!broken) return;
    found = broken;
    throw new Error(broken.sentence);
  });
  const details = await fc.check(property, {
    seed,
    numRuns: path === undefined ? runs : 1,
    endOnFailure: only !== undefined || path !== undefined,
    ...(path === undefined ? {} : { path }),
  });
  const [plan] = details.counterexample ?? [];
  if (!found || !plan) return { histories };
  return {
    histories,
    finding: { ...found, seed: details.seed, path: details.counterexamplePath ?? '', plan },
  };
}
