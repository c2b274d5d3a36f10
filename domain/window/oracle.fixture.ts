/**
 * When windows are open, worked out in another way than in this folder: minute by minute, by what Intl says the clock on the
 * wall shows. Slow, and short enough to be believed.
 */

const MINUTE = 60_000;

/** Consecutive minutes of a zone with what its clock shows, such as "2027-03-28 03:00". */
export interface Minutes {
  readonly firstMs: number;
  readonly shown: readonly string[];
  /** Where each of them is shown first. */
  readonly first: ReadonlyMap<string, number>;
  /** The days that the minutes touch, in order. */
  readonly days: readonly Day[];
}

/** `days` days of a zone from a moment on, which must be a whole minute. */
export function minutesOf(timeZone: string, firstMs: number, days: number): Minutes {
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
  const shown = Array.from({ length: days * 1_440 }, (_, at) =>
    clock.format(firstMs + at * MINUTE).replace(',', ''),
  );
  const first = new Map<string, number>();
  for (const [at, text] of shown.entries()) if (!first.has(text)) first.set(text, at);
  const dates = new Set(shown.map((text) => text.slice(0, 10)));
  return { firstMs, shown, first, days: [...dates].toSorted().map(dayAt) };
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

/** Whether each of the minutes is open. */
export class Openness {
  readonly minutes: Minutes;
  readonly open: boolean[];

  constructor(minutes: Minutes) {
    this.minutes = minutes;
    this.open = minutes.shown.map(() => false);
  }

  /** Opens when the clock first shows a time or a later one, until it first shows another. */
  openBetween(from: string, to: string): void {
    this.fill(this.first(from), this.first(to), true);
  }

  /** Opens when the clock first shows a time or a later one, for so many minutes. */
  openFor(from: string, minutes: number): void {
    const first = this.first(from);
    // What began before the first minute is not known, so callers look at later ones only.
    if (first > 0) this.fill(first, first + minutes, true);
  }

  freeze(from: string, to: string): void {
    this.fill(this.first(from), this.first(to), false);
  }

  private first(text: string): number {
    const { first, shown } = this.minutes;
    // What is never shown comes with the next that is.
    const at = first.get(text) ?? shown.findIndex((later) => later >= text);
    return at < 0 ? shown.length : at;
  }

  private fill(from: number, to: number, value: boolean): void {
    for (let at = from; at < Math.min(to, this.open.length); at += 1) this.open[at] = value;
  }
}

/** The day after, as text. */
export const nextDay = (text: string): string =>
  new Date(Date.parse(`${text}T12:00:00Z`) + 1_440 * MINUTE).toISOString().slice(0, 10);

/** "HH:MM" of a minute of the day. */
export const timeText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
