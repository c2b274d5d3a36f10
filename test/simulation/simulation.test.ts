import { beforeAll, expect, test } from '@jest/globals';
import { BREAKS } from './breaks.ts';
import type { Rule } from './judge/contract.ts';
import type { Finding } from './search.ts';
import { jestWithinMs, startSoak, type Told } from './soak-child.ts';

const RUNS = 2_000;
/** The same histories every time, so that whoever broke something is the one who hears of it; `npm run soak` looks at others. */
const SEED = process.env['LOCKKEEPER_SEED'] ?? '20261102';
/** They take two minutes of one core. Each guarantee that is broken may take a minute more, to look for a smaller history. */
const SEARCH_MIN = 10;
const WITHIN_MS = 18 * 60_000;
/** Until the one thing that is broken is seen. */
const BREAK_WITHIN_MS = 3 * 60_000;

let told: Told;
beforeAll(async () => {
  const all = ['--runs', `${RUNS}`, '--seed', SEED, '--minutes', `${SEARCH_MIN}`, '--shrink', '1'];
  told = await startSoak(all, WITHIN_MS).told;
}, jestWithinMs(WITHIN_MS));

const SENTENCES: Record<Rule, string> = {
  G1: 'no node is taken out beyond the budget of its pool, whatever happens',
  G2: 'no node is ordered to reboot that was not seen empty, cordoned and with open gates in the same step',
  G3: 'no rollout succeeds without another boot and a stable Ready',
  G4: 'an order is obeyed once, by its boot, in time, and never taken back from an agent that accepted it',
  G5: 'a node that failed or is lost halts its pool',
  G6: 'every node ends as schedulable as others want it, and nothing is left on it',
  G7: 'whatever was killed, everything comes to rest, every node rebooted as often as it asked for it',
  G8: 'whoever waits says why',
};

for (const [rule, sentence] of Object.entries(SENTENCES)) {
  test(`${rule}: in ${RUNS} random histories ${sentence}`, () => {
    const finding = told.findings.find((one) => one.rule === rule);
    expect(finding && say(finding)).toBeUndefined();
  });
}

test('the histories are worth the name', () => {
  expect(told.histories).toBe(RUNS);
  expect(told.reboots).toBeGreaterThan(RUNS);
});

for (const { name, rule } of BREAKS) {
  test(
    `${rule}: the simulation sees it when it is broken (${name})`,
    async () => {
      const broken = ['--break', name, '--runs', '300', '--seed', '2'];
      const { findings } = await startSoak(broken, BREAK_WITHIN_MS).told;
      expect(findings.map((finding) => finding.rule)).toEqual([rule]);
    },
    jestWithinMs(BREAK_WITHIN_MS),
  );
}

function say({ rule, sentence, seed, path }: Finding): string {
  return `${rule} is broken: ${sentence}; once more: npm run soak -- --seed ${seed} --path ${path}`;
}
