import { beforeAll, expect, test } from '@jest/globals';
import type { Rule } from './judge/contract.ts';
import type { Finding } from './search.ts';
import { jestWithinMs, startSoak, type Told } from './soak-child.ts';

/** The same histories every time, so that whoever broke something is the one who hears of it; `npm run soak` looks at others. */
const SEED = process.env['LOCKKEEPER_SEED'] ?? '20261102';
/** Each guarantee that is broken may take a minute more, to look for a smaller history. */
const SHRINKING_MIN = 8;

const SENTENCES: Record<Rule, string> = {
  G1: 'no node is taken out beyond the budget of its pool, whatever happens',
  G2: 'no node is ordered to reboot that was not seen empty, cordoned and with open gates in the same step',
  G3: 'no rollout succeeds without another boot and a stable Ready',
  G4: 'an order is obeyed once, by its boot, in time, and never taken back from an agent that accepted it',
  G5: 'a node that failed or is lost halts its pool',
  G6: 'every node ends as schedulable as others want it, and nothing is left on it',
  G7: 'whatever was killed, everything comes to rest, every node rebooted as often as it asked for it',
  G8: 'whoever waits says why',
  cost: 'whoever writes a node as often as he likes delays that node, and makes little history',
};

/** A test for each guarantee, that it holds in so many random histories. `minutes` bounds the search on a loaded machine. */
export function holdInHistories({ runs, minutes }: { runs: number; minutes: number }): void {
  const withinMs = (minutes + SHRINKING_MIN) * 60_000;
  let told: Told;
  beforeAll(async () => {
    const search = ['--runs', `${runs}`, '--seed', SEED, '--minutes', `${minutes}`];
    told = await startSoak([...search, '--shrink', '1'], withinMs).told;
  }, jestWithinMs(withinMs));

  for (const [rule, sentence] of Object.entries(SENTENCES)) {
    test(`${rule}: in ${runs} random histories ${sentence}`, () => {
      const finding = told.findings.find((one) => one.rule === rule);
      expect(finding && say(finding)).toBeUndefined();
    });
  }

  test('the histories are worth the name', () => {
    expect(told.histories).toBe(runs);
    // One in two, or the histories are too tame to show anything.
    expect(told.reboots).toBeGreaterThan(runs);
  });
}

function say({ rule, sentence, seed, path }: Finding): string {
  return `${rule} is broken: ${sentence}; once more: npm run soak -- --seed ${seed} --path ${path}`;
}
