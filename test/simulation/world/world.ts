import { createActivities } from '../../../activities/index.ts';
import type { Deps } from '../../../activities/deps.ts';
import { FakeAlerts, FakeSilences } from '../../../activities/testing/fake-outside.ts';
import { FakeMessenger, FakeNotices } from '../../../activities/testing/fake-notices.ts';
import type { NodeTaint } from '../../../domain/node-facts.ts';
import type { Policy, PoolPolicy } from '../../../domain/policy.ts';
import { temporalPort } from '../temporal/port.ts';
import type { Run } from '../temporal/run.ts';
import { Server } from '../temporal/server.ts';
import { WorkerProcess, Workers } from '../temporal/workers.ts';
import { Clock } from '../time/clock.ts';
import { settle } from '../time/settle.ts';
import { Random } from '../time/random.ts';
import type { Twist } from '../breaks.ts';
import type { Plan } from '../plan.ts';
import { poolName, policyOf, STATE_LABEL, type PoolNow } from '../policy.ts';
import { Cluster, type NodeWrite } from './cluster.ts';
import { kubeApi, type Moved } from './kube.ts';
import { Machine } from './machine.ts';
import { Pods } from './pods.ts';
import type { Steps } from './steps.ts';
import { Weather } from './weather.ts';
import * as workflows from '../../../workflows/index.ts';

/** Sees everything that happens. */
export interface Observer {
  written(write: NodeWrite): void;
  gone(node: string): void;
  moved(moved: Moved): void;
  foreignBoot(node: string): void;
  policy(policy: Policy): void;
  ended(run: Run): void;
  taskFailed(run: Run, error: unknown): void;
}

export interface WorldOptions {
  readonly observer: Observer;
  /** Told what happens, line by line, where somebody wants to read it. */
  readonly trace?: (line: string) => void;
  /** Puts something broken in the place of what the activities act through. */
  readonly twist?: Twist;
}

/** Some Monday. */
const BEGIN_MS = Date.UTC(2026, 10, 2);
/** A changed policy file is read by each worker within this. */
const POLICY_READ_WITHIN_MS = 5_000;
/** What was judged by a policy may have its effect this much later. */
const RECENT_MS = 3 * 60_000;

/** A cluster, a Temporal server, workers and machines: everything of one history. */
export class World {
  readonly plan: Plan;
  readonly clock = new Clock(BEGIN_MS);
  readonly random: Random;
  readonly weather: Weather;
  readonly workers: Workers;
  readonly server: Server;
  readonly cluster: Cluster;
  readonly pods: Pods;
  readonly machines = new Map<string, Machine>();
  readonly pools: PoolNow[];
  policy: Policy;
  /** Waits for nodes to come to the steps at which something is to befall them. */
  steps: Steps | undefined;
  /** Until then something that a test has done may still have its effect. */
  disturbedUntilMs = 0;
  /** The same, without what a lock has to get over by itself: that it was ended or reset. */
  unheardUntilMs = 0;
  readonly #options: WorldOptions;
  #policyVersion = 0;
  #policyChangedMs = BEGIN_MS;
  #formerPolicy: Policy;
  #processes = 0;
  #scans = 0;

  constructor(plan: Plan, options: WorldOptions) {
    const { observer } = options;
    this.plan = plan;
    this.#options = options;
    this.random = new Random(plan.seed);
    this.weather = new Weather(this.clock, this.random);
    this.workers = new Workers(this.clock, this.random, this.weather);
    this.pools = plan.pools.map((pool) => ({ ...pool }));
    this.policy = policyOf(this.pools, plan.scanEveryMs);
    this.#formerPolicy = this.policy;
    this.server = new Server({
      clock: this.clock,
      random: this.random,
      weather: this.weather,
      workers: this.workers,
      workflows: workflows,
      suggestContinueAsNewAt: plan.continueAsNewAt,
      keepsCommands: isReplayed(plan),
      lateSignals: plan.lateSignals,
      tell: this.tell,
      taskFailed: (run, error) => observer.taskFailed(run, error),
      ended: (run) => observer.ended(run),
    });
    this.cluster = new Cluster(this.clock, {
      onWrite: (write) => {
        this.tell(() => `node ${sayWrite(write)}`);
        observer.written(write);
        this.steps?.written(write);
      },
      onGone: (node) => {
        this.tell(() => `node ${node} is gone`);
        observer.gone(node);
      },
    });
    this.pods = new Pods(this, (node) => this.steps?.emptied(node));
    observer.policy(this.policy);
  }

  readonly tell = (words: () => string): void => {
    const { trace } = this.#options;
    if (!trace) return;
    const sinceMs = this.clock.nowMs - BEGIN_MS;
    trace(`${(sinceMs / 1_000).toFixed(3).padStart(10)} ${words()}`);
  };

  get sinceBeginMs(): number {
    return this.clock.nowMs - BEGIN_MS;
  }

  /** Fills the world and lets it begin. */
  begin(): void {
    const { plan } = this;
    for (const [index, node] of plan.nodes.entries()) this.#addNode(index, node);
    for (const [index, app] of plan.apps.entries()) {
      this.pods.addApp({
        ...app,
        name: `app-${index}`,
        desired: app.spare < 0 ? undefined : app.replicas - app.spare,
      });
    }
    for (let worker = 0; worker < plan.workers; worker += 1) this.startWorker(worker);
    this.#scheduleScan();
  }

  startWorker(slot: number): void {
    this.#processes += 1;
    const nodes = [...this.machines.keys()];
    const node = this.plan.workersOnNodes ? nodes[slot % nodes.length] : undefined;
    const worker = new WorkerProcess(`worker-${slot}.${this.#processes}`, this.clock, node);
    const activities = createActivities(this.#deps(worker));
    worker.effects = this.#options.twist?.activities?.(activities) ?? activities;
    this.workers.add(worker);
  }

  /** Somebody else answers for the next boot of this machine. */
  expectForeignBoot(node: string): void {
    this.#options.observer.foreignBoot(node);
  }

  /** Nothing goes on after this. */
  async end(): Promise<void> {
    for (const attempt of this.workers.unfinished) attempt.abandon();
    await settle();
  }

  /** Something is done to the world that may tell for so long. */
  disturb(forMs: number): void {
    this.disturbLock(forMs);
    this.unheardUntilMs = Math.max(this.unheardUntilMs, this.clock.nowMs + forMs);
  }

  disturbLock(forMs: number): void {
    this.disturbedUntilMs = Math.max(this.disturbedUntilMs, this.clock.nowMs + forMs);
  }

  changePool(pool: number, change: Partial<PoolNow>): void {
    const known = this.pools[pool];
    if (!known) return;
    this.pools[pool] = { ...known, ...change };
    this.#formerPolicy = this.policy;
    this.policy = policyOf(this.pools, this.plan.scanEveryMs);
    this.#policyVersion += 1;
    this.#policyChangedMs = this.clock.nowMs;
    this.tell(() => `policy: pool ${pool} ${JSON.stringify(change)}`);
    this.#options.observer.policy(this.policy);
  }

  /** The shortest `stableFor` of the pool that a worker may still go by. */
  leastStableMs(pool: string): number {
    return this.#extreme(pool, ({ reboot }) => reboot.stableFor, Math.min, 0);
  }

  /** The longest `returnWithin` of the pool that a worker may still go by. */
  mostReturnMs(pool: string): number {
    return this.#extreme(
      pool,
      ({ reboot }) => reboot.returnWithin,
      Math.max,
      Number.MAX_SAFE_INTEGER,
    );
  }

  mostFailures(pool: string): number {
    return this.#extreme(
      pool,
      ({ failureBudget }) => failureBudget,
      Math.max,
      Number.MAX_SAFE_INTEGER,
    );
  }

  /** Of the policies in force in the last minutes; `none` where the pool was in none of them. */
  #extreme(
    pool: string,
    read: (pool: PoolPolicy) => number,
    choose: (...values: number[]) => number,
    none: number,
  ): number {
    const isRecent = this.clock.nowMs < this.#policyChangedMs + RECENT_MS;
    const policies = isRecent ? [this.policy, this.#formerPolicy] : [this.policy];
    const found = policies.map(({ pools }) => pools.find(({ name }) => name === pool));
    const values = found.map((known) => (known ? read(known) : none));
    return choose(...values);
  }

  #addNode(index: number, node: Plan['nodes'][number]): void {
    const { clock, random, cluster, pods, weather, tell } = this;
    const name = `n${index}`;
    const labels = {
      pool: poolName(node.pool % this.pools.length),
      'topology.kubernetes.io/zone': `zone-${node.zone}`,
    };
    const machine = new Machine(
      {
        clock,
        random,
        cluster,
        pods,
        weather,
        tell,
        onForeignBoot: (booted) => this.#options.observer.foreignBoot(booted),
      },
      { ...node, name, labels, wantsFromBeginning: node.wantsAtMs !== undefined },
    );
    this.machines.set(name, machine);
    machine.begin({ unschedulable: node.cordonedBefore });
    pods.addTo(name, 'DaemonSet');
    if (index % 3 === 0) pods.addTo(name, 'mirror');
    const { wantsAtMs } = node;
    if (wantsAtMs !== undefined) clock.after(wantsAtMs, () => machine.setSentinel(true));
  }

  #deps(worker: WorkerProcess): Deps {
    const { cluster, pods, weather, random } = this;
    const onMoved = (moved: Parameters<Observer['moved']>[0]): void =>
      this.#options.observer.moved(moved);
    const readsAfterMs = random.between(0, POLICY_READ_WITHIN_MS);
    const isOld = (): boolean => this.clock.nowMs < this.#policyChangedMs + readsAfterMs;
    const current = (): Policy => (isOld() ? this.#formerPolicy : this.policy);
    const version = (): number => this.#policyVersion - (isOld() ? 1 : 0);
    const deps: Deps = {
      worker: 'simulated',
      own: [],
      ...kubeApi({ cluster, pods, weather, random, onMoved }, worker),
      policy: {
        current,
        get hash() {
          return `policy-${version()}`;
        },
      },
      fleet: {
        node: () => undefined,
        onChange: (name, seen) =>
          cluster.watch(name, (view) =>
            worker.after(random.between(1, 30), () => seen(view && cluster.factsOf(view))),
          ),
      },
      calendars: { read: async () => ({ problem: 'there is no calendar' }) },
      alerts: new FakeAlerts(),
      silences: new FakeSilences(),
      notices: new FakeNotices(),
      messenger: new FakeMessenger(),
      temporal: temporalPort(this.server, worker),
      searchAttributes: () => true,
      evictionRefused: () => undefined,
      pollAgainMs: this.plan.pollAgainMs,
    };
    return this.#options.twist?.deps?.(deps) ?? deps;
  }

  /** The schedule: a scan that is due while one runs is skipped. */
  #scheduleScan(): void {
    const { scanEveryMs } = this.plan;
    let former: Run | undefined;
    const scan = (): void => {
      this.server.after(scanEveryMs, scan);
      if (former?.isOpen) return;
      this.#scans += 1;
      const lastResult = former?.result;
      former = this.server.start('fleetScan', `fleet-scan-${this.#scans}`, [], lastResult);
    };
    this.server.after(this.random.between(0, scanEveryMs), scan);
  }
}

/** Replaying costs as much as living: some of the histories are enough. */
export const isReplayed = ({ seed }: Plan): boolean => seed % 8 === 0;

function sayWrite({ by, view, revision }: NodeWrite): string {
  const { metadata, spec, status } = view;
  const ready = status.conditions.find(({ type }) => type === 'Ready')?.status;
  const wants = status.conditions.find(({ type }) => type === 'RebootRequired')?.status ?? '-';
  const cordon = spec.unschedulable ? ' cordoned' : '';
  const boot = status.nodeInfo.bootID;
  return `${metadata.name} by ${by.name} @${revision}: ready ${ready}${cordon} wants ${wants} ${boot} ${JSON.stringify(metadata.annotations)}${sayMarks(metadata.labels, spec.taints)}`;
}

function sayMarks(labels: Readonly<Record<string, string>>, taints: readonly NodeTaint[] = []) {
  const keys = taints.map(({ key }) => key);
  return ` ${labels[STATE_LABEL] ?? '-'} ${keys.join(',')}`.trimEnd();
}
