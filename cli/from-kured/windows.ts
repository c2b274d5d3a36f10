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

/**
 * The windows that are open exactly when kured's is. Over midnight kured asks for the day of the moment, Lockkeeper for
 * the day the window starts on, so one window of kured's can become three.
 */
export function windowsOf({ days, startS, endS }: Hours): Window[] {
  const [start, end] = [clock(startS), closing(endS)];
  const some = (from: string, to: string, is?: (at: number) => boolean): Window[] => {
    const on = WEEK.filter((day, at) => days.has(day) && (is?.(at) ?? true));
    return on.length === 0 ? [] : [{ days: on, start: from, end: to }];
  };
  if (startS === endS) return [];
  // The last second of one day and the first of the next: it never closes on these days.
  const whole = startS > endS ? start === end : startS === 0 && endS === LAST_S;
  if (whole) return days.size === 7 ? [{ always: true }] : some('00:00', '24:00');
  if (startS < endS) return some(start, end);
  if (end === '00:00') return some(start, '24:00');
  const has = (at: number): boolean => days.has(WEEK[(at + 7) % 7] as Day);
  return [
    ...some(start, end, (at) => has(at + 1)),
    ...some(start, '24:00', (at) => !has(at + 1)),
    ...some('00:00', end, (at) => !has(at - 1)),
  ];
}

/** The one window a person probably meant who wrote some days and hours over midnight, which kured takes otherwise. */
export function loneHours({ days, startS, endS }: Hours): Window | undefined {
  if (startS < endS || days.size === 0 || days.size === 7) return undefined;
  return { days: WEEK.filter((day) => days.has(day)), start: clock(startS), end: closing(endS) };
}

/** The shortest time that one of them is open, in milliseconds. */
export function shortestMs(windows: readonly Window[]): number {
  const lengths = windows.map((window) => {
    if ('always' in window) return Infinity;
    const [start = 0, end = 0] = [window.start, window.end].map((text) => {
      const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
      return hours * 3_600 + minutes * 60 + seconds;
    });
    return (end > start ? end - start : end - start + LAST_S + 1) * 1_000;
  });
  return Math.min(...lengths);
}

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

/** "1h30m": milliseconds as the policy and the agent take them. */
export function sayDuration(ms: number): string {
  const sizes = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
  let rest = Math.round(ms);
  const parts = Object.entries(sizes).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count > 0 ? `${count}${unit}` : '';
  });
  return parts.join('') || '0s';
}
