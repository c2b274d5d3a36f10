import { isDuration, parseDuration } from './durations.ts';
import { words } from './outside.ts';
import { present } from './present.ts';
import type { Pause, SignalRecord } from './status.ts';
import { flawOfLength, type OpenedWindow } from './opened-window.ts';

export interface PersonsSignal extends SignalRecord {
  /** How long it is to last; absent: until taken back. */
  readonly forMs?: number;
  /** Named by skipGate. */
  readonly gate?: string;
  /** Said by openWindow. */
  readonly despiteFreeze?: true;
  /** What could not be understood of it. */
  readonly notUnderstood?: string;
}

/**
 * What a signal carries, whatever was sent: nothing at all, `{reason, by, for, gate, despiteFreeze}`, or something else, which is then
 * recorded as not understood. Never throws, for a signal handler must not.
 */
export function readPersonsSignal(sent: unknown, atMs: number): PersonsSignal {
  const silent = { reason: 'no reason given', by: 'somebody', atMs };
  if (sent === undefined || sent === null) return silent;
  if (typeof sent !== 'object' || Array.isArray(sent)) {
    return { ...silent, notUnderstood: `${JSON.stringify(sent)} is not an object` };
  }
  const fields = Object.entries(sent).filter(([, field]) => field !== undefined);
  const flaws = fields.flatMap(([key, field]) => flawOf(key, field) ?? []);
  const {
    for: lasting,
    despiteFreeze,
    ...texts
  } = Object.fromEntries(
    fields
      .filter(([key, field]) => flawOf(key, field) === undefined)
      .map(([key, field]) => [key, words(String(field))]),
  ) as { for?: string; despiteFreeze?: string; reason?: string; by?: string; gate?: string };
  return {
    ...silent,
    ...texts,
    ...present({
      forMs: lasting === undefined ? undefined : parseDuration(lasting),
      despiteFreeze: despiteFreeze === 'true' ? (true as const) : undefined,
      notUnderstood: flaws.join('; ') || undefined,
    }),
  };
}

/** No more words that were not understood are kept: whoever sends them may send any number. */
const MOST_NOT_UNDERSTOOD = 20;

/** Adds what was not understood; the oldest go. */
export function keepLatest(notUnderstood: string[], said: string): void {
  notUnderstood.push(words(said));
  if (notUnderstood.length > MOST_NOT_UNDERSTOOD) notUnderstood.shift();
}

/** The pause that a signal asks for. */
export function pauseOf({ reason, by, atMs, forMs }: PersonsSignal): Pause {
  return { reason, by, atMs, ...(forMs === undefined ? {} : { untilMs: atMs + forMs }) };
}

/** The window that a signal asks for, or the rule that is broken by it: then none is opened. */
export function windowOf(word: PersonsSignal): OpenedWindow | { readonly flaw: string } {
  const { reason, by, atMs, forMs, despiteFreeze, notUnderstood } = word;
  const flaw = notUnderstood ?? flawOfLength(forMs);
  if (flaw !== undefined) return { flaw };
  const untilMs = atMs + (forMs ?? 0);
  return { fromMs: atMs, untilMs, by, reason, ...present({ despiteFreeze }) };
}

function flawOf(key: string, field: unknown): string | undefined {
  switch (key) {
    case 'reason':
    case 'by':
    case 'gate':
      return typeof field === 'string'
        ? undefined
        : `${key}: write a text, not ${JSON.stringify(field)}`;
    case 'for':
      return typeof field === 'string' && isDuration(field)
        ? undefined
        : `for: write a duration like 30m, not ${JSON.stringify(field)}`;
    case 'despiteFreeze':
      return typeof field === 'boolean'
        ? undefined
        : `despiteFreeze: write true or false, not ${JSON.stringify(field)}`;
    default:
      return `${key}: there is no such field`;
  }
}
