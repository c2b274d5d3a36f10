import type { Outcome } from './cell.ts';
import { FAULTS } from './faults.ts';
import { STEPS } from './steps.ts';

/** All cells as a table in Markdown: a row for each step, a column for each fault. */
export function matrixTable(outcomes: readonly Outcome[]): string {
  const cell = (step: string, fault: string): string =>
    outcomes
      .filter((one) => one.step === step && one.fault === fault)
      .map(say)
      .join('; ') || 'not run';
  return [
    row(['step', ...FAULTS]),
    row(['---', ...FAULTS.map(() => '---')]),
    ...STEPS.map((step) => row([step, ...FAULTS.map((fault) => cell(step, fault))])),
    '',
  ].join('\n');
}

function say({ end, moment, because, tookMs }: Outcome): string {
  const when = moment === undefined ? '' : `${moment}: `;
  if (end === 'failed') return `${when}FAILED: ${because.replaceAll('|', '/')}`;
  return `${when}${end}, ${(tookMs / 1_000).toFixed(0)} s`;
}

const row = (words: readonly string[]): string => `| ${words.join(' | ')} |`;
