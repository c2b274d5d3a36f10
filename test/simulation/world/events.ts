import { ANNOTATION, readOrder, type NodeCondition } from '../../../domain/node-contract.ts';
import { isAccepted } from '../../../domain/recovery.ts';
import { lockId, rolloutId } from '../../../domain/names.ts';
import type { NodeTaint } from '../../../domain/node-facts.ts';
import type { Author } from '../../../lab/witness/contract.ts';
import type { NodeTrouble, PolicyChange, WorldEvent } from '../plan.ts';
import { toPayloads } from '../temporal/payloads.ts';
import { AWAY_TAINT, poolName, STATE_LABEL, WAITING_TAINT } from '../policy.ts';
import type { NodeRecord } from './cluster.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

const PERSON: Author = { role: 'other', name: 'a person' };
/** Has the credentials of a node's kubelet and agent. */
const ADVERSARY: Author = { role: 'other', name: 'an adversary' };

type Of<K extends WorldEvent['kind']> = Extract<WorldEvent, { kind: K }>;

/** What people and accidents do to the world, and what they want the nodes to be like. */
export class Events {
  readonly #world: World;
  /** Whether each node is to be unschedulable, as far as anybody but Lockkeeper has said. */
  readonly wantsCordon = new Map<string, boolean>();
  /** Reboots that were asked for after the beginning. */
  readonly asked = new Map<string, number>();
  /** When each lock was last told to go on. */
  readonly resumedMs = new Map<string, number>();
  readonly #oldOrders = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
    for (const [index, { cordonedBefore }] of world.plan.nodes.entries()) {
      this.wantsCordon.set(`n${index}`, cordonedBefore);
    }
  }

  /** Settles when it is done, which takes no time in the world. */
  async do(event: WorldEvent): Promise<void> {
    this.#world.tell(() => `EVENT ${JSON.stringify(event)}`);
    const act = this.#acts[event.kind] as (event: WorldEvent) => void | Promise<void>;
    await act(event);
  }

  readonly #acts: { [K in WorldEvent['kind']]: (event: Of<K>) => void | Promise<void> } = {
    worker: (event) => this.#worker(event),
    network: (event) => this.#network(event),
    'temporal-down': ({ forMs }) => {
      this.#world.disturb(forMs);
      this.#world.server.goDown(forMs);
    },
    workflow: (event) => this.#workflow(event),
    lock: (event) => this.#lock(event),
    say: (event) => this.#say(event),
    'say-lock': ({ pool, signal, input }) => this.sayLock(this.#pool(pool), signal, input),
    start: (event) => this.#start(event),
    node: ({ node, how, forMs }) => {
      const machine = this.#machine(node);
      if (machine) this.#nodeActs[how](machine, forMs);
    },
    pods: (event) => this.#pods(event),
    policy: ({ pool, change }) => this.#policy(pool, change),
  };

  /** Somebody tells the lock of a pool something. */
  sayLock(pool: string, signal: string, input: unknown): void {
    if (signal === 'resume') this.resumedMs.set(pool, this.#world.clock.nowMs);
    const said = { name: signal, input: input === null ? [] : toPayloads(input) };
    this.#world.server.signal({ workflowId: lockId(pool) }, said);
  }

  /** Remembers an order, to be put back when it is long over. */
  noteOrder(node: string, annotations: Readonly<Record<string, string>>): void {
    const order = annotations[ANNOTATION.order];
    if (order !== undefined) this.#oldOrders.set(node, order);
  }

  /** Somebody other than Lockkeeper cordons or uncordons; what is so already is left alone, as kubectl does. */
  setCordon(node: string, cordon: boolean): void {
    this.#world.cluster.write(node, PERSON, (changed) => {
      if (changed.unschedulable === cordon) return false;
      // Nobody can tell a cordon that was lifted and set again from the first one.
      if (cordon && changed.annotations[ANNOTATION.rollout] !== undefined) return false;
      changed.unschedulable = cordon;
      this.wantsCordon.set(node, cordon);
      return true;
    });
  }

  /** Takes annotations off a node; what is left of its cordon is from then on the person's. */
  strip(node: string, keys: readonly string[]): void {
    this.#world.cluster.write(node, PERSON, (changed) => {
      const there = keys.filter((key) => changed.annotations[key] !== undefined);
      for (const key of there) delete changed.annotations[key];
      if (there.includes(ANNOTATION.rollout)) {
        this.#tampered(changed);
        changed.lifecycle.clear();
      }
      return there.length > 0;
    });
  }

  #machine(index: number): Machine | undefined {
    const all = [...this.#world.machines.values()];
    return all[index % all.length];
  }

  #worker({ worker: index, how, forMs }: Of<'worker'>): void {
    const { workers, clock } = this.#world;
    const slot = index % this.#world.plan.workers;
    const worker = workers.all.find(({ name }) => name.startsWith(`worker-${slot}.`));
    if (!worker?.alive || worker.stopping) return;
    this.#world.disturb(forMs + 60_000);
    switch (how) {
      case 'crash':
        worker.kill();
        clock.after(forMs, () => this.#world.startWorker(slot));
        break;
      case 'freeze':
        worker.frozenUntilMs = clock.nowMs + Math.min(forMs, 30_000);
        break;
      case 'stop':
        worker.stop();
        this.#world.startWorker(slot);
        break;
      default:
        how satisfies never;
    }
  }

  #network({ service, worker: index, trouble, chance, forMs }: Of<'network'>): void {
    const { workers, weather } = this.#world;
    const host = index === undefined ? undefined : workers.all[index % workers.all.length];
    this.#world.disturb(forMs + 60_000);
    weather.brew({ service, kind: trouble, chance, forMs, ...(host ? { host } : {}) });
  }

  #rollout(node: number): string {
    const { server } = this.#world;
    const name = this.#machine(node)?.name ?? '';
    return server.open(byHand(name)) ? byHand(name) : rolloutId(name);
  }

  #workflow({ node, how, fraction }: Of<'workflow'>): void | Promise<void> {
    const { server } = this.#world;
    const id = this.#rollout(node);
    this.#world.disturb(120_000);
    if (how === 'terminate') server.terminate(id);
    else if (how === 'cancel') server.cancel(id);
    else return server.reset(id, fraction);
  }

  #lock({ pool, how, fraction }: Of<'lock'>): void | Promise<void> {
    const { server } = this.#world;
    const id = lockId(this.#pool(pool));
    this.#world.disturbLock(180_000);
    if (how === 'terminate') server.terminate(id);
    else return server.reset(id, fraction);
  }

  #say({ node, signal, input, times }: Of<'say'>): void {
    const { server, clock, random } = this.#world;
    const workflowId = this.#rollout(node);
    const said = { name: signal, input: input === null ? [] : toPayloads(input) };
    for (let time = 0; time < times; time += 1) {
      clock.after(time * random.between(0, 30_000), () => server.signal({ workflowId }, said));
    }
  }

  #start({ node, otherId, evenIfNotRequired }: Of<'start'>): void {
    const name = this.#machine(node)?.name ?? '';
    const id = otherId ? byHand(name) : rolloutId(name);
    const run = this.#world.server.start('nodeRollout', id, [{ node: name, evenIfNotRequired }]);
    if (run && evenIfNotRequired) this.#ask(name);
  }

  readonly #nodeActs: Record<NodeTrouble, (machine: Machine, forMs: number) => void> = {
    cordon: ({ name }) => this.setCordon(name, true),
    uncordon: ({ name }) => this.setCordon(name, false),
    hold: ({ name }) => this.#annotate(name, ANNOTATION.hold, 'somebody works on it'),
    unhold: ({ name }) => this.strip(name, [ANNOTATION.hold]),
    delete: ({ name }, forMs) => {
      this.#world.cluster.write(name, PERSON, (changed) => {
        changed.deletingSinceMs = this.#world.clock.nowMs;
      });
      this.#world.clock.after(forMs, () => this.#delete(name));
    },
    'strip-record': ({ name }) => this.strip(name, [ANNOTATION.rollout]),
    'strip-order': ({ name }) => this.#stripUnlessAccepted(name, ANNOTATION.order),
    'strip-answer': ({ name }) => this.#stripUnlessAccepted(name, ANNOTATION.answer),
    'scribble-record': ({ name }) => {
      this.#annotate(name, ANNOTATION.rollout, '{"workflowId": oh');
      const node = this.#world.cluster.record(name);
      if (node) this.#tampered(node);
    },
    'lose-kubelet': (machine, forMs) => machine.loseKubelet(forMs),
    'power-cut': (machine) => machine.cutPower(),
    'sentinel-off': (machine) => machine.setSentinel(false),
    'sentinel-on': (machine) => {
      if (!machine.sentinel) this.#ask(machine.name);
      machine.setSentinel(true);
    },
    'lose-agent': (machine, forMs) => {
      this.#world.disturb(forMs);
      machine.loseAgent(forMs);
    },
    'copy-order': (machine) => this.#copyOrder(machine),
    label: ({ name }) => this.#label(name, 'broken'),
    unlabel: ({ name }) => this.#label(name, undefined),
    taint: ({ name }) => this.#taint(name, true),
    untaint: ({ name }) => this.#taint(name, false),
    'take-away': ({ name }, forMs) => {
      this.takeAway(name, true);
      this.#world.clock.after(forMs, () => this.takeAway(name, false));
    },
    babble: ({ name }, forMs) => this.#babble(name, forMs),
  };

  /** Writes his own node as often as he can: first other words and dates each time, then whatever makes another revision. */
  #babble(name: string, forMs: number): void {
    const { cluster, clock, random } = this.#world;
    const beganMs = clock.nowMs;
    const honest = cluster.record(name)?.report;
    const write = (): void => {
      const forgesMs = beganMs + forMs / 2 - clock.nowMs;
      const isThere = cluster.write(name, ADVERSARY, (node) => {
        node.annotations['example.org/turn'] = String(clock.nowMs);
        if (honest) node.report = forgesMs > 0 ? forgedReport(honest, clock.nowMs) : honest;
      });
      if (isThere && clock.nowMs < beganMs + forMs) clock.after(random.between(30, 150), write);
    };
    write();
  }

  /**
   * Whoever destroys the record of a rollout answers for the cordon, for a sentinel that nobody looks at after the reboot, and
   * for a reboot that the agent has accepted, whenever the machine comes up.
   */
  #tampered({ name, unschedulable }: Readonly<NodeRecord>): void {
    const facts = this.#world.cluster.facts(name);
    if (facts && isAccepted(facts)) this.#world.expectForeignBoot(name);
    this.wantsCordon.set(name, unschedulable);
    this.#ask(name);
  }

  #ask(name: string): void {
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
  }

  /** Whoever takes an acceptance away while the machine goes down takes the only trace of it away. */
  #stripUnlessAccepted(name: string, key: string): void {
    const facts = this.#world.cluster.facts(name);
    if (facts && !isAccepted(facts)) this.strip(name, [key]);
  }

  #annotate(name: string, key: string, text: string): void {
    this.#world.cluster.write(name, PERSON, ({ annotations }) => {
      annotations[key] = text;
    });
  }

  /** What others write there is theirs, also on a node that a rollout has. */
  #label(name: string, value: string | undefined): void {
    this.#world.cluster.write(name, PERSON, ({ labels }) => {
      if (labels[STATE_LABEL] === value) return false;
      if (value === undefined) delete labels[STATE_LABEL];
      else labels[STATE_LABEL] = value;
      return true;
    });
  }

  /** A taint of the same key and effect there is only once: where Lockkeeper's is, nobody puts another on. */
  #taint(name: string, on: boolean): void {
    this.#setTaint(name, { key: WAITING_TAINT, effect: 'PreferNoSchedule' }, on);
  }

  /** An autoscaler is about to remove the node, or has thought better of it. */
  takeAway(name: string, on: boolean): void {
    this.#setTaint(name, { key: AWAY_TAINT, effect: 'NoSchedule' }, on);
  }

  #setTaint(name: string, taint: NodeTaint, on: boolean): void {
    this.#world.cluster.write(name, PERSON, (changed) => {
      const others = changed.taints.filter(({ key }) => key !== taint.key);
      if (on === others.length < changed.taints.length) return false;
      changed.taints = on ? [...others, taint] : others;
      return true;
    });
  }

  #delete(name: string): void {
    if (this.#world.cluster.record(name)?.deletingSinceMs === undefined) return;
    this.#world.cluster.remove(name);
    this.#world.pods.dropNode(name);
    this.wantsCordon.delete(name);
  }

  /** As when a backup is restored: an order of an earlier boot appears once more. */
  #copyOrder({ name, bootId }: Machine): void {
    const text = this.#oldOrders.get(name);
    const order = readOrder(text);
    if (text === undefined || !order?.ok || order.value.bootId === bootId) return;
    this.#world.cluster.write(name, PERSON, ({ annotations }) => {
      if (annotations[ANNOTATION.rollout] !== undefined) return false;
      annotations[ANNOTATION.order] = text;
      return true;
    });
  }

  #pods({ node, app, how, forMs }: Of<'pods'>): void {
    const { pods, clock } = this.#world;
    const name = this.#machine(node)?.name ?? '';
    if (how === 'bare-pod') return pods.addTo(name, 'bare', { toleratesCordon: true });
    if (how === 'stuck') {
      pods.setStuck(name, true);
      clock.after(forMs, () => pods.setStuck(name, false));
      return;
    }
    const apps = [...pods.apps.values()];
    const chosen = apps[app % Math.max(1, apps.length)];
    if (!chosen) return;
    chosen.denied = how === 'denied' ? 'webhook' : 'two-budgets';
    clock.after(forMs, () => {
      delete chosen.denied;
    });
  }

  #policy(index: number, change: PolicyChange): void {
    const pool = index % this.#world.pools.length;
    const { clock } = this.#world;
    if ('closedForMs' in change) {
      this.#world.changePool(pool, { closed: true });
      clock.after(change.closedForMs, () => this.#world.changePool(pool, { closed: false }));
    } else if ('goneForMs' in change) {
      this.#world.changePool(pool, { gone: true });
      clock.after(change.goneForMs, () => this.#world.changePool(pool, { gone: false }));
    } else this.#world.changePool(pool, change);
  }

  #pool(index: number): string {
    return poolName(index % this.#world.pools.length);
  }
}

const byHand = (node: string): string => `by-hand/${node}`;

/** Words that stand in the reason of a gate, and now and then the dates of a clock that is far ahead. */
function forgedReport(report: NodeCondition, nowMs: number): NodeCondition {
  const ahead = '9999-01-01T00:00:00Z';
  const dates = nowMs % 7 === 0 ? { lastHeartbeatTime: ahead, lastTransitionTime: ahead } : {};
  return { ...report, ...dates, status: 'Unknown', message: `turn ${nowMs}` };
}
