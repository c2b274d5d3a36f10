/**
 * When windows are open, worked out in another way than in this folder: second by second, by what Intl says the clock on the
 * wall shows. Slow, and short enough to be believed.
 */

const MINUTE = 60_000;
/** No zone changes its clocks at another minute of the hour. */
const QUARTER = 15;
export const DAY_S = 86_400;

/** Consecutive minutes of a zone with what its clock shows. */
export interface Minutes {
  readonly firstMs: number;
  /** Of each minute: the minutes that UTC would count when its clock shows the same. */
  readonly shown: Int32Array;
  /** The days that the minutes touch, in order. */
  readonly days: readonly Day[];
}

/** `days` days of a zone from a moment on, which must be a whole quarter of an hour. */
export function minutesOf(timeZone: string, firstMs: number, days: number): Minutes {
  const shows = clockOf(timeZone);
  const minuteAt = (at: number): number => Date.parse(shows(firstMs + at * MINUTE)) / MINUTE;
  const shown = new Int32Array(days * 1_440);
  const fill = (from: number, to: number, minute: number): void => {
    for (let at = from; at < to; at += 1) shown[at] = minute + at - from;
  };
  for (let at = 0, minute = minuteAt(0); at < shown.length; at += 60) {
    const next = minuteAt(at + 60);
    if (next - minute === 60) fill(at, at + 60, minute);
    else {
      // The clocks are changed in this hour.
      for (let quarter = at; quarter < at + 60; quarter += QUARTER) {
        fill(quarter, quarter + QUARTER, minuteAt(quarter));
      }
    }
    minute = next;
  }
  const dates = new Set<string>();
  for (const at of shown) if (at % 720 === 0) dates.add(textOf(at * 60).slice(0, 10));
  return { firstMs, shown, days: [...dates].toSorted().map(dayAt) };
}

const clocks = new Map<string, (ms: number) => string>();

/** What a clock of the zone shows, as UTC would write it: "2027-03-28T03:00Z". Intl takes its time to make one. */
function clockOf(timeZone: string): (ms: number) => string {
  const known = clocks.get(timeZone) ?? newClock(timeZone);
  clocks.set(timeZone, known);
  return known;
}

function newClock(timeZone: string): (ms: number) => string {
  // Sweden writes dates as ISO does.
  const clock = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (ms) => `${clock.format(ms).replace(',', '').replace(' ', 'T')}Z`;
}

/** A day on the calendar, and what people say of it. */
export interface Day {
  readonly text: string;
  readonly year: number;
  readonly month: number;
  readonly dayOfMonth: number;
  /** 0 for Sunday. */
  readonly weekday: number;
  readonly daysInMonth: number;
}

export function dayAt(text: string): Day {
  const [year = 0, month = 0, dayOfMonth = 0] = text.split('-').map(Number);
  const weekday = new Date(`${text}T12:00:00Z`).getUTCDay();
  return {
    text,
    year,
    month,
    dayOfMonth,
    weekday,
    daysInMonth: new Date(Date.UTC(year, month, 0)).getUTCDate(),
  };
}

/** Whether each of the seconds is open, as read by the clock of one zone. */
export class Openness {
  readonly minutes: Minutes;
  readonly open: Uint8Array<ArrayBuffer>;

  constructor(minutes: Minutes, open = new Uint8Array(minutes.shown.length * 60)) {
    this.minutes = minutes;
    this.open = open;
  }

  /** The same seconds, by the clock of another zone. */
  by(minutes: Minutes): Openness {
    return new Openness(minutes, this.open);
  }

  /** Opens when the clock first shows a time or a later one, until it first shows another. */
  openBetween(from: string, to: string): void {
    this.open.fill(1, this.first(from), this.first(to));
  }

  /** Opens when the clock first shows a time or a later one, for so many seconds. */
  openFor(from: string, seconds: number): void {
    const first = this.first(from);
    // What began before the first second is not known, so callers look at later ones only.
    if (first > 0) this.open.fill(1, first, first + seconds);
  }

  freeze(from: number, to: number): void {
    this.open.fill(0, from, to);
  }

  /** The second at which the clock first shows a time or a later one; what is never shown comes with the next that is. */
  first(text: string): number {
    const { shown } = this.minutes;
    const second = secondOf(text);
    const minute = Math.floor(second / 60);
    // No clock is put forward by more than a day, so nothing before this shows it.
    let at = Math.max(0, minute - (shown[0] ?? 0) - 1_440);
    while (at < shown.length && (shown[at] ?? 0) < minute) at += 1;
    if (at >= shown.length) return shown.length * 60;
    return at * 60 + (shown[at] === minute ? second % 60 : 0);
  }

  /** What the clock shows at a second. */
  shownAt(second: number): string {
    return textOf((this.minutes.shown[Math.floor(second / 60)] ?? 0) * 60 + (second % 60));
  }
}

const secondOf = (text: string): number => Date.parse(`${text.replace(' ', 'T')}Z`) / 1_000;
const textOf = (second: number): string =>
  new Date(second * 1_000).toISOString().slice(0, 19).replace('T', ' ');

/** "2027-03-28 02:30:00", so many seconds later on the calendar. */
export const later = (text: string, seconds: number): string => textOf(secondOf(text) + seconds);

/** The day so many days after, as text. */
export const dayAfter = (text: string, days = 1): string =>
  later(`${text} 12:00`, days * DAY_S).slice(0, 10);

/** "HH:MM" of a second of the day, with its seconds where it has some. */
export function timeText(second: number): string {
  const text = new Date(second * 1_000).toISOString().slice(11, 19);
  if (second === DAY_S) return '24:00';
  return text.endsWith(':00') ? text.slice(0, 5) : text;
}
