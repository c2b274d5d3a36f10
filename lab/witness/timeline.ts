import { present } from '../../domain/present.ts';
import type { Author } from './contract.ts';
import type { NodeObject } from './sight.ts';

/** One write of a Node, by what the watch has shown of it, the audit log has told of it, or both. */
export interface Write {
  readonly revision: number;
  readonly name: string;
  /** Absent: the node was deleted. */
  readonly object?: NodeObject;
  readonly by: Author;
  /** When the API server received it; when it was seen, where the audit log does not say. */
  readonly atMs: number;
}

interface Pending {
  readonly revision: number;
  readonly name: string;
  readonly seenAtMs: number;
  readonly object?: NodeObject;
  readonly told?: { readonly by: Author; readonly atMs: number };
}

/** The watch and the audit log tell of the same write within this time, in either order. */
const SETTLE_MS = 300;
/** The audit log is waited for no longer: the API server may have died before it wrote its record. */
const PATIENCE_MS = 3_000;
const NOBODY: Author = { role: 'unknown', name: 'somebody' };

/**
 * Brings together what the watch shows (what a node became) and what the audit log tells (who wrote it, and when), and hands
 * the writes out in the order of their revisions. Either source alone is enough for a write to count: the log bridges a
 * watch that had to start over, and the watch an API server that was killed before it wrote the record.
 */
export class Timeline {
  /** By revision and name. */
  readonly #pending = new Map<string, Pending>();
  /** The last revision of each node that was handed out. */
  readonly #done = new Map<string, number>();

  /** The watch shows a node; `undefined`: it is gone as of this revision. */
  seen(name: string, revision: number, object: NodeObject | undefined, nowMs: number): void {
    this.#add({ name, revision, seenAtMs: nowMs, ...present({ object }) });
  }

  /** These are all nodes there are as of this revision: others that were known have been deleted unseen. */
  listed(names: ReadonlySet<string>, revision: number, nowMs: number): void {
    const pending = [...this.#pending.values()].map(({ name }) => name);
    const known = new Set([...this.#done.keys(), ...pending]);
    for (const name of known) if (!names.has(name)) this.seen(name, revision, undefined, nowMs);
  }

  /** The audit log tells who wrote this state of a node. A write that changed nothing tells of the revision before it. */
  told(object: NodeObject, told: { by: Author; atMs: number }, nowMs: number): void {
    const revision = revisionOf(object);
    this.#add({ name: object.metadata.name, revision, seenAtMs: nowMs, object, told });
  }

  /** The writes that are complete by now, in order; a late one holds up those after it, but not for ever. */
  take(nowMs: number): Write[] {
    const ready: Pending[] = [];
    for (const pending of this.#inOrder()) {
      const waitedMs = nowMs - pending.seenAtMs;
      const complete = pending.told !== undefined || pending.object === undefined;
      if (waitedMs < (complete ? SETTLE_MS : PATIENCE_MS)) break;
      ready.push(pending);
    }
    return ready.map((pending) => this.#finish(pending));
  }

  /** Whether this state of the node, or a later one, has been heard of. */
  knows(name: string, revision: number): boolean {
    const pending = [...this.#pending.values()].filter((write) => write.name === name);
    const heard = [this.#done.get(name) ?? 0, ...pending.map((write) => write.revision)];
    return Math.max(...heard) >= revision;
  }

  /** Whether a write that was heard of by then has not been handed out yet. */
  isWaiting(sinceMs: number): boolean {
    return [...this.#pending.values()].some(({ seenAtMs }) => seenAtMs <= sinceMs);
  }

  #inOrder(): Pending[] {
    return [...this.#pending.values()].toSorted((a, b) => a.revision - b.revision);
  }

  #add(news: Pending): void {
    const { name, revision } = news;
    // A list shows nodes again that have been handed out, and the log tells of writes that changed nothing.
    if (revision <= (this.#done.get(name) ?? 0)) return;
    const key = keyOf(news);
    const known = this.#pending.get(key) ?? news;
    const told = known.told ?? news.told;
    this.#pending.set(key, { ...known, ...present({ told }) });
  }

  #finish(pending: Pending): Write {
    const { revision, name, seenAtMs, object, told } = pending;
    this.#pending.delete(keyOf(pending));
    this.#done.set(name, revision);
    const { by, atMs } = told ?? { by: NOBODY, atMs: seenAtMs };
    return { revision, name, by, atMs, ...present({ object }) };
  }
}

function keyOf({ revision, name }: Pending): string {
  return `${revision} ${name}`;
}

export function revisionOf({ metadata }: NodeObject): number {
  return Number(metadata.resourceVersion ?? 0);
}
