import { expect, test } from '@jest/globals';
import { BREAKS } from './breaks.ts';
import { holdInHistories } from './guarantees.ts';
import { jestWithinMs, startSoak } from './soak-child.ts';

/** Until the one thing that is broken is seen. */
const BREAK_WITHIN_MS = 3 * 60_000;

holdInHistories({ runs: 500, minutes: 6 });

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
