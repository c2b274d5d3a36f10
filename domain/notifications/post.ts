import { EVENTS, type Notice } from './events.ts';

/** What has still to be told to whom, as values; plain JSON, so that continue-as-new carries it whole. */

/** A notice, and the names of those who are to be told. */
export interface Notified {
  readonly notice: Notice;
  readonly receivers: readonly string[];
}

export interface Post {
  /** For each receiver what it has still to be told, oldest first; one that has been told everything is absent. */
  readonly left: Readonly<Record<string, readonly Notice[]>>;
  /** Ids of what has been taken, oldest first: told again, it is passed over. */
  readonly known: readonly string[];
}

export const NOTHING: Post = { left: {}, known: [] };

/** What is told again is told again soon. */
const MOST_KNOWN = 200;

/** Takes a notice for each of its receivers; one that was taken before changes nothing. */
export function take(post: Post, { notice, receivers }: Notified): Post {
  if (post.known.includes(notice.id)) return post;
  const left = { ...post.left };
  for (const name of new Set(receivers)) left[name] = [...(left[name] ?? []), notice];
  return { left, known: [...post.known, notice.id].slice(-MOST_KNOWN) };
}

/** The receiver has been told the oldest, or is not to be told any more. */
export function settle(post: Post, receiver: string): Post {
  const { [receiver]: own = [], ...others } = post.left;
  const rest = own.slice(1);
  return { ...post, left: rest.length > 0 ? { ...others, [receiver]: rest } : others };
}

/** What a signal has brought, checked: a handler never throws, and what cannot be read changes nothing. */
export function readNotified(sent: unknown): Notified | undefined {
  const { notice, receivers } = fieldsOf(sent);
  const { id, event, atMs } = fieldsOf(notice);
  const names = Array.isArray(receivers) && receivers.every((name) => typeof name === 'string');
  if (!names || typeof id !== 'string' || typeof atMs !== 'number') return undefined;
  if (!EVENTS.some((known) => known === event)) return undefined;
  return { notice: notice as Notice, receivers };
}

function fieldsOf(sent: unknown): Partial<Record<string, unknown>> {
  return typeof sent === 'object' && sent !== null ? sent : {};
}
