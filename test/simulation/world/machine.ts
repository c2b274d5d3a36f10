import { systemClock, type Clock as AgentClock } from '../../../activities/clock.ts';
import type { Host as AgentHost } from '../../../agent/host.ts';
import type { Log } from '../../../agent/log.ts';
import { OrderDesk } from '../../../agent/orders.ts';
import { Reporter } from '../../../agent/report.ts';
import { ANNOTATION } from '../../../domain/node-contract.ts';
import type { Author } from '../../../lab/witness/contract.ts';
import type { Clock } from '../time/clock.ts';
import { Host } from '../time/host.ts';
import type { Random } from '../time/random.ts';
import { agentKube } from './agent-kube.ts';
import type { Cluster, NodeRecord } from './cluster.ts';
import type { Pods } from './pods.ts';
import type { Weather } from './weather.ts';

/** How a machine takes a reboot. */
export const REBOOTS = [
  'well',
  'quick',
  'late',
  'never',
  'same-boot',
  'flaps',
  'sentinel-stays',
  'agent-late',
  'fails-to-start',
] as const;
export type RebootManner = (typeof REBOOTS)[number];

export interface MachineParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly cluster: Cluster;
  readonly pods: Pods;
  readonly weather: Weather;
  readonly tell: (words: () => string) => void;
  /** A boot without an order: nobody's fault but the world's. */
  readonly onForeignBoot: (node: string) => void;
}

export interface MachinePlan {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its sentinel appears by itself, once. */
  readonly wantsFromBeginning: boolean;
  readonly downForMs: number;
  /** How its reboots go, one after the other; then all go well. */
  readonly reboots: readonly RebootManner[];
  /** Its clock differs from the others' by this. */
  readonly skewMs: number;
}

/** The node controller takes a kubelet that it has not heard for this long for gone. */
const MISSED_AFTER_MS = 40_000;
/** A kubelet reports its status this often when nothing changes. */
const STATUS_EVERY_MS = 5 * 60_000;
/** The agent looks at the sentinel this often. */
const SENTINEL_EVERY_MS = 60_000;
const SAY_EVERY_MS = 4 * 60_000;

const KUBELET: Author = { role: 'other', name: 'kubelet' };
const CONTROLLER: Author = { role: 'other', name: 'node-controller' };
const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** One machine: what boots, its kubelet, its sentinel, and the real agent's code on top. */
export class Machine {
  readonly plan: MachinePlan;
  sentinel = false;
  /** Until a person repairs it: a machine that never comes back, or does not really reboot. */
  broken = false;
  /** When the agent that runs was started, by the machine's own clock. */
  agentSinceMs = 0;
  /** Reboots that somebody ordered, each once: one that did not take place is begun again by the agent. */
  readonly ordered: { readonly atMs: number; readonly bootId: string }[] = [];
  #parts: MachineParts;
  #boots = 0;
  #reboots = 0;
  #life: Host;
  #agent: { host: Host; desk: OrderDesk; reporter: Reporter; stop: () => void } | undefined;
  #agentAway = 0;
  #healed = false;

  constructor(parts: MachineParts, plan: MachinePlan) {
    this.#parts = parts;
    this.plan = plan;
    this.#life = new Host(plan.name, parts.clock);
  }

  get name(): string {
    return this.plan.name;
  }

  get bootId(): string {
    return `${this.name}-boot-${this.#boots}`;
  }

  get isUp(): boolean {
    return this.#life.alive;
  }

  /** Before the story begins. */
  begin(facts: Partial<NodeRecord>): void {
    this.#boots = 1;
    const { labels, name } = this.plan;
    this.#parts.cluster.create(
      name,
      { labels: { ...labels }, bootId: this.bootId, ...facts },
      KUBELET,
    );
    this.#live();
    this.#startAgent(0);
  }

  /** By an order: whatever the manner, only this once. */
  reboot(): void {
    const manner = this.#healed ? 'well' : (this.plan.reboots[this.#reboots] ?? 'well');
    if (manner === 'fails-to-start') {
      this.#reboots += 1;
      throw new Error('the reboot command was refused');
    }
    this.#reboots += 1;
    const { bootId } = this;
    if (this.ordered.at(-1)?.bootId !== bootId) {
      this.ordered.push({ atMs: this.#parts.clock.nowMs, bootId });
    }
    this.#parts.tell(() => `${this.name} reboots: ${manner}`);
    this.#goDown(manner);
  }

  /** The power fails: nobody ordered it. */
  cutPower(): void {
    if (!this.isUp) return;
    this.#parts.tell(() => `${this.name} loses its power`);
    this.#parts.onForeignBoot(this.name);
    this.#goDown('well');
  }

  /** The kubelet alone stops for a while. */
  loseKubelet(forMs: number): void {
    if (!this.isUp) return;
    const life = this.#life;
    this.#parts.tell(() => `${this.name} loses its kubelet for ${forMs} ms`);
    this.#setReady('Unknown', CONTROLLER);
    this.#parts.clock.after(forMs, () => {
      if (life.alive && life === this.#life) this.#setReady('True', KUBELET);
    });
  }

  loseAgent(forMs: number): void {
    this.#stopAgent();
    this.#agentAway += 1;
    const absence = this.#agentAway;
    this.#parts.clock.after(forMs, () => {
      if (absence === this.#agentAway && this.isUp) this.#startAgent(0);
    });
  }

  setSentinel(there: boolean): void {
    this.sentinel = there;
    const life = this.#life;
    this.#parts.clock.after(this.#parts.random.between(0, SENTINEL_EVERY_MS), () => {
      if (life === this.#life) this.#say();
    });
  }

  /** From now on all its reboots go well, and its agent stays. */
  heal(): void {
    this.#healed = true;
    if (this.isUp && !this.#agent) this.#startAgent(0);
  }

  /** A person sees to it: whatever was wrong with the machine is mended, and it is started if it has to be. */
  repair(): void {
    if (!this.broken) return;
    this.broken = false;
    this.#parts.tell(() => `${this.name} is repaired`);
    // Its power is cut for that.
    if (this.isUp) this.#parts.onForeignBoot(this.name);
    this.#life.kill();
    this.#stopAgent();
    this.#parts.clock.after(this.plan.downForMs, () => this.#comeUp('well'));
  }

  /** A person does what the order, which has been accepted, would have done. */
  rebootByHand(): void {
    if (!this.isUp) return;
    this.#parts.tell(() => `${this.name} is rebooted by hand`);
    this.#goDown('well');
  }

  #goDown(manner: RebootManner): void {
    const { clock, random, pods } = this.#parts;
    this.#life.kill();
    this.#stopAgent();
    pods.setReady(this.name, false);
    const downForMs = this.#downForMs(manner);
    clock.after(MISSED_AFTER_MS, () => {
      if (!this.isUp) this.#setReady('Unknown', CONTROLLER);
    });
    if (manner === 'never') {
      this.broken = true;
      return;
    }
    clock.after(downForMs + random.between(0, 2_000), () => this.#comeUp(manner));
  }

  #downForMs(manner: RebootManner): number {
    if (manner === 'quick') return 8_000;
    if (manner === 'late') return this.plan.downForMs + 40 * 60_000;
    return this.plan.downForMs;
  }

  #comeUp(manner: RebootManner): void {
    const { clock, random, cluster, pods } = this.#parts;
    if (this.isUp) return;
    this.broken = manner === 'same-boot';
    if (!this.broken) this.#boots += 1;
    if (manner !== 'same-boot' && manner !== 'sentinel-stays') this.sentinel = false;
    const { name, labels } = this.plan;
    const { bootId } = this;
    // Its Node object may have been deleted meanwhile: then it registers anew.
    if (!cluster.record(name)) cluster.create(name, { labels: { ...labels }, bootId }, KUBELET);
    cluster.write(name, KUBELET, (node) => {
      node.bootId = bootId;
    });
    this.#live();
    if (manner !== 'quick') this.#setReady('False', KUBELET);
    const life = this.#life;
    const at = (ms: number, act: () => void): void => {
      life.after(ms, act);
    };
    const readyAfterMs = random.between(500, 5_000);
    at(readyAfterMs, () => this.#setReady('True', KUBELET));
    at(readyAfterMs + random.between(0, 8_000), () => pods.setReady(name, true));
    if (manner === 'flaps') this.#flap(at, readyAfterMs);
    const agentAfterMs = manner === 'agent-late' ? 5 * 60_000 : random.between(500, 10_000);
    clock.after(agentAfterMs, () => {
      if (life === this.#life && life.alive) this.#startAgent(0);
    });
  }

  #flap(at: (ms: number, act: () => void) => void, fromMs: number): void {
    for (let time = 1; time <= 4; time += 1) {
      at(fromMs + time * 9_000, () => this.#setReady('False', KUBELET));
      at(fromMs + time * 9_000 + 4_000, () => this.#setReady('True', KUBELET));
    }
  }

  /** A new life of the machine: its kubelet reports from time to time. */
  #live(): void {
    this.#life = new Host(this.name, this.#parts.clock);
    const life = this.#life;
    const report = (): void => {
      this.#parts.cluster.write(this.name, KUBELET, ({ ready }) => {
        if (ready.status !== 'True') return false;
        ready.heardAtMs = this.#ownTimeMs();
        return true;
      });
      life.after(STATUS_EVERY_MS, report);
    };
    life.after(this.#parts.random.between(1, STATUS_EVERY_MS), report);
  }

  #setReady(status: NodeRecord['ready']['status'], by: Author): void {
    const atMs = by === KUBELET ? this.#ownTimeMs() : this.#parts.clock.nowMs;
    this.#parts.cluster.write(this.name, by, (node) => {
      const sinceMs = node.ready.status === status ? node.ready.sinceMs : atMs;
      const heardAtMs = by === KUBELET ? atMs : node.ready.heardAtMs;
      node.ready = { status, sinceMs, heardAtMs };
    });
  }

  #ownTimeMs(): number {
    return this.#parts.clock.nowMs + this.plan.skewMs;
  }

  #startAgent(delayMs: number): void {
    this.#agentAway += 1;
    this.#life.after(delayMs, () => {
      if (!this.#agent) this.#runAgent();
    });
  }

  #runAgent(): void {
    const { clock, cluster, weather, random } = this.#parts;
    const host = new Host(`agent of ${this.name}`, clock);
    const ownClock: AgentClock = {
      now: () => this.#ownTimeMs(),
      pause: (ms, signal) => systemClock.pause(ms, signal),
    };
    const kube = agentKube({ cluster, weather }, this.name, host);
    const parts = { kube, node: this.name, clock: ownClock, log: SILENT };
    const desk = new OrderDesk({ ...parts, host: this.#agentHost() });
    const reporter = new Reporter(parts);
    const stopping = new AbortController();
    const show = (): void => {
      const view = cluster.view(this.name);
      if (!view) return;
      const { annotations, uid } = view.metadata;
      const seen = {
        uid,
        orderText: annotations[ANNOTATION.order],
        answerText: annotations[ANNOTATION.answer],
      };
      desk.see(seen);
    };
    const unwatch = cluster.watch(this.name, () => host.after(random.between(1, 200), show));
    this.#agent = { host, desk, reporter, stop: unwatch };
    this.agentSinceMs = this.#ownTimeMs();
    host.run(() => {
      void desk.run(stopping.signal).catch(() => undefined);
      void reporter.run(stopping.signal).catch(() => undefined);
    });
    host.after(1, show);
    const sayAgain = (): void => {
      this.#say();
      host.after(SAY_EVERY_MS, sayAgain);
    };
    host.after(2, sayAgain);
  }

  #agentHost(): AgentHost {
    return {
      bootId: async () => this.bootId,
      checkSentinel: async () => ({ wants: 'unknown', message: '' }),
      reboot: async () => this.reboot(),
    };
  }

  #stopAgent(): void {
    this.#agent?.stop();
    this.#agent?.host.kill();
    this.#agent = undefined;
  }

  #say(): void {
    const agent = this.#agent;
    if (!agent) return;
    const wants = this.sentinel ? 'required' : 'not-required';
    const message = this.sentinel ? 'linux-image' : '';
    agent.host.run(() => agent.reporter.say({ wants, message, heardAtMs: this.#ownTimeMs() }));
  }
}
