import { collectDefaultMetrics, Gauge, Registry } from '@prometheus-io/client';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { fleetCounts, type PoolCounts } from '../../domain/fleet-counts.ts';
import type { Policy } from '../../domain/policy.ts';
import { Happenings } from './happenings.ts';

/** What the gauges read when somebody asks; all of it is in memory, so that nobody is waited for. */
export interface MetricSources {
  readonly policy: {
    current(): Policy;
    readonly hash: string;
    /** Why the file as it is now is refused; undefined: it is in force. */
    readonly refusedBecause: string | undefined;
  };
  readonly nodes: () => readonly NodeFacts[] | undefined;
  /** The API server lets through what the worker's admission policy has to refuse. */
  readonly isUnguarded: () => boolean;
  readonly nowMs: () => number;
}

/** What a count of a pool that this worker made for its lock went by. */
export interface PoolCount {
  readonly pool: string;
  /** Given, and not known to be used. */
  readonly permits: number;
}

/** A lock with permits has its pool counted at least once a minute; an older count may be another worker's by now. */
const COUNT_HOLDS_FOR_MS = 150_000;

/**
 * What a worker tells Prometheus of Lockkeeper; what the Temporal SDK tells of itself is served elsewhere. Gauges of the
 * cluster are the same from every worker.
 */
export class Metrics {
  readonly happened: Happenings;
  private readonly registry = new Registry();
  private readonly sources: MetricSources;
  private readonly poolCounts = new Map<string, PoolCount & { readonly atMs: number }>();
  /** For the answer that is being given. */
  private counted: readonly PoolCounts[] = [];

  constructor(sources: MetricSources) {
    this.sources = sources;
    this.happened = new Happenings(this.registry, sources.nowMs);
    this.addPolicyGauges();
    this.addPermitGauge();
    this.addFleetGauges();
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything, in the text format of Prometheus. */
  async text(): Promise<string> {
    const { nodes, policy, nowMs } = this.sources;
    const seen = nodes();
    for (const { name } of policy.current().pools) this.happened.begin(name);
    this.counted = seen === undefined ? [] : fleetCounts(seen, policy.current(), nowMs());
    return await this.registry.metrics();
  }

  poolCounted(count: PoolCount): void {
    this.poolCounts.set(count.pool, { ...count, atMs: this.sources.nowMs() });
  }

  private addPolicyGauges(): void {
    const { policy } = this.sources;
    this.gauge('lockkeeper_policy_info', 'The policy in force, by its hash', ['hash'], (set) =>
      set({ hash: policy.hash }, 1),
    );
    this.gauge(
      'lockkeeper_policy_refused',
      '1 while the policy file is refused and the last good one stays in force',
      [],
      (set) => set({}, policy.refusedBecause === undefined ? 0 : 1),
    );
    this.gauge(
      'lockkeeper_admission_policy_missing',
      '1 while the API server lets the worker do what its admission policy has to refuse',
      [],
      (set) => set({}, this.sources.isUnguarded() ? 1 : 0),
    );
  }

  private addPermitGauge(): void {
    this.gauge('lockkeeper_permits', 'Permits given and not yet used', ['pool'], (set) => {
      const sinceMs = this.sources.nowMs() - COUNT_HOLDS_FOR_MS;
      for (const { pool, permits, atMs } of this.poolCounts.values()) {
        if (atMs >= sinceMs) set({ pool }, permits);
      }
    });
  }

  private addFleetGauges(): void {
    this.gauge(
      'lockkeeper_fleet_seen',
      '1 while this worker sees the nodes; while it does not, what it says of nodes is left out',
      [],
      (set) => set({}, this.sources.nodes() === undefined ? 0 : 1),
    );
    this.gauge(
      'lockkeeper_nodes',
      'Nodes by state: idle, waiting for their turn, or the phase of the rollout that has them',
      ['pool', 'state'],
      (set) => {
        for (const { pool, states } of this.counted) {
          for (const [state, count] of states) set({ pool, state }, count);
        }
      },
    );
    for (const [name, help, count] of POOL_GAUGES) {
      this.gauge(name, help, ['pool'], (set) => {
        for (const counts of this.counted) {
          const value = count(counts);
          if (value !== undefined) set({ pool: counts.pool }, value);
        }
      });
    }
  }

  /** A gauge that has, whenever it is asked, exactly the values it is given then: what is gone leaves no label behind. */
  private gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    fill: (set: (labels: Readonly<Record<string, string>>, value: number) => void) => void,
  ): void {
    const gauge = new Gauge<string>({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect() {
        gauge.reset();
        fill((labels, value) => gauge.set(labels, value));
      },
    });
  }
}

type PoolGauge = readonly [name: string, help: string, (counts: PoolCounts) => number | undefined];

const POOL_GAUGES: readonly PoolGauge[] = [
  [
    'lockkeeper_nodes_out_of_service',
    'Nodes in the middle of a rollout, NotReady, cordoned, being deleted or taken away, whoever did it',
    ({ outOfService }) => outOfService,
  ],
  [
    'lockkeeper_nodes_out_of_service_limit',
    'Nodes of the pool that may be out of service at once: maxUnavailable',
    ({ mayBeOut }) => mayBeOut,
  ],
  [
    'lockkeeper_nodes_silent',
    'Nodes whose agent has not been heard for 15 minutes: they are not started on',
    ({ silent }) => silent,
  ],
  ['lockkeeper_nodes_held', 'Nodes that a person holds', ({ held }) => held],
  [
    'lockkeeper_nodes_quarantined',
    'Nodes that still want a reboot after their reboot',
    ({ quarantined }) => quarantined,
  ],
  [
    'lockkeeper_troubles',
    'Nodes that failed, are quarantined or lost, and count against the failure budget',
    ({ troubles }) => troubles,
  ],
  ['lockkeeper_nodes_failing', 'Nodes whose latest tries have failed', ({ failing }) => failing],
  [
    'lockkeeper_longest_wait_seconds',
    'How long the node that has waited longest has wanted its reboot',
    ({ longestWaitMs }) => longestWaitMs / 1_000,
  ],
  [
    'lockkeeper_quiet_seconds',
    'How long no node has asked for a reboot; left out where no agent has reported and where quietAfter is never',
    ({ quiet }) => quiet && quiet.forMs / 1_000,
  ],
];
