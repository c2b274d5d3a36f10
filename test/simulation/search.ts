import * as fc from 'fast-check';
import type { Twist } from './breaks.ts';
import { live, type History } from './history.ts';
import { RULES, type Broken, type Rule } from './judge/contract.ts';
import type { Plan } from './plan.ts';
import { plans } from './plans.ts';
import { findAgain, shrink, type Shrinking } from './shrink.ts';

export interface SearchOptions extends Pick<Shrinking, 'shrinkMs' | 'onTry'> {
  readonly seed: number;
  /** At most so many histories. */
  readonly runs: number;
  /** Looks at nothing but the history a former search has found. */
  readonly path?: string;
  /** After a broken guarantee the others are judged all the same; else the search ends. */
  readonly keepGoing?: boolean;
  /** Only this guarantee is judged, and no smaller history is looked for. */
  readonly only?: Rule;
  readonly twist?: Twist;
  /** A history that takes more steps than this is taken for one that never ends. */
  readonly mostSteps?: number;
  /** Asked before every history. */
  readonly goOn?: () => boolean;
  /** Asked at every step of a history: nothing is to go on, nor to be made smaller. */
  readonly stopped?: () => boolean;
  /** Told of every history before it is lived. */
  readonly onBegin?: (where: Where) => void;
  /** Told of every history. */
  readonly onHistory?: (history: History) => void;
  /** Told of every finding before it is made smaller. */
  readonly onFinding?: (finding: Finding) => void;
}

/** With these two a history is found again. */
export interface Where {
  readonly seed: number;
  readonly path: string;
}

export interface Finding extends Broken, Where {
  /** The smallest history found that breaks the guarantee. */
  readonly plan: Plan;
}

export interface Found {
  readonly findings: readonly Finding[];
  readonly histories: number;
}

/** Histories of one seed; then the next seed follows. */
const BATCH = 500;

/** Lives one history after the other, until a guarantee is broken or enough has been seen; then looks for a smaller one. */
export async function search(options: SearchOptions): Promise<Found> {
  if (options.path === undefined) return await new Search(options).run();
  const { seed, path } = options;
  const without = notJudged(options);
  options.onBegin?.({ seed, path });
  const finding = await findAgain({ ...options, without }, { seed, path });
  return { findings: finding ? [finding] : [], histories: 1 };
}

const notJudged = ({ only }: SearchOptions): Set<Rule> =>
  new Set(RULES.filter((rule) => only !== undefined && rule !== only));

class Search {
  readonly #options: SearchOptions;
  readonly #findings: Finding[] = [];
  /** Those of which enough is known. */
  readonly #without: Set<Rule>;
  #histories = 0;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#without = notJudged(options);
  }

  async run(): Promise<Found> {
    const { runs, seed: first } = this.#options;
    for (let seed = first; this.#histories < runs && !this.#isOver; seed += 1) {
      const numRuns = Math.min(BATCH, runs - this.#histories);
      for (const [index, plan] of fc.sample(plans, { seed, numRuns }).entries()) {
        if (this.#isOver) break;
        await this.#look(plan, { seed, path: `${index}` });
      }
    }
    return { findings: this.#findings, histories: this.#histories };
  }

  get #isOver(): boolean {
    const { goOn, stopped, keepGoing } = this.#options;
    const enough = keepGoing ? this.#without.size === RULES.length : this.#findings.length > 0;
    return enough || stopped?.() === true || goOn?.() === false;
  }

  /** A history that breaks one guarantee is lived once more for the others: it ends where the first is broken. */
  async #look(plan: Plan, where: Where): Promise<void> {
    const { onBegin, onHistory, stopped, only } = this.#options;
    onBegin?.(where);
    let history = await live(plan, { ...this.#options, without: this.#without });
    if (stopped?.() === true && history.broken.length === 0) return;
    this.#histories += 1;
    onHistory?.(history);
    for (let [broken] = history.broken; broken; [broken] = history.broken) {
      const finding = { ...broken, ...where, plan };
      this.#options.onFinding?.(finding);
      const judged = { ...this.#options, without: new Set(this.#without) };
      this.#findings.push(only === undefined ? await shrink(judged, finding) : finding);
      this.#without.add(broken.rule);
      if (this.#isOver) return;
      history = await live(plan, { ...this.#options, without: this.#without });
    }
  }
}
