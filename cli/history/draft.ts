import { fieldsOf } from '../../domain/fields.ts';
import { present } from '../../domain/present.ts';
import { words } from '../../domain/outside.ts';
import { Unread } from './entries.ts';
import type { Happening, RolloutStory, Span, StoryEnd, StoryPhase, Stretch } from './story.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A text that somebody has written, as it may be shown; undefined where it is none. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? words(value) : undefined;

/** The texts of a list; none where it is no list. */
export const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.flatMap((one) => textOf(one) ?? []) : [];

/** Work that has been asked for and has no answer yet. */
export interface OpenWork {
  readonly activity: string;
  readonly askedMs: number;
  /** What a drain has told of itself so far. */
  evicted: number;
}

/** Waits that are left at once when they are cancelled, and do not go on until they notice. */
const LEFT_AT_ONCE: ReadonlySet<string> = new Set(['passGates', 'awaitTurn']);

/** A story while its history is read. */
export class Draft {
  node: string;
  pool: string | undefined;
  by: string | undefined;
  reason: string | undefined;
  beganMs: number | undefined;
  bootIdBefore: string | undefined;
  bootIdAfter: string | undefined;
  podsEvicted = 0;
  isAtLeast = false;
  /** Since when and in whose words it is paused, as far as people have said. */
  paused: string | undefined;
  happened: Writable<Happening>[] = [];
  readonly open = new Map<string, OpenWork>();
  readonly updates = new Map<string, Writable<Happening>>();
  #spans: Span[] = [];
  #span: { phase: StoryPhase; fromMs: number; because: Set<string> } | undefined;
  #out: Stretch[] = [];
  #outSinceMs: number | undefined;
  readonly #policies = new Set<string>();
  readonly #unread = new Set<string>();

  constructor(node: string) {
    this.node = node;
  }

  /** The fields of what was decoded; none of what cannot be read, which is noted. */
  fields(value: unknown): Partial<Record<string, unknown>> {
    if (value instanceof Unread) this.#unread.add(value.because);
    return value instanceof Unread ? {} : fieldsOf(value);
  }

  notRead(unread: Unread | undefined): void {
    if (unread) this.#unread.add(unread.because);
  }

  follows(policy: unknown): void {
    const hash = textOf(policy);
    if (hash !== undefined) this.#policies.add(hash);
  }

  tell(happening: Happening): Writable<Happening> {
    const told = { ...happening };
    this.happened.push(told);
    return told;
  }

  /** Moves on to a phase; nothing happens where it is in it. */
  enter(phase: StoryPhase, atMs: number): void {
    if (this.#span?.phase === phase) return;
    this.#close(atMs);
    const last = this.#spans.at(-1);
    if (last?.phase === phase && last.toMs === atMs) {
      this.#spans.pop();
      this.#span = { phase, fromMs: last.fromMs, because: new Set(last.because) };
    } else this.#span = { phase, fromMs: atMs, because: new Set() };
  }

  /** Why it is where it is. */
  because(...reasons: readonly string[]): void {
    for (const reason of reasons) this.#span?.because.add(reason);
  }

  /** When the phase that it is in began. */
  get sinceMs(): number {
    return this.#span?.fromMs ?? 0;
  }

  get phase(): StoryPhase | undefined {
    return this.#span?.phase;
  }

  #close(atMs: number): void {
    const span = this.#span;
    this.#span = undefined;
    if (!span || span.fromMs >= atMs) return;
    const { phase, fromMs, because } = span;
    this.#spans.push({ phase, fromMs, toMs: atMs, because: [...because] });
  }

  takenOut(atMs: number): void {
    this.#outSinceMs ??= atMs;
  }

  givenBack(atMs: number): void {
    if (this.#outSinceMs === undefined) return;
    this.#out.push({ fromMs: this.#outSinceMs, toMs: Math.max(this.#outSinceMs, atMs) });
    this.#outSinceMs = undefined;
  }

  asks(id: string, work: OpenWork): void {
    this.open.set(id, work);
  }

  /** The work with this id, which is open no longer. */
  closes(id: string): OpenWork | undefined {
    const work = this.open.get(id);
    this.open.delete(id);
    return work;
  }

  leaves(id: string): void {
    if (LEFT_AT_ONCE.has(this.open.get(id)?.activity ?? '')) this.open.delete(id);
  }

  /** The drain that is under way. */
  get drain(): OpenWork | undefined {
    return [...this.open.values()].find(({ activity }) => activity === 'drainNode');
  }

  /** What was told so far is another run's: a reset goes on from here. */
  beginAgain(atMs: number): void {
    const { phase } = this;
    this.#span = undefined;
    this.#spans = [];
    this.happened = [];
    this.open.clear();
    this.podsEvicted = 0;
    this.#out = [];
    this.#outSinceMs &&= atMs;
    this.beganMs = atMs;
    if (phase) this.enter(phase, atMs);
  }

  /** The story so far; of one that runs the latest span has no end. */
  story(
    ids: Pick<RolloutStory, 'workflowId' | 'runId' | 'formerRunIds'>,
    end: Ended,
  ): RolloutStory {
    const { node, pool, reason, bootIdBefore, bootIdAfter, podsEvicted } = this;
    const { atMs: endedMs } = end;
    if (endedMs !== undefined) this.#close(endedMs);
    const latest = this.#span && { ...this.#span, because: [...this.#span.because] };
    const out = this.#outSinceMs === undefined ? [] : [{ fromMs: this.#outSinceMs }];
    return {
      node,
      ...present({ pool }),
      ...ids,
      by: this.by ?? 'somebody',
      ...present({ reason }),
      beganMs: this.beganMs ?? 0,
      ...present({ endedMs }),
      end: end.end,
      spans: latest ? [...this.#spans, latest] : this.#spans,
      outOfService: [...this.#out, ...out],
      podsEvicted,
      ...(this.isAtLeast && { podsEvictedAtLeast: true }),
      ...present({ bootIdBefore, bootIdAfter }),
      policies: [...this.#policies],
      happened: this.happened,
      unread: [...this.#unread],
    };
  }
}

export interface Ended {
  /** Absent: it runs. */
  readonly atMs?: number;
  readonly end: StoryEnd;
}
