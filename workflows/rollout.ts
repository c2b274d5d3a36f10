import { log, setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { GateQuestion } from '../activities/gates/gate-facts.ts';
import type { QueuePriority } from '../activities/gates/pass-gates.ts';
import type { Plan } from '../activities/plan.ts';
import type { Moved } from '../activities/pool.ts';
import type { ClosedGate } from '../domain/gates/names.ts';
import type { Phase } from '../domain/phases.ts';
import { describeStatus } from '../domain/status-text.ts';
import type { Outcome, RolloutResult, RolloutStatus } from '../domain/status.ts';
import { listen, type Control } from './control.ts';
import { rolloutStatus } from './messages.ts';

const NODE = defineSearchAttributeKey('LockkeeperNode', 'KEYWORD');
const POOL = defineSearchAttributeKey('LockkeeperPool', 'KEYWORD');
const PHASE = defineSearchAttributeKey('LockkeeperPhase', 'KEYWORD');

/** Phases that are over in a moment. */
const PASSING: ReadonlySet<Phase> = new Set<Phase>([
  'starting',
  'cordoning',
  'ordering',
  'restoring',
]);

/** In another phase the word of a drain comes late: it is not waited for where it is sent. */
const DRAINING: ReadonlySet<Phase> = new Set<Phase>(['draining', 'paused']);

/** One rollout as the workflow knows it: what was planned, what people have said, where it stands. */
export class Rollout {
  readonly control: Control;
  /** What decides when it is its turn, as the last look at the gates found it. */
  standing: QueuePriority = {};
  /** Since when its node is out of service, where that tells how long a rollout takes. */
  outSinceMs: number | undefined;
  /** The taint that its node is to bear while it waits in the queue; undefined: none. */
  taint: string | undefined;
  /** Its node may bear it. */
  tainted = false;
  private plan: Plan | undefined;
  private nodeName: string;
  private phase: RolloutStatus['phase'] = { at: 'starting', sinceMs: Date.now() };
  private because: string | undefined;
  private marked: Phase | undefined;
  private waitingFor: RolloutStatus['waitingFor'] = [];
  private policy: string | undefined;
  private before: GateQuestion['before'];
  private readonly startedAtMs = Date.now();

  /** Registers every handler, so it has to be made before anything is awaited. */
  constructor(input: unknown) {
    this.nodeName = nodeIn(input);
    this.control = listen();
    this.control.changed = () => this.show();
    setHandler(rolloutStatus, () => this.status(), {
      description: 'Where the rollout stands, and why.',
    });
  }

  get node(): string {
    return this.nodeName;
  }

  get pool(): string | undefined {
    return this.plan?.pool;
  }

  /** Takes the plan over, once it is made. */
  begin(plan: Plan): void {
    this.plan = plan;
    this.nodeName = plan.request.node;
  }

  /** Moves on to a phase, and shows it wherever a person looks. */
  enter(at: Phase, because?: string): void {
    if (this.phase.at !== at) this.phase = { at, sinceMs: Date.now() };
    if (at !== 'waiting') this.waitingFor = [];
    if (!DRAINING.has(at)) this.control.drain = undefined;
    this.because = because;
    this.mark(at);
    this.show();
  }

  /** Remembers which gates are closed, and since when. */
  waitFor(closed: readonly ClosedGate[], lookAgainMs: number): void {
    const known = this.waitingFor;
    this.waitingFor = closed.map((gate) => ({
      ...gate,
      sinceMs: known.find((other) => other.gate === gate.gate)?.sinceMs ?? Date.now(),
      lookAgainMs,
    }));
    this.show();
  }

  /** Goes on in the pool that its node is in now; a node that is in none waits at a gate that says so. */
  move({ pool, because, policy }: Moved): undefined {
    this.follow(policy);
    if (!this.plan || pool === undefined || pool === this.pool) return;
    log.info('rollout goes on in another pool', { node: this.node, pool, because });
    if (this.pool !== undefined) this.before = { pool: this.pool, untilMs: Date.now() };
    this.plan = { ...this.plan, pool };
    if (this.marked !== undefined) upsertSearchAttributes([{ key: POOL, value: pool }]);
    this.show();
  }

  /** How long its node has been out of service by now. */
  took(): { tookMs?: number } {
    return this.outSinceMs === undefined ? {} : { tookMs: Date.now() - this.outSinceMs };
  }

  /** Remembers which policy the latest decision followed; some decisions cannot tell. */
  follow(policy: string | undefined): void {
    this.policy = policy ?? this.policy;
  }

  /** The question every look at the gates asks. */
  gateQuestion(): GateQuestion {
    const { skip = [], evenIfNotRequired = false } = this.plan?.request ?? {};
    return {
      node: this.node,
      pool: this.pool ?? '',
      skip: [...skip, ...this.control.skipped.map(({ gate }) => gate)],
      evenIfNotRequired,
      ...(this.before ? { before: this.before } : {}),
    };
  }

  end(outcome: Outcome, because: string, bootIds?: Partial<RolloutResult>): RolloutResult {
    return { node: this.node, outcome, because, ...bootIds };
  }

  endAborted(): RolloutResult {
    const { by = 'somebody', reason = '' } = this.control.aborted ?? {};
    return this.end('aborted', `aborted by ${by}: ${reason}`);
  }

  private status(): RolloutStatus {
    const { place, grantId, paused, aborted, skipped, notUnderstood } = this.control;
    const drain = DRAINING.has(this.phase.at) ? this.control.drain : undefined;
    // A place in the queue says more than that it has asked for one.
    const because = place ? undefined : this.because;
    const { policy } = this;
    return {
      node: this.node,
      pool: this.pool ?? '',
      phase: this.phase,
      waitingFor: this.waitingFor,
      skipped: [...this.skippedFromTheStart(), ...skipped],
      notUnderstood,
      ...known({ queue: place, permit: grantId, paused, aborted, policy, drain, because }),
    };
  }

  /** What the rollout was started with counts as the word of whoever started it. */
  private skippedFromTheStart(): RolloutStatus['skipped'] {
    const {
      skip = [],
      requestedBy = 'whoever started it',
      reason = 'no reason given',
    } = this.plan?.request ?? {};
    const word = { reason, by: requestedBy, atMs: this.startedAtMs };
    return skip.map((gate) => ({ ...word, gate }));
  }

  /** Each upsert is an event and an Action: only phases that last are worth one. */
  private mark(at: Phase): void {
    if (!this.plan?.searchAttributes || PASSING.has(at) || this.marked === at) return;
    const first = this.marked === undefined;
    this.marked = at;
    upsertSearchAttributes([
      ...(first ? [{ key: NODE, value: this.node }] : []),
      ...(first && this.pool !== undefined ? [{ key: POOL, value: this.pool }] : []),
      { key: PHASE, value: at },
    ]);
  }

  private show(): void {
    setCurrentDetails(describeStatus(this.status()));
  }
}

function nodeIn(input: unknown): string {
  const named = typeof input === 'object' && input !== null && 'node' in input ? input.node : '';
  return typeof named === 'string' && named !== '' ? named : 'the node';
}

/** Without what is undefined, which an answer to a query leaves out. */
function known<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
