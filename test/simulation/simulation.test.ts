import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';
import { BREAKS } from './breaks.ts';
import type { Rule } from './judge/contract.ts';
import type { Finding } from './search.ts';

/** In a process of its own, whose clock it replaces; the same way as a person does it. */
const SOAK = fileURLToPath(new URL('soak-main.ts', import.meta.url));
const RUNS = 2_000;
/** The same histories every time, so that whoever broke something is the one who hears of it; `npm run soak` looks at others. */
const SEED = process.env['LOCKKEEPER_SEED'] ?? '20261102';
const WITHIN_MS = 15 * 60_000;

interface Told {
  readonly findings: readonly Finding[];
  readonly histories: number;
  readonly reboots: number;
}

let told: Told;
beforeAll(async () => {
  told = await soak('--runs', `${RUNS}`, '--seed', SEED);
}, WITHIN_MS);

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
      const { findings } = await soak('--break', name, '--runs', '300', '--seed', '1');
      expect(findings.map((finding) => finding.rule)).toEqual([rule]);
    },
    WITHIN_MS,
  );
}

function say({ rule, sentence, seed, path }: Finding): string {
  return `${rule} is broken: ${sentence}; once more: npm run soak -- --seed ${seed} --path ${path}`;
}

function soak(...args: readonly string[]): Promise<Told> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 2 ** 28 };
    execFile(process.execPath, [SOAK, '--json', ...args], options, (_error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout) as Told);
      } catch {
        reject(new Error(`the simulation broke down: ${stderr}`));
      }
    });
  });
}
