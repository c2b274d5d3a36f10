import type { Logger, LogLevel } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { AnswerOfTurn, PermitAnswer, PermitRequest } from '../../domain/lock-state.ts';
import type { RolloutRecord } from '../../domain/node-contract.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { Policy } from '../../domain/policy.ts';
import type { RolloutInput } from '../../domain/rollout-input.ts';
import type { LockStatus } from '../../domain/status.ts';
import type { CalendarCopy } from '../../domain/window/plan.ts';
import type { CalendarSource } from '../calendars.ts';
import type { Deps } from '../deps.ts';
import type { Run } from '../ownership.ts';
import type { EarlyEnd } from '../former-runs.ts';
import type { TemporalPort } from '../temporal.ts';
import { FakeNodes, FakePods } from './fake-cluster.ts';
import { FakeMessenger, FakeNotices } from './fake-notices.ts';
import { FakeAlerts, FakeObjects, FakeSilences } from './fake-outside.ts';

const EMPTY_LOCK = { permits: [], queue: [], troubles: [], lengths: [], notUnderstood: [] };

/** A Temporal that only remembers. */
class FakeTemporal implements TemporalPort {
  readonly running = new Set<string>();
  /** Runs that have ended of workflows that run on. */
  readonly endedRuns = new Set<string>();
  /** How the rollout before this one ended. */
  earlyEnd: EarlyEnd | undefined;
  readonly started: RolloutInput[] = [];
  readonly requests: (PermitRequest & { pool: string })[] = [];

  readonly rechecked: string[] = [];
  /** What rollouts were told. */
  readonly told: (Run & { name: string; what: unknown })[] = [];
  readonly hosts = new Set<string>();
  /** What the lock knows of the permits it is asked about. */
  permit: PermitAnswer | undefined = { countedAtMs: 0, others: [] };
  /** What it answers who asks for a turn. */
  turn: AnswerOfTurn | undefined;
  /** Grants that open runs count on. */
  readonly countedOn = new Set<string>();
  readonly lockSignals: { pool: string; name: string; what: unknown }[] = [];
  formerLockEndedMs: number | undefined;
  /** What the lock of the pool says of itself, and how old that might have been each time it was asked for. */
  lock: Partial<LockStatus> | undefined;
  readonly lockAsked: number[] = [];

  async isRunning(workflowId: string, runId = ''): Promise<boolean> {
    return this.running.has(workflowId) && !this.endedRuns.has(runId);
  }

  async openRun(workflowId: string): Promise<string | undefined> {
    return this.running.has(workflowId) ? `run-of-${workflowId}` : undefined;
  }

  async runningRollouts(): Promise<Set<string>> {
    return this.running;
  }

  async endedEarly(_run: Run, sinceMs: number): Promise<EarlyEnd | undefined> {
    return this.earlyEnd && this.earlyEnd.atMs >= sinceMs ? this.earlyEnd : undefined;
  }

  async startRollout(input: RolloutInput): Promise<boolean> {
    if (this.running.has(`node-rollout/${input.node}`)) return false;
    this.started.push(input);
    return true;
  }

  async requestPermit(pool: string, request: PermitRequest): Promise<void> {
    this.requests.push({ pool, ...request });
  }

  async turnOf(): Promise<AnswerOfTurn | undefined> {
    return this.turn;
  }

  async permitOf(): Promise<PermitAnswer | undefined> {
    return this.permit;
  }

  /** What runs know of their records, by `workflowId/runId`; one that the test does not name is not known. */
  readonly records = new Map<string, RolloutRecord | null>();

  async recordOf({ workflowId, runId }: Run): Promise<RolloutRecord | null | undefined> {
    return this.records.get(`${workflowId}/${runId}`);
  }

  async countsOnPermit(_workflowId: string, grantId: string): Promise<boolean> {
    return this.countedOn.has(grantId);
  }

  async signalLock(pool: string, name: string, what: unknown): Promise<void> {
    this.lockSignals.push({ pool, name, what });
  }

  async lockStatus(pool: string, maxAgeMs: number): Promise<LockStatus | undefined> {
    this.lockAsked.push(maxAgeMs);
    return this.lock && { ...EMPTY_LOCK, pool, ...this.lock };
  }

  async formerLockEndedAt(): Promise<number | undefined> {
    return this.formerLockEndedMs;
  }

  async workerNodes(): Promise<ReadonlySet<string>> {
    return this.hosts;
  }

  async recheck(workflowIds: readonly string[]): Promise<void> {
    this.rechecked.push(...workflowIds);
  }

  async signalRollout(run: Run, name: string, what: unknown): Promise<void> {
    this.told.push({ ...run, name, what });
  }
}

/** Calendars in memory. */
class FakeCalendars implements CalendarSource {
  readonly copies = new Map<string, CalendarCopy>();

  async read(place: string): Promise<CalendarCopy> {
    return this.copies.get(place) ?? { problem: `calendar ${place} cannot be read: not there` };
  }
}

/** Everything an activity acts through, and the context of an activity of `node-rollout/n1`, run `run-1`. */
export class Stage {
  readonly nodes = new FakeNodes();
  /** What the worker's watch shows. */
  readonly shown = new Map<string, NodeFacts>();
  readonly pods = new FakePods();
  readonly alerts = new FakeAlerts();
  readonly objects = new FakeObjects();
  readonly silences = new FakeSilences();
  readonly temporal = new FakeTemporal();
  readonly calendars = new FakeCalendars();
  readonly notices = new FakeNotices();
  readonly messenger = new FakeMessenger();
  readonly logged: string[] = [];
  readonly heartbeats: unknown[] = [];
  readonly environment: MockActivityEnvironment;
  readonly deps: Deps;
  private inForce: { readonly policy: Policy; readonly hash: string };

  constructor(
    pool: object = {},
    run: { workflowId?: string; runId?: string; attempt?: number; heartbeatDetails?: unknown } = {},
  ) {
    this.inForce = { policy: policyWith(pool), hash: 'policy-1' };
    const inForce = (): typeof this.inForce => this.inForce;
    this.deps = {
      worker: 'lockkeeper@pod-1/1',
      own: [{ namespace: 'lockkeeper', kind: 'Deployment', name: 'lockkeeper-worker' }],
      nodes: this.nodes,
      fleet: {
        node: (name) => this.shown.get(name),
        onChange: (name, seen) => {
          const stop = new AbortController();
          void this.nodes.follow(name, seen, stop.signal);
          return () => stop.abort();
        },
      },
      pods: this.pods,
      alerts: this.alerts,
      objects: this.objects,
      silences: this.silences,
      temporal: this.temporal,
      calendars: this.calendars,
      notices: this.notices,
      messenger: this.messenger,
      policy: {
        current: () => inForce().policy,
        get hash() {
          return inForce().hash;
        },
      },
      searchAttributes: () => true,
      pollAgainMs: 60_000,
    };
    this.environment = new MockActivityEnvironment(
      {
        workflowExecution: { workflowId: 'node-rollout/n1', runId: 'run-1', ...run },
        attempt: run.attempt ?? 1,
        heartbeatDetails: run.heartbeatDetails,
      },
      { logger: listening(this.logged) },
    );
    this.environment.on('heartbeat', (details) => this.heartbeats.push(details));
  }

  /** Puts another policy in force, as when the file has changed. */
  changePolicy(pool: object, hash: string, ...others: readonly object[]): void {
    this.inForce = { policy: policyWith(pool, ...others), hash };
  }

  /** The same as soon as the node is read next: in the middle of a step that looks at it. */
  changePolicyInMidStep(pool: object, hash: string): void {
    const { nodes } = this;
    const read = nodes.read.bind(nodes);
    nodes.read = async (name) => {
      this.changePolicy(pool, hash);
      return await read(name);
    };
  }

  /** Runs one activity; a failure is an answer too. */
  async run<Asked, Answer>(
    activity: (deps: Deps, asked: Asked) => Promise<Answer>,
    asked: Asked,
  ): Promise<Answer> {
    return await this.environment.run(() => activity(this.deps, asked));
  }
}

function policyWith(pool: object, ...others: readonly object[]): Policy {
  return Policy.parse({
    pools: [
      { name: 'workers', nodes: 'pool=workers', windows: [{ always: true }], ...pool },
      ...others,
    ],
  });
}

export function listening(lines: string[]): Logger {
  const take = (message: string): void => {
    lines.push(message);
  };
  return {
    log: (_level: LogLevel, message: string) => take(message),
    trace: () => undefined,
    debug: () => undefined,
    info: take,
    warn: take,
    error: take,
  };
}
