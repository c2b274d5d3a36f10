import { sayPhase } from '../../domain/phases.ts';
import type { PoolSeen, RolloutSeen, Seen } from '../status/seen.ts';

/** How waiting has ended. */
export interface Ending {
  readonly kind: 'all-done' | 'not-all' | 'halted';
  readonly says: string;
}

/** What is waited for. */
export interface Awaited {
  /** Absent: all pools. */
  readonly pool?: string;
  readonly untilWindowCloses: boolean;
  /** What was seen before this moment says nothing of what is waited for. */
  readonly fromMs: number;
}

/** So long nothing else may have been heard than that all wait for a window: one that has just opened is heard of by then. */
const WINDOW_CLOSED_FOR_MS = 60_000;

/** Follows what happens from look to look: what is new in lines, and whether there is nothing more to wait for. */
export class Following {
  readonly #awaited: Awaited;
  readonly #known = new Map<string, string>();
  #onlyWindowSinceMs: number | undefined;

  constructor(awaited: Awaited) {
    this.#awaited = awaited;
  }

  /** A line for each thing that has changed since the look before. */
  news(seen: Seen): string[] {
    const rollouts = this.#rollouts(seen);
    const pools = this.#pools(seen);
    const now = new Map([
      ...pools.map((pool): [string, string] => [`pool ${pool.pool}`, sayPool(pool)]),
      ...rollouts.map((one): [string, string] => [one.node, sayRollout(one)]),
    ]);
    const changed = [...now].filter(([who, says]) => says !== '' && this.#known.get(who) !== says);
    const over = [...this.#known].filter(([who, said]) => said !== '' && !now.get(who));
    this.#known.clear();
    for (const [who, says] of now) this.#known.set(who, says);
    return [
      ...over.map(
        ([who]) => `${who}: ${who.startsWith('pool ') ? 'admits again' : 'its rollout has ended'}`,
      ),
      ...changed.map(([who, says]) => `${who}: ${says}`),
    ];
  }

  /** Why there is nothing more to wait for; undefined while there is. */
  ending(seen: Seen): Ending | undefined {
    const rollouts = this.#rollouts(seen);
    const halted = this.#pools(seen).flatMap(whyHalted);
    if (halted.length > 0 && !rollouts.some(isUnderWay)) {
      return { kind: 'halted', says: halted.join('; ') };
    }
    if (rollouts.length === 0) return this.#whenIdle(seen);
    if (!this.#awaited.untilWindowCloses || !rollouts.every(waitsForWindow)) {
      this.#onlyWindowSinceMs = undefined;
      return undefined;
    }
    this.#onlyWindowSinceMs ??= seen.atMs;
    if (seen.atMs - this.#onlyWindowSinceMs < WINDOW_CLOSED_FOR_MS) return undefined;
    return { kind: 'not-all', says: `the window has closed: ${this.left(seen)}` };
  }

  /** Who is not done. */
  left(seen: Seen): string {
    const names = this.#rollouts(seen).map(({ node }) => node);
    return `not done: ${[...names, ...leftAloneIn(seen, this.#awaited)].join(', ')}`;
  }

  /** Only a scan that was made since tells whether anybody else wants a reboot. */
  #whenIdle(seen: Seen): Ending | undefined {
    if ((seen.scannedMs ?? 0) < this.#awaited.fromMs) return undefined;
    if (leftAloneIn(seen, this.#awaited).length === 0) {
      return { kind: 'all-done', says: 'no node wants a reboot' };
    }
    return { kind: 'not-all', says: `left alone: ${this.left(seen)}` };
  }

  #rollouts({ rollouts }: Seen): RolloutSeen[] {
    const { pool } = this.#awaited;
    return rollouts.filter(({ status }) => pool === undefined || !status || status.pool === pool);
  }

  #pools({ pools }: Seen): PoolSeen[] {
    const { pool } = this.#awaited;
    return pools.filter((one) => pool === undefined || one.pool === pool);
  }
}

/** A node that is in no pool keeps nobody waiting who waits for one. */
const leftAloneIn = ({ leftAlone }: Seen, { pool }: Awaited): string[] =>
  pool === undefined ? leftAlone.map(({ node }) => node) : [];

const sayRollout = ({ status, node, because }: RolloutSeen): string =>
  `${status ? sayPhase(status.phase.at, node) : '?'}${because === '' ? '' : `: ${because}`}`;

function sayPool(pool: PoolSeen): string {
  if ('unknown' in pool) return pool.unknown;
  const { paused, because } = pool;
  return [paused && `paused by ${paused.by}: ${paused.reason}`, because].filter(Boolean).join('; ');
}

function whyHalted(pool: PoolSeen): string[] {
  if ('unknown' in pool || pool.troubles.length === 0 || pool.because === undefined) return [];
  return pool.because.startsWith('the pool is halted')
    ? [`pool ${pool.pool}: ${pool.because}`]
    : [];
}

const NOT_BEGUN: ReadonlySet<string> = new Set(['starting', 'waiting', 'queued']);

/** It has taken its node, and will bring it back whatever halts the pool. */
const isUnderWay = ({ status }: RolloutSeen): boolean =>
  status !== undefined && !NOT_BEGUN.has(status.phase.at) && status.phase.at !== 'lost';

function waitsForWindow({ status }: RolloutSeen): boolean {
  const phase = status?.phase;
  return phase?.at === 'waiting' && phase.closed.some(({ gate }) => gate === 'window');
}
