import { Counter, Histogram, type Registry } from '@prometheus-io/client';

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

/** Of one node: from a simulated one that is back in seconds to a drain that a disruption budget holds up for hours. */
const OF_A_NODE_S = [
  10,
  30,
  MINUTE_S,
  2 * MINUTE_S,
  4 * MINUTE_S,
  8 * MINUTE_S,
  15 * MINUTE_S,
  30 * MINUTE_S,
  HOUR_S,
  2 * HOUR_S,
  4 * HOUR_S,
];
/** Of a queue: from nobody before it to a large pool that goes one by one. */
const OF_A_QUEUE_S = [
  MINUTE_S,
  5 * MINUTE_S,
  15 * MINUTE_S,
  30 * MINUTE_S,
  HOUR_S,
  2 * HOUR_S,
  4 * HOUR_S,
  8 * HOUR_S,
  16 * HOUR_S,
  DAY_S,
  2 * DAY_S,
  4 * DAY_S,
];

/** What lasts a while, and the outcome that it has when all goes well. */
const DURATIONS = {
  drain: {
    name: 'lockkeeper_drain_duration_seconds',
    help: 'From the beginning of a drain to its end; stopped: by a gate, a person, or what has become of the node',
    usual: 'drained',
  },
  reboot: {
    name: 'lockkeeper_reboot_duration_seconds',
    help: 'From the order to the proof of the reboot; late: after the node had been given up as lost',
    usual: 'returned',
  },
  rollout: {
    name: 'lockkeeper_rollout_duration_seconds',
    help: 'From the cordon until the node was handed back; undone: without a reboot',
    usual: 'returned',
  },
} as const;

interface Outcomes {
  readonly drain: 'drained' | 'timed-out' | 'stopped';
  readonly reboot: 'returned' | 'late';
  readonly rollout: 'returned' | 'quarantined' | 'undone';
}

type Lasting = keyof typeof DURATIONS;

/** Something that is over. */
export interface Ended<L extends Lasting> {
  readonly pool: string;
  readonly outcome: Outcomes[L];
  /** When it began; 0 or absent where nobody knows: then it is not counted. */
  readonly sinceMs: number | undefined;
}

/**
 * What this worker has seen happen, counted once each: an activity that is tried again is counted by the attempt that comes to
 * an end, and a duration spans all its attempts. Only where a worker is lost between that end and Temporal's hearing of it, the
 * same is counted again by another worker. Nothing is kept when the process ends; Prometheus takes that for what it is.
 */
export class Happenings {
  private readonly nowMs: () => number;
  private readonly gates: Counter<'pool' | 'gate'>;
  private readonly back: Counter<'pool' | 'outcome'>;
  private readonly undone: Counter<'pool' | 'failed'>;
  private readonly evictionsRefused: Counter<'pool'>;
  private readonly refusals: Counter;
  private readonly durations: Readonly<Record<Lasting, Histogram<'pool' | 'outcome'>>>;
  private readonly turns: Histogram<'pool'>;
  private readonly begun = new Set<string>();

  constructor(registry: Registry, nowMs: () => number) {
    this.nowMs = nowMs;
    const registers = [registry];
    this.gates = new Counter({
      name: 'lockkeeper_gates_closed_total',
      help: 'Looks at the gates of a node that found this gate closed',
      labelNames: ['pool', 'gate'],
      registers,
    });
    this.back = new Counter({
      name: 'lockkeeper_nodes_returned_total',
      help: 'Nodes handed back after a proved reboot; quarantined: the sentinel has survived it',
      labelNames: ['pool', 'outcome'],
      registers,
    });
    this.undone = new Counter({
      name: 'lockkeeper_nodes_undone_total',
      help: 'Nodes handed back without a reboot; failed: by a failure, and not by a gate or a person',
      labelNames: ['pool', 'failed'],
      registers,
    });
    this.evictionsRefused = new Counter({
      name: 'lockkeeper_evictions_refused_total',
      help: 'Evictions that a disruption budget has refused; each time a pod is asked again counts',
      labelNames: ['pool'],
      registers,
    });
    this.refusals = new Counter({
      name: 'lockkeeper_policy_refusals_total',
      help: 'Policy files that were refused',
      registers,
    });
    const duration = (of: Lasting) => {
      const { name, help } = DURATIONS[of];
      const labelNames = ['pool', 'outcome'] as const;
      return new Histogram({ name, help, labelNames, buckets: OF_A_NODE_S, registers });
    };
    this.durations = {
      drain: duration('drain'),
      reboot: duration('reboot'),
      rollout: duration('rollout'),
    };
    this.turns = new Histogram({
      name: 'lockkeeper_queue_wait_seconds',
      help: 'From when a rollout began to wait for its turn, its gates open, until the turn was taken',
      labelNames: ['pool'],
      buckets: OF_A_QUEUE_S,
      registers,
    });
  }

  /**
   * Has what usually happens in a pool there from the beginning, at 0: what appears at 1 has not increased for Prometheus, and a
   * worker that reboots a node a month would be seen to do nothing.
   */
  begin(pool: string): void {
    if (this.begun.has(pool)) return;
    this.begun.add(pool);
    for (const outcome of ['returned', 'quarantined']) this.back.inc({ pool, outcome }, 0);
    for (const failed of ['true', 'false']) this.undone.inc({ pool, failed }, 0);
    this.evictionsRefused.inc({ pool }, 0);
    for (const of of Object.keys(DURATIONS) as Lasting[]) {
      this.durations[of].zero({ pool, outcome: DURATIONS[of].usual });
    }
    this.turns.zero({ pool });
  }

  /** A look at the gates found these closed. */
  gatesClosed(pool: string, gates: readonly string[]): void {
    for (const gate of gates) this.gates.inc({ pool, gate });
  }

  nodeReturned(pool: string, outcome: 'returned' | 'quarantined'): void {
    this.back.inc({ pool, outcome });
  }

  nodeUndone(pool: string, failed: boolean): void {
    this.undone.inc({ pool, failed: String(failed) });
  }

  evictionRefused(pool: string): void {
    this.evictionsRefused.inc({ pool });
  }

  policyRefused(): void {
    this.refusals.inc();
  }

  ended<L extends Lasting>(what: L, { pool, outcome, sinceMs }: Ended<L>): void {
    if (!sinceMs) return;
    this.begin(pool);
    this.durations[what].observe({ pool, outcome }, this.secondsSince(sinceMs));
  }

  /** A rollout has been given its turn, and has used it or passed. */
  turnTaken(pool: string, askedAtMs: number | undefined): void {
    if (!askedAtMs) return;
    this.begin(pool);
    this.turns.observe({ pool }, this.secondsSince(askedAtMs));
  }

  /** The clock that says when it began may be another machine's. */
  private secondsSince(sinceMs: number): number {
    return Math.max(0, this.nowMs() - sinceMs) / 1_000;
  }
}
