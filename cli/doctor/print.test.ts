import { expect, test } from '@jest/globals';
import { printed } from '../paint.ts';
import type { Finding } from './finding.ts';
import { printFindings } from './print.ts';

const FINDINGS: readonly Finding[] = [
  { group: 'Temporal', check: 'reached', verdict: 'good', says: 'it answers' },
  {
    group: 'Temporal',
    check: 'search attributes',
    verdict: 'warning',
    says: 'LockkeeperPool missing: rollouts go without, and so does the Web UI',
    mend: `A worker makes them where it may; an administrator does it by\ntemporal operator ${'x'.repeat(80)}`,
  },
  { group: 'Pools', check: 'halted', verdict: 'bad', says: 'workers', mend: 'See docs.' },
  { group: 'Pools', check: 'locks', verdict: 'unknown', says: 'not looked at' },
  { group: 'Pools', check: 'holds', verdict: 'unknown', says: 'not looked at' },
];

test('findings in groups, in 80 columns, each with its mend; a command stays whole', () => {
  expect(printed(printFindings(FINDINGS, 80), false)).toBe(
    [
      'Temporal',
      '  ok       reached            it answers',
      '  WARNING  search attributes  LockkeeperPool missing: rollouts go without, and',
      '                              so does the Web UI',
      '                              -> A worker makes them where it may; an',
      '                              administrator does it by',
      `      temporal operator ${'x'.repeat(80)}`,
      '',
      'Pools',
      '  BAD      halted             workers',
      '                              -> See docs.',
      '  unknown  locks              not looked at; the same with holds',
      '',
      '1 bad, 1 warning, 2 unknown, 1 ok',
      '',
    ].join('\n'),
  );
});

test('of many findings of one check the worst ten are shown, and all are counted', () => {
  const found = Array.from({ length: 12 }, (_, at): Finding => {
    const [verdict, says] = [at === 11 ? 'bad' : 'warning', `n${at}`] as const;
    return { group: 'Agents', check: 'reports', verdict, says };
  });
  const lines = printed(printFindings(found, 80), false).split('\n');
  expect(lines[1]).toBe('  BAD      reports            n11');
  expect(lines[11]).toBe('      and 2 more, with --json');
  expect(lines[13]).toBe('1 bad, 11 warnings');
});
