import { expect, test } from '@jest/globals';
import { parseCron } from './cron.ts';
import { openingsOf, type Entry } from './sources.ts';
import { zoneClock } from './wall-clock.ts';
import type { Window } from './window.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const utc = (text: string): number => Date.parse(`${text}Z`);

type Plain = Exclude<Window, { kind: 'calendar' }>;

/** The first of the openings that closes after a moment. */
function firstAfter(window: Plain, fromMs: number, zone: string): number | undefined {
  const entry: Entry<Plain> = { path: 'windows[0]', window, clock: zoneClock(zone) };
  for (const { opensMs, closesMs } of openingsOf(entry)(fromMs)) {
    if (closesMs > fromMs) return opensMs;
  }
  return undefined;
}

/** Each opens at 20:00 of Tue 2026-12-08 for 30 hours, and long before and after. */
const WINDOWS: readonly Plain[] = [
  { kind: 'days', days: [2], startMs: 20 * HOUR, endMs: 50 * HOUR },
  { kind: 'cron', cron: '0 20 * * 2', forMs: 30 * HOUR },
  {
    kind: 'rrule',
    rrule: 'FREQ=WEEKLY;BYDAY=TU',
    fromDay: utc('2024-01-01T00:00'),
    startMs: 20 * HOUR,
    forMs: 30 * HOUR,
  },
  {
    kind: 'dates',
    dates: ['2026-12-01', '2026-12-08', '2026-12-15'].map((day) => utc(`${day}T00:00`)),
    startMs: 20 * HOUR,
    forMs: 30 * HOUR,
  },
];

test.each(WINDOWS.map((window) => [window.kind, window] as const))(
  'a window by %s is given up to the moment it closes, though it opened days before',
  (_, window) => {
    for (const [zone, aheadMs] of [
      ['UTC', 0],
      ['Asia/Kathmandu', 5.75 * HOUR],
      ['Pacific/Pago_Pago', -11 * HOUR],
    ] as const) {
      const opensMs = utc('2026-12-08T20:00') - aheadMs;
      const closesMs = opensMs + 30 * HOUR;
      expect(firstAfter(window, closesMs - 1, zone)).toBe(opensMs);
      expect(firstAfter(window, closesMs, zone)).toBe(opensMs + 7 * DAY);
      expect(firstAfter(window, opensMs - 1, zone)).toBe(opensMs);
    }
  },
);

test('a cron falls on the day that is asked from too', () => {
  const cron = parseCron('0 20 * * 2');
  const tuesday = utc('2026-12-08T00:00');
  const days = 'problem' in cron ? [] : cron.days(tuesday);
  for (const day of days) {
    expect(day).toBe(tuesday);
    break;
  }
  expect(days).not.toEqual([]);
});
