import { log, setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { GateQuestion } from '../activities/gates/gate-facts.ts';
import type { Plan } from '../activities/plan.ts';
import type { Moved } from '../activities/pool.ts';
import { fieldsOf } from '../domain/fields.ts';
import type { ClosedGate } from '../domain/gates/names.ts';
import type { RolloutRecord } from '../domain/node-contract.ts';
import type { CameBack } from '../domain/pod-verdict.ts';
import { PASSING } from '../domain/phases.ts';
import { present } from '../domain/present.ts';
import type { RolloutInput } from '../domain/rollout-input.ts';
import type { Phase, RolloutStatus } from '../domain/status.ts';
import { describeStatus } from '../domain/status-text.ts';
import * as messages from './messages.ts';
import { SignalsHeard, type SignalsCarried } from './signals.ts';

const NODE = defineSearchAttributeKey('LockkeeperNode', 'KEYWORD');
const POOL = defineSearchAttributeKey('LockkeeperPool', 'KEYWORD');
const PHASE = defineSearchAttributeKey('LockkeeperPhase', 'KEYWORD');

/** An answer about the gates that is older says nothing of how noisy they are now. */
const ANSWERS_COUNT_FOR_MS = 10 * 60_000;

/** What the rollout has of the cluster, and would have to give back. */
export type Holding =
  | { readonly kind: 'nothing' }
  /** A place in the queue of its pool, or a permit that is not used. */
  | { readonly kind: 'turn'; readonly pool: string }
  /** Its node, by the record on it. `cordonedAtMs` is 0 where nobody knows since when. */
  | {
      readonly kind: 'node';
      readonly record: RolloutRecord;
      readonly cordonedAtMs: number;
      /** The deadline of the drain counts from here; a pause takes it along. */
      readonly drainingSinceMs: number;
      /** How often its drains were undone by whom. */
      readonly cameBack: CameBack;
    };

/** What a rollout carries along when it continues as new. */
export interface Carried {
  readonly signals: SignalsCarried;
  readonly startedAtMs: number;
  readonly answeredMs: readonly number[];
  readonly before?: NonNullable<GateQuestion['before']>;
  /** What it waits for, and since when. */
  readonly waiting?: Extract<RolloutStatus['phase'], { at: 'waiting' }>;
}

/** One rollout as the workflow knows it: what was planned, what was said, where it stands, what it has. */
export class Rollout {
  readonly input: RolloutInput;
  readonly signals: SignalsHeard;
  #holding: Holding = { kind: 'nothing' };
  /** The node has been read; false again when what stands on it is not what the rollout remembers. */
  isPlanned = false;
  /** Since when its node is out of service, where that tells how long a rollout takes. */
  outSinceMs: number | undefined;
  /** The window that a person has opened, where the gates were open by that. */
  opened: string | undefined;
  #plan: Plan | undefined;
  #node: string;
  #phase: RolloutStatus['phase'];
  #marked: Phase['at'] | undefined;
  #policy: string | undefined;
  #before: GateQuestion['before'];
  #answeredMs: readonly number[];
  readonly #startedAtMs: number;

  /** Registers every handler, so it has to be made before anything is awaited. */
  constructor(input: RolloutInput, carried?: Carried) {
    this.input = input;
    this.#node = nodeIn(input);
    this.#startedAtMs = carried?.startedAtMs ?? Date.now();
    this.#answeredMs = carried?.answeredMs ?? [];
    this.#before = carried?.before;
    this.#phase = carried?.waiting ?? { at: 'starting', sinceMs: Date.now() };
    const answering = { changed: () => this.#show(), status: () => this.#status() };
    this.signals = new SignalsHeard(answering, carried?.signals);
    this.signals.listen();
    setHandler(messages.rolloutStatus, () => this.#status(), {
      description: 'Where the rollout stands, and why.',
    });
  }

  get holding(): Holding {
    return this.#holding;
  }

  /** A grant is expected only by who has a turn and no permit yet. */
  has(holding: Holding): void {
    this.#holding = holding;
    this.signals.asksForTurn = holding.kind === 'turn';
    if (holding.kind !== 'turn') this.signals.grantId = undefined;
    if (holding.kind === 'nothing') this.signals.accepted = undefined;
    this.#show();
  }

  get node(): string {
    return this.#node;
  }

  get pool(): string | undefined {
    return this.#plan?.pool;
  }

  /** The node, with its pool where it is in one: what every activity is asked about. */
  get place(): { readonly node: string; readonly pool?: string } {
    return { node: this.node, ...present({ pool: this.pool }) };
  }

  /** What it waits for at its gates; undefined where it stands elsewhere. */
  get waiting(): Carried['waiting'] {
    return this.#phase.at === 'waiting' ? this.#phase : undefined;
  }

  /** Takes the plan over, once it is made. */
  begin(plan: Plan): void {
    this.#plan = plan;
    this.isPlanned = true;
    this.#node = plan.request.node;
  }

  /** Moves on to a phase, and shows it wherever a person looks. */
  enter(phase: Phase): void {
    const sinceMs = this.#phase.at === phase.at ? this.#phase.sinceMs : Date.now();
    this.#phase = { ...phase, sinceMs };
    if (phase.at !== 'draining' && phase.at !== 'paused') this.signals.drain = undefined;
    this.#mark(phase.at);
    this.#show();
  }

  /** Shows which gates are closed, and remembers since when. */
  waitFor(closed: readonly ClosedGate[], pollAgainMs: number): void {
    this.opened = undefined;
    const known = this.waiting?.closed ?? [];
    const sinceOf = ({ gate }: ClosedGate): number =>
      known.find((other) => other.gate === gate)?.sinceMs ?? Date.now();
    this.enter({
      at: 'waiting',
      closed: closed.map((gate) => ({ ...gate, sinceMs: sinceOf(gate), pollAgainMs })),
    });
  }

  carried(): Carried {
    const { paused, skipped, notUnderstood } = this.signals;
    return {
      signals: { paused, skipped, notUnderstood },
      startedAtMs: this.#startedAtMs,
      answeredMs: this.answeredMs,
      ...present({ before: this.#before, waiting: this.waiting }),
    };
  }

  /** Notes that the gates have said something new. */
  answered(): void {
    this.#answeredMs = [...this.answeredMs, Date.now()];
  }

  /** When they have, within the last minutes. */
  get answeredMs(): readonly number[] {
    const sinceMs = Date.now() - ANSWERS_COUNT_FOR_MS;
    return this.#answeredMs.filter((atMs) => atMs > sinceMs);
  }

  /** Goes on in the pool that its node is in now; a node that is in none waits at a gate that says so. */
  move({ pool, because, policy }: Moved): void {
    this.follow(policy);
    if (!this.#plan || pool === undefined || pool === this.pool) return;
    log.info('rollout goes on in another pool', { node: this.node, pool, because });
    if (this.pool !== undefined) this.#before = { pool: this.pool, untilMs: Date.now() };
    this.#plan = { ...this.#plan, pool };
    if (this.#marked !== undefined) upsertSearchAttributes([{ key: POOL, value: pool }]);
    this.#show();
  }

  /** How long its node has been out of service by now. */
  get took(): { tookMs?: number } {
    return this.outSinceMs === undefined ? {} : { tookMs: Date.now() - this.outSinceMs };
  }

  /** Remembers which policy the latest decision followed; some decisions cannot tell. */
  follow(policy: string | undefined): void {
    this.#policy = policy ?? this.#policy;
  }

  /** The question of every evaluation of the gates. */
  gateQuestion(): GateQuestion {
    const { skip = [], evenIfNotRequired = false } = this.#plan?.request ?? {};
    return {
      node: this.node,
      pool: this.pool ?? '',
      skip: [...skip, ...this.signals.skipped.map(({ gate }) => gate)],
      evenIfNotRequired,
      ...present({ before: this.#before, restAfter: this.#plan?.rest }),
    };
  }

  #status(): RolloutStatus {
    const { grantId, accepted, paused, aborted, skipped, notUnderstood, drain } = this.signals;
    const phase = this.#phase;
    const isDraining = phase.at === 'draining' || phase.at === 'paused';
    const record = this.#holding.kind === 'node' ? this.#holding.record : undefined;
    return {
      node: this.node,
      pool: this.pool ?? '',
      phase: isDraining && drain ? { ...phase, drain } : phase,
      ...present({ permit: grantId, record, accepted, paused, aborted }),
      ...present({ window: this.opened, policy: this.#policy }),
      ...present({ outSinceMs: record && this.outSinceMs }),
      skipped: [...this.#skippedFromTheStart(), ...skipped],
      notUnderstood,
    };
  }

  /** What the rollout was started with counts as the word of whoever started it. */
  #skippedFromTheStart(): RolloutStatus['skipped'] {
    const {
      skip = [],
      requestedBy = 'whoever started it',
      reason = 'no reason given',
    } = this.#plan?.request ?? {};
    const word = { reason, by: requestedBy, atMs: this.#startedAtMs };
    return skip.map((gate) => ({ ...word, gate }));
  }

  /** Each upsert is an event and an Action: only phases that last are worth one. */
  #mark(at: Phase['at']): void {
    if (!this.#plan?.searchAttributes || PASSING.has(at) || this.#marked === at) return;
    const first = this.#marked === undefined;
    this.#marked = at;
    upsertSearchAttributes([
      ...(first ? [{ key: NODE, value: this.node }] : []),
      ...(first && this.pool !== undefined ? [{ key: POOL, value: this.pool }] : []),
      { key: PHASE, value: at },
    ]);
  }

  #show(): void {
    setCurrentDetails(describeStatus(this.#status()));
  }
}

function nodeIn(input: unknown): string {
  const { node } = fieldsOf(input);
  return typeof node === 'string' && node !== '' ? node : 'the node';
}
