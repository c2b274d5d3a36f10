import { isDuration, parseDuration } from './durations.ts';
import type { Word } from './status.ts';

export interface SignalWord extends Word {
  /** How long it is to last; absent: until taken back. */
  readonly forMs?: number;
  /** Named by skipGate. */
  readonly gate?: string;
  /** What could not be understood of it. */
  readonly notUnderstood?: string;
}

/**
 * What a signal carries, whatever was sent: nothing at all, `{reason, by, for, gate}`, or something else, which is then
 * recorded as not understood. Never throws, for a signal handler must not.
 */
export function readWord(sent: unknown, atMs: number): SignalWord {
  const silent = { reason: 'no reason given', by: 'somebody', atMs };
  if (sent === undefined || sent === null) return silent;
  if (typeof sent !== 'object') {
    return { ...silent, notUnderstood: `${JSON.stringify(sent)} is not an object` };
  }
  const { for: lasting, ...fields } = sent as Record<string, unknown>;
  return { ...silent, ...texts(fields), ...duration(lasting) };
}

function texts(fields: Record<string, unknown>): { reason?: string; by?: string; gate?: string } {
  const known = ['reason', 'by', 'gate'].filter((key) => typeof fields[key] === 'string');
  return Object.fromEntries(known.map((key) => [key, fields[key]]));
}

function duration(lasting: unknown): Pick<SignalWord, 'forMs' | 'notUnderstood'> {
  if (lasting === undefined) return {};
  if (typeof lasting === 'string' && isDuration(lasting)) return { forMs: parseDuration(lasting) };
  return { notUnderstood: `for: write a duration like 30m, not ${JSON.stringify(lasting)}` };
}
