import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { WEEK, type Day } from './go.ts';
import { windowsOf, type Hours, type Window } from './windows.ts';

const DAY_S = 86_400;

/** pkg/timewindow/timewindow.go of kured: the day of the moment, and start and end with the end's second in full. */
function kuredIsOpen({ days, startS, endS }: Hours, dayIndex: number, second: number): boolean {
  if (!days.has(WEEK[dayIndex] as Day)) return false;
  return startS > endS ? second >= startS || second <= endS : second >= startS && second <= endS;
}

/** Lockkeeper's rule: a window belongs to the day it starts on. */
function isOpen(window: Window, dayIndex: number, second: number): boolean {
  if ('always' in window) return true;
  const [start, end] = [secondsOf(window.start), secondsOf(window.end)];
  const on = (index: number) => window.days.includes(WEEK[index % 7] as Day);
  if (start < end) return on(dayIndex) && second >= start && second < end;
  return (on(dayIndex) && second >= start) || (on(dayIndex + 6) && second < end);
}

function secondsOf(clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
  return hours * 3_600 + minutes * 60 + seconds;
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
      const windows = windowsOf(hours);
      const edges = WEEK.flatMap((_, index) =>
        [0, startS - 1, startS, startS + 1, endS - 1, endS, endS + 1, DAY_S - 1].map(
          (at) => [index, at] as const,
        ),
      ).filter(([, at]) => at >= 0 && at < DAY_S);
      for (const [index, at] of [...edges, ...more]) {
        // "17:00" is open for kured until 17:00:00.999, and for Lockkeeper until 17:00.
        const isLast = at === endS && (endS + 1) % 60 !== 0;
        if (!isLast && startS !== endS) {
          const open = windows.some((window) => isOpen(window, index, at));
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
    { numRuns: 500 },
  );
});

const hours = (days: readonly Day[], startS: number, endS: number): Hours => ({
  days: new Set(days),
  startS,
  endS,
});
const H = 3_600;

describe('windows as a person would write them', () => {
  test.each<[string, Hours, Window[]]>([
    ['all day, every day', hours(WEEK, 0, DAY_S - 1), [{ always: true }]],
    [
      'kured told to be open from 17:00 to 16:59:59',
      hours(WEEK, 17 * H, 17 * H - 1),
      [{ always: true }],
    ],
    [
      'office hours',
      hours(['mon', 'fri'], 14 * H, 17 * H),
      [{ days: ['mon', 'fri'], start: '14:00', end: '17:00' }],
    ],
    [
      'an end of 16:59:59',
      hours(['mon'], 14 * H, 17 * H - 1),
      [{ days: ['mon'], start: '14:00', end: '17:00' }],
    ],
    [
      'seconds',
      hours(['mon'], 14 * H + 30, 17 * H + 1),
      [{ days: ['mon'], start: '14:00:30', end: '17:00:01' }],
    ],
    ['every night', hours(WEEK, 22 * H, 4 * H), [{ days: WEEK, start: '22:00', end: '04:00' }]],
    [
      'two nights, by the day of the moment',
      hours(['fri', 'sat'], 22 * H, 4 * H),
      [
        { days: ['fri'], start: '22:00', end: '04:00' },
        { days: ['sat'], start: '22:00', end: '24:00' },
        { days: ['fri'], start: '00:00', end: '04:00' },
      ],
    ],
    [
      'evenings until midnight',
      hours(['sat'], 22 * H, 0),
      [{ days: ['sat'], start: '22:00', end: '24:00' }],
    ],
    ['one second', hours(WEEK, H, H), []],
    ['no day', hours([], 0, DAY_S - 1), []],
  ])('%s', (_, asked, windows) => {
    expect(windowsOf(asked)).toEqual(windows);
  });
});
