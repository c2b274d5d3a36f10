import { resolve } from 'node:path';
import type { TlsFiles } from '../domain/http-schema.ts';
import { parseCalendar, type Calendar } from '../domain/window/calendar.ts';
import type { CalendarCopy } from '../domain/window/plan.ts';
import { ask, sayAnswer } from './http.ts';
import { readRegularFile } from './regular-file.ts';
import { Revealed, type Secrets } from './secrets.ts';

/** The calendars that windows name, by their place: a path or an https address. */
export interface CalendarSource {
  /** Never throws: a calendar that cannot be read says so. The same object is given until there is something new. */
  read(place: string, tls?: TlsFiles): Promise<CalendarCopy>;
}

/** An address is asked again after this long, and a file is read again, however many look. */
const REFRESH_MS = 10 * 60_000;
const READ_AGAIN_MS = 10_000;
const RETRY_MS = 60_000;
const DEADLINE_MS = 10_000;
/** Some fifty thousand events: more is no maintenance calendar. */
const MOST_BYTES = 10_000_000;

interface Held {
  readonly copy: CalendarCopy;
  readonly text?: string;
  readonly askAgainMs: number;
}

export interface CalendarPorts {
  /** Relative paths are relative to this. */
  readonly directory: string;
  readonly nowMs: () => number;
  /** Told once of each new trouble. */
  readonly told: (problem: string) => void;
  readonly secrets: Secrets;
}

/** Calendars from files and https addresses. Keeps the last good copy of each. */
export class Calendars implements CalendarSource {
  private readonly ports: CalendarPorts;
  private readonly held = new Map<string, Held>();
  private readonly asked = new Map<string, Promise<CalendarCopy>>();

  constructor(ports: CalendarPorts) {
    this.ports = ports;
  }

  async read(place: string, tls?: TlsFiles): Promise<CalendarCopy> {
    const key = JSON.stringify([place, tls]);
    const held = this.held.get(key);
    if (held && this.ports.nowMs() < held.askAgainMs) return held.copy;
    // However many ask at once, it is read once.
    const asking = this.asked.get(key) ?? this.ask(key, place, tls);
    this.asked.set(key, asking);
    return await asking;
  }

  private async ask(key: string, place: string, tls?: TlsFiles): Promise<CalendarCopy> {
    const before = this.held.get(key);
    try {
      const after = await this.load(place, tls, before);
      this.held.set(key, after);
      if (after.copy.problem !== undefined && after.copy.problem !== before?.copy.problem) {
        this.ports.told(after.copy.problem);
      }
      return after.copy;
    } finally {
      this.asked.delete(key);
    }
  }

  private async load(place: string, tls?: TlsFiles, before?: Held): Promise<Held> {
    const byAddress = isAddress(place);
    const nowMs = this.ports.nowMs();
    try {
      const text = byAddress ? await this.download(place, tls) : await this.open(place);
      const askAgainMs = nowMs + (byAddress ? REFRESH_MS : READ_AGAIN_MS);
      if (before?.text === text && !before.copy.problem) return { ...before, askAgainMs };
      return { copy: { calendar: understood(text) }, text, askAgainMs };
    } catch (error) {
      const because = messageOf(error);
      const askAgainMs = nowMs + (byAddress ? RETRY_MS : READ_AGAIN_MS);
      const copy = this.withProblem(place, because, before?.copy);
      return { ...before, copy, askAgainMs };
    }
  }

  /** The last good copy stays in use. The words stay the same while the trouble does. */
  private withProblem(place: string, because: string, before?: CalendarCopy): CalendarCopy {
    const calendar = before?.calendar;
    const use = calendar ? ', its last good copy is used' : '';
    const problem = `calendar ${nameOf(place)} cannot be read${use}: ${because}`;
    if (before?.problem === problem) return before;
    return calendar ? { calendar, problem } : { problem };
  }

  private async open(place: string): Promise<string> {
    return await readRegularFile(resolve(this.ports.directory, place), MOST_BYTES);
  }

  private async download(url: string, tls?: TlsFiles): Promise<string> {
    const revealed = new Revealed(this.ports.secrets);
    const { pathname, search } = new URL(url);
    revealed.hide(pathname + search);
    const request = { ...HOW, url, tls, mostBytes: MOST_BYTES };
    const answer = await ask(request, revealed);
    if (answer.status !== 200) throw new Error(sayAnswer(answer));
    return answer.text;
  }
}

const HOW = {
  method: 'GET',
  headers: { accept: 'text/calendar' },
  deadlineMs: DEADLINE_MS,
  follow: true,
} as const;

const isAddress = (place: string): boolean => place.startsWith('https://');

/** The address of a private calendar is a secret: whoever has it may read it. Only its host is named. */
export const nameOf = (place: string): string =>
  isAddress(place) ? `${new URL(place).origin}/…` : place;

function understood(text: string): Calendar {
  const calendar = parseCalendar(text);
  if (!('problems' in calendar)) return calendar;
  const { problems } = calendar;
  const more = problems.length > 3 ? `; and ${problems.length - 3} more` : '';
  throw new Error(problems.slice(0, 3).join('; ') + more);
}

function messageOf(error: unknown): string {
  const { message, code } = Object(error) as { message?: unknown; code?: unknown };
  return String(message || code || error);
}
