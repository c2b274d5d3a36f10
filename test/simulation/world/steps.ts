import type { NodeFacts } from '../../../domain/node-facts.ts';
import { isAccepted } from '../../../domain/recovery.ts';
import type { Plan, PlannedEvent, Step, WorldEvent } from '../plan.ts';
import type { NodeWrite } from './cluster.ts';
import type { Events } from './events.ts';
import type { World } from './world.ts';

/** Lets the events of a plan happen: at their time, or when their node comes to their step. */
export class Steps {
  readonly #world: World;
  readonly #events: Events;
  #waiting: { node: string; step: Step; plusMs: number; what: WorldEvent }[] = [];
  readonly #untilMs: number;

  constructor(world: World, events: Events, plan: Plan) {
    this.#world = world;
    this.#events = events;
    this.#untilMs = world.clock.nowMs + plan.troubleForMs;
    for (const planned of plan.events) this.#plan(planned, plan);
  }

  written({ view, by }: NodeWrite): void {
    if (this.#waiting.length === 0) return;
    const reached = stepsOf(this.#world.cluster.factsOf(view), by.role === 'worker');
    this.#come(view.metadata.name, (step) => reached.includes(step));
  }

  /** Nothing is left on the node that has to go. */
  emptied(node: string): void {
    if (this.#world.cluster.facts(node)?.rollout) this.#come(node, (step) => step === 'emptied');
  }

  granted(node: string): void {
    this.#come(node, (step) => step === 'granted');
  }

  #come(node: string, isReached: (step: Step) => boolean): void {
    const due = this.#waiting.filter((one) => one.node === node && isReached(one.step));
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const { plusMs, what } of due) this.#at(this.#world.clock.nowMs + plusMs, what);
  }

  #plan({ when, what }: PlannedEvent, { nodes }: Plan): void {
    if ('atMs' in when) return this.#at(this.#world.clock.nowMs + when.atMs, what);
    const node = when.node % nodes.length;
    this.#waiting.push({ ...when, node: `n${node}`, what: befalling(what, node) });
  }

  #at(atMs: number, what: WorldEvent): void {
    if (atMs < this.#untilMs) this.#world.clock.at(atMs, () => this.#events.do(what));
  }
}

/** The steps at which a node stands, or that it has passed in this rollout. */
function stepsOf(facts: NodeFacts, byWorker: boolean): Step[] {
  if (!facts.rollout?.ok) {
    const wanted = facts.report?.wants === 'required';
    return [...when(wanted, 'wanted'), ...when(byWorker, 'handed back')];
  }
  const booted = facts.bootId !== facts.rollout.value.bootIdBefore;
  return [
    'cordoned',
    ...when(facts.order !== undefined, 'ordered'),
    ...when(isAccepted(facts), 'accepted'),
    ...when(booted, 'booted'),
    ...when(booted && facts.ready, 'ready again'),
  ];
}

const when = (holds: boolean, step: Step): Step[] => (holds ? [step] : []);

/** An event that is about a node is about this one. */
function befalling(what: WorldEvent, node: number): WorldEvent {
  return 'node' in what ? { ...what, node } : what;
}
