import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseCalendar, type Calendar } from '../domain/window/calendar.ts';
import type { CalendarCopy } from '../domain/window/plan.ts';

/** The calendars that windows name, by their place: a path or an https address. */
export interface CalendarSource {
  /** Never throws: a calendar that cannot be read says so. The same object is given until there is something new. */
  read(place: string): Promise<CalendarCopy>;
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
  readonly fetch?: typeof fetch;
}

/** Calendars from files and https addresses. Keeps the last good copy of each. */
export class Calendars implements CalendarSource {
  private readonly ports: CalendarPorts;
  private readonly held = new Map<string, Held>();
  private readonly asked = new Map<string, Promise<CalendarCopy>>();

  constructor(ports: CalendarPorts) {
    this.ports = ports;
  }

  async read(place: string): Promise<CalendarCopy> {
    const held = this.held.get(place);
    if (held && this.ports.nowMs() < held.askAgainMs) return held.copy;
    // However many ask at once, it is read once.
    const asking = this.asked.get(place) ?? this.ask(place);
    this.asked.set(place, asking);
    return await asking;
  }

  private async ask(place: string): Promise<CalendarCopy> {
    const before = this.held.get(place);
    try {
      const after = await this.load(place, before);
      this.held.set(place, after);
      if (after.copy.problem !== undefined && after.copy.problem !== before?.copy.problem) {
        this.ports.told(after.copy.problem);
      }
      return after.copy;
    } finally {
      this.asked.delete(place);
    }
  }

  private async load(place: string, before: Held | undefined): Promise<Held> {
    const byAddress = isAddress(place);
    const nowMs = this.ports.nowMs();
    try {
      const text = byAddress ? await this.download(place) : await this.open(place);
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
    return await readFile(resolve(this.ports.directory, place), 'utf8');
  }

  private async download(address: string): Promise<string> {
    const ask = this.ports.fetch ?? fetch;
    const answer = await ask(address, {
      headers: { accept: 'text/calendar' },
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).catch((error: unknown) => {
      throw new Error(sayNetwork(error));
    });
    if (!answer.ok) throw new Error(`it answers ${answer.status}`);
    // A redirection may have left https.
    if (answer.url !== '' && !isAddress(answer.url)) throw new Error('it redirects to plain http');
    return await textOf(answer);
  }
}

const isAddress = (place: string): boolean => place.startsWith('https://');

/** The address of a private calendar is a secret: whoever has it may read it. Only its host is named. */
const nameOf = (place: string): string => (isAddress(place) ? `${new URL(place).origin}/…` : place);

async function textOf(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MOST_BYTES) throw new Error('it is longer than 10 MB');
  }
  return text + decoder.decode();
}

function understood(text: string): Calendar {
  const calendar = parseCalendar(text);
  if (!('problems' in calendar)) return calendar;
  const { problems } = calendar;
  const more = problems.length > 3 ? `; and ${problems.length - 3} more` : '';
  throw new Error(problems.slice(0, 3).join('; ') + more);
}

/** "fetch failed" says nothing; its cause does. */
function sayNetwork(error: unknown): string {
  const { name, cause } = Object(error) as { name?: unknown; cause?: unknown };
  if (name === 'TimeoutError') return `no answer within ${DEADLINE_MS / 1_000} s`;
  return messageOf(cause ?? error);
}

function messageOf(error: unknown): string {
  const { message, code } = Object(error) as { message?: unknown; code?: unknown };
  return String(message || code || error);
}
