import { WEEK, type Day } from './go.ts';

/** When kured may start a reboot: its days, and the first and last second of the day. */
export interface Hours {
  readonly days: ReadonlySet<Day>;
  readonly startS: number;
  readonly endS: number;
}

export type Window =
  | { readonly always: true }
  | { readonly days: readonly Day[]; readonly start: string; readonly end: string };

const LAST_S = 24 * 3_600 - 1;
const MIDNIGHT = '24:00';

/**
 * The windows that are open exactly when kured's is. Over midnight kured asks for the day of the moment, Lockkeeper for
 * the day the window starts on, so one window of kured's can become three.
 */
export function windowsOf({ days, startS, endS }: Hours): Window[] {
  const week = WEEK.filter((one) => days.has(one));
  const [start, end] = [clock(startS), closing(endS)];
  if (startS === endS) return [];
  // The last second of one day and the first of the next: it never closes on these days.
  const whole = startS > endS ? start === end : startS === 0 && endS === LAST_S;
  if (whole) return week.length === 7 ? [{ always: true }] : some(week, '00:00', MIDNIGHT);
  if (startS < endS) return some(week, start, end);
  if (end === '00:00') return some(week, start, MIDNIGHT);
  const nights = week.filter((one) => days.has(next(one)));
  const evenings = week.filter((one) => !days.has(next(one)));
  const mornings = week.filter((one) => !days.has(before(one)));
  return [
    ...some(nights, start, end),
    ...some(evenings, start, MIDNIGHT),
    ...some(mornings, '00:00', end),
  ];
}

/** Whether kured's rule about the day makes a difference that its user has probably not seen. */
export function isSurprising({ days, startS, endS }: Hours): boolean {
  return startS > endS && days.size > 0 && days.size < 7;
}

/** The one window a person means who writes days and hours over midnight. */
export function meant({ days, startS, endS }: Hours): Window {
  const week = WEEK.filter((one) => days.has(one));
  return { days: week, start: clock(startS), end: closing(endS) };
}

/** The shortest time that one of them is open, in seconds. */
export function shortestS(windows: readonly Window[]): number {
  return Math.min(
    ...windows.map((window) => {
      if ('always' in window) return Infinity;
      const lasts = secondsOf(window.end) - secondsOf(window.start);
      return lasts > 0 ? lasts : lasts + 24 * 3_600;
    }),
  );
}

function secondsOf(clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
  return hours * 3_600 + minutes * 60 + seconds;
}

function some(days: readonly Day[], start: string, end: string): Window[] {
  return days.length === 0 ? [] : [{ days, start, end }];
}

const next = (one: Day) => WEEK[(WEEK.indexOf(one) + 1) % 7] ?? one;
const before = (one: Day) => WEEK[(WEEK.indexOf(one) + 6) % 7] ?? one;

/** kured's last second counts in full, so 16:59:59 is 17:00 and 23:59:59 the end of the day; a full minute stays as it is. */
function closing(endS: number): string {
  return clock((endS + 1) % 60 === 0 ? endS + 1 : endS);
}

/** Seconds of the day as a clock shows them. */
function clock(seconds: number): string {
  const parts = [seconds / 3_600, (seconds / 60) % 60, seconds % 60].map((part) =>
    String(Math.floor(part)).padStart(2, '0'),
  );
  return parts.slice(0, seconds % 60 === 0 ? 2 : 3).join(':');
}
