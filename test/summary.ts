import { stripVTControlCharacters } from 'node:util';

/** How many tests a run of Jest says it ran. */
export interface Summary {
  readonly failed: number;
  readonly skipped: number;
  readonly passed: number;
  readonly total: number;
}

/** What Jest's closing line says, such as `Tests: 1 failed, 10 passed, 11 total`; undefined for any other line. */
export function readSummary(line: string): Summary | undefined {
  const words = stripVTControlCharacters(line).trimEnd();
  if (!/^Tests: .*\d+ total$/.test(words)) return undefined;
  const count = (what: string): number =>
    Number(new RegExp(`(\\d+) ${what}\\b`).exec(words)?.[1] ?? 0);
  return {
    failed: count('failed'),
    skipped: count('skipped') + count('todo'),
    passed: count('passed'),
    total: count('total'),
  };
}

/** The sum of several runs in Jest's own words. */
export function saySummary(runs: readonly Summary[]): string {
  const sum = (what: keyof Summary): number => runs.reduce((all, run) => all + run[what], 0);
  const parts = (['failed', 'skipped', 'passed'] as const)
    .filter((what) => sum(what) > 0)
    .map((what) => `${sum(what)} ${what}, `);
  return `Tests:       ${parts.join('')}${sum('total')} total`;
}
