import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { Policy } from '../../domain/policy.ts';
import { evaluateWindows } from '../../domain/window/evaluate.ts';
import { Plan } from '../../domain/window/plan.ts';
import { poolWindows } from '../../domain/window/pool-windows.ts';
import { WEEK, type Day } from './go.ts';
import { windowsOf, type Hours, type Window } from './windows.ts';

const DAY_S = 86_400;

/** pkg/timewindow/timewindow.go of kured: the day of the moment, and start and end with the end's second in full. */
function kuredIsOpen({ days, startS, endS }: Hours, dayIndex: number, second: number): boolean {
  if (!days.has(WEEK[dayIndex] as Day)) return false;
  return startS > endS ? second >= startS || second <= endS : second >= startS && second <= endS;
}

/** A Monday, in a week without a change of the clocks. */
const MONDAY = Date.UTC(2027, 0, 4);

/** Whether Lockkeeper is open in UTC at moments of that week, which are counted in seconds. */
function planOf(windows: readonly Window[]): (second: number) => boolean {
  const policy = Policy.parse({
    pools: [{ name: 'any', nodes: 'any', windows, expectedLength: '1s' }],
  });
  const plan = new Plan({ ...poolWindows(policy, 0), calendars: new Map() });
  return (second) =>
    evaluateWindows(plan, { nowMs: MONDAY + second * 1_000, neededMs: 0 }).kind === 'open';
}

const second = fc.oneof(
  fc.constantFrom(0, 1, 59, 60, DAY_S - 60, DAY_S - 2, DAY_S - 1),
  fc.integer({ min: 0, max: DAY_S - 1 }),
  fc.integer({ min: 0, max: 1_439 }).map((minute) => minute * 60),
);

test('G12: the windows are open when kured is, but for the second at which they close', () => {
  const moments = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), second), { minLength: 20 });
  fc.assert(
    fc.property(fc.subarray([...WEEK]), second, second, moments, (days, startS, endS, more) => {
      const hours = { days: new Set(days), startS, endS };
      const isOpen = planOf(windowsOf(hours));
      const edges = WEEK.flatMap((_, index) =>
        [0, startS - 1, startS, startS + 1, endS - 1, endS, endS + 1, DAY_S - 1].map(
          (at) => [index, at] as const,
        ),
      ).filter(([, at]) => at >= 0 && at < DAY_S);
      for (const [index, at] of [...edges, ...more]) {
        // "17:00" is open for kured until 17:00:00.999, and for Lockkeeper until 17:00.
        const isLast = at === endS && (endS + 1) % 60 !== 0;
        if (!isLast && startS !== endS) {
          const open = isOpen(index * DAY_S + at);
          expect([days, startS, endS, index, at, open]).toEqual([
            days,
            startS,
            endS,
            index,
            at,
            kuredIsOpen(hours, index, at),
          ]);
        }
      }
    }),
    { numRuns: 150 },
  );
});

/** The days, the first and the last second, and the windows as a person would write them. */
const WRITTEN = parse(String.raw`
all day, every day: [[mon, tue, wed, thu, fri, sat, sun], 0, 86399, [{ always: true }]]
from 17:00 to 16:59:59: [[mon, tue, wed, thu, fri, sat, sun], 61200, 61199, [{ always: true }]]
office hours: [[mon, fri], 50400, 61200, [{ days: [mon, fri], start: '14:00', end: '17:00' }]]
an end of 16:59:59: [[mon], 50400, 61199, [{ days: [mon], start: '14:00', end: '17:00' }]]
seconds: [[mon], 50430, 61201, [{ days: [mon], start: '14:00:30', end: '17:00:01' }]]
every night: [[mon, tue, wed, thu, fri, sat, sun], 79200, 14400, [{ days: [mon, tue, wed, thu, fri, sat, sun], start: '22:00', end: '04:00' }]]
two nights, by the day of the moment: [[fri, sat], 79200, 14400, [{ days: [fri], start: '22:00', end: '04:00' }, { days: [sat], start: '22:00', end: '24:00' }, { days: [fri], start: '00:00', end: '04:00' }]]
evenings until midnight: [[sat], 79200, 0, [{ days: [sat], start: '22:00', end: '24:00' }]]
one second: [[mon], 3600, 3600, []]
no day: [[], 0, 86399, []]
`) as Record<string, [Day[], number, number, Window[]]>;

test.each(Object.entries(WRITTEN))('%s', (_, [days, startS, endS, windows]) => {
  expect(windowsOf({ days: new Set(days), startS, endS })).toEqual(windows);
});
