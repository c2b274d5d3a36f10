import { fieldsOf } from '../fields.ts';
import { EVENTS, type Notice } from './events.ts';

/** What has still to be sent to whom, as values; plain JSON, so that continue-as-new carries it whole. */

/** A notice, and the names of the receivers it is for. */
export interface AddressedNotice {
  readonly notice: Notice;
  readonly receivers: readonly string[];
}

export interface Outbox {
  /** For each receiver what has still to be sent to it, oldest first; one with nothing left is absent. */
  readonly left: Readonly<Record<string, readonly Notice[]>>;
  /** Ids of what has been taken, oldest first: a notice whose id is here is passed over. */
  readonly known: readonly string[];
}

export const EMPTY_OUTBOX: Outbox = { left: {}, known: [] };

/** A notice that is sent twice is sent twice before so many others. */
const MOST_KNOWN = 200;

/** Takes a notice for each of its receivers; one that was taken before changes nothing. */
export function take(outbox: Outbox, { notice, receivers }: AddressedNotice): Outbox {
  if (outbox.known.includes(notice.id)) return outbox;
  const left = { ...outbox.left };
  for (const name of new Set(receivers)) left[name] = [...(left[name] ?? []), notice];
  return { left, known: [...outbox.known, notice.id].slice(-MOST_KNOWN) };
}

/** The receiver has taken its oldest notice, or is not to get it any more. */
export function settle(outbox: Outbox, receiver: string): Outbox {
  const { [receiver]: own = [], ...others } = outbox.left;
  const rest = own.slice(1);
  return { ...outbox, left: rest.length > 0 ? { ...others, [receiver]: rest } : others };
}

/** What a signal has brought, checked: a handler never throws, and what cannot be read changes nothing. */
export function readAddressed(sent: unknown): AddressedNotice | undefined {
  const { notice, receivers } = fieldsOf(sent);
  const { id, event, atMs } = fieldsOf(notice);
  const names = Array.isArray(receivers) && receivers.every((name) => typeof name === 'string');
  if (!names || typeof id !== 'string' || typeof atMs !== 'number') return undefined;
  if (!EVENTS.some((known) => known === event)) return undefined;
  return { notice: notice as Notice, receivers };
}
