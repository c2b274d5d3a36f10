import { expect, test } from '@jest/globals';
import type { Scan } from '../../activities/scan.ts';
import { policyHash } from '../../worker/policy-file.ts';
import { policyIn } from '../policy-source.ts';
import { CommandFailed } from '../terminal.ts';
import { judgeInForce, judgeWritten } from './policy.ts';
import type { PolicyFound } from './policy-found.ts';

const NOW = Date.parse('2027-01-01T00:00:00Z');

function found(text: string, beside: Record<string, string> = {}): PolicyFound {
  const where = { where: 'ConfigMap lockkeeper-policy', hash: policyHash(text), beside };
  try {
    return { ...where, read: policyIn({ name: 'policy.yaml', text, directory: '.' }) };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { ...where, read: { problems: error.lines } };
  }
}

const pools = (window: string): string =>
  `pools:\n  - { name: workers, nodes: pool=workers, windows: [${window}] }\n`;
const GOOD = found(pools('{ always: true }'));

const calendar = (day: string): string =>
  [
    'BEGIN:VCALENDAR',
    'BEGIN:VEVENT',
    'UID:1',
    `DTSTART;VALUE=DATE:${day}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ].join('\r\n');

test('a good one names its pools', () => {
  expect(judgeWritten(GOOD, NOW)).toEqual([
    { verdict: 'good', says: 'ConfigMap lockkeeper-policy: pool workers' },
  ]);
});

test('a bad one has every problem with line, path and rule', () => {
  expect(judgeWritten(found('pools: none\nscan: 1m\n'), NOW)).toMatchObject([
    { verdict: 'bad', says: expect.stringContaining('policy.yaml:1 pools: write a list of pools') },
    { verdict: 'bad', mend: expect.stringContaining('lockkeeper policy check policy.yaml') },
  ]);
});

test('what is allowed and hardly meant is a warning, as policy check has it', () => {
  const past = pools('{ dates: [2026-01-01], start: "08:00", for: 1h }');
  expect(judgeWritten(found(past), NOW)).toMatchObject([
    { verdict: 'warning', says: expect.stringContaining('this window never opens again') },
    { verdict: 'warning', says: expect.stringContaining('is not open within the next ten years') },
  ]);
});

test.each([
  ['20270116', 'good'],
  ['20260116', 'warning'],
])('a calendar beside it is looked into: %s', (day, verdict) => {
  const text = pools('{ calendar: plan.ics }');
  const [said] = judgeWritten(found(text, { 'plan.ics': calendar(day) }), NOW);
  expect(said).toMatchObject({ verdict });
});

const scan = (changes: Partial<Scan> = {}): Scan => ({
  nodes: 1,
  started: [],
  unmanaged: [],
  policy: GOOD.hash,
  worker: 'a',
  atMs: NOW,
  ...changes,
});

test.each<[string, readonly Scan[], PolicyFound | undefined, object[]]>([
  ['the one that is written', [scan()], GOOD, [{ verdict: 'good', says: `${GOOD.hash}, at a` }]],
  ['one that cannot be compared', [scan()], undefined, [{ verdict: 'good' }]],
  ['another than is written', [scan({ policy: 'old' })], GOOD, [{ verdict: 'warning' }]],
  [
    'different ones',
    [scan(), scan({ worker: 'b', policy: 'old' })],
    GOOD,
    [{ verdict: 'warning', says: expect.stringContaining(`${GOOD.hash} at a, old at b`) }],
  ],
  [
    'the one before, for it refuses the file',
    [scan({ refused: ['policy.yaml:1 pools: write a list of pools'] })],
    undefined,
    [
      {
        verdict: 'bad',
        says: 'a goes by the one before: it refuses policy.yaml:1 pools: write a list of pools',
        mend: expect.stringContaining('lockkeeper policy check'),
      },
    ],
  ],
  [
    'none at all',
    [scan({ refused: ['x'], noPolicy: true })],
    GOOD,
    [{ verdict: 'bad', says: 'a has no policy: it refuses x' }],
  ],
  ['nobody knows which', [], GOOD, [{ verdict: 'unknown' }]],
])('workers go by %s', (_, scans, written, expected) => {
  expect(judgeInForce(scans, written)).toMatchObject(expected);
});
