import { emptyLock, enqueue } from '../lock-state.ts';
import { rolloutId } from '../names.ts';
import type { NodeFacts } from '../node-facts.ts';
import { isIn, poolOf, type PoolPolicy } from '../policy.ts';
import { present } from '../present.ts';
import { predictedLength, typicalLength } from '../rollout-length.ts';
import type { LockStatus } from '../status.ts';
import { sayPause } from '../why-it-waits.ts';
import type { Plan } from '../window/plan.ts';
import type { Forecast, ForecastQuestion, RolloutKnown } from './known.ts';
import {
  handedBack,
  takenOut,
  type Member,
  type Scene,
  type SimulatedPool,
  type Standing,
} from './scene.ts';

/** The cluster as it is now, with where each node stands that wants a reboot. */
export function sceneOf(asked: ForecastQuestion): {
  scene: Scene;
  inNoPool: Forecast['inNoPool'];
} {
  const { policy, plans, nodes, locks, nowMs } = asked;
  const pools = policy.pools.flatMap((pool, index) => {
    const plan = plans[index];
    const lock = locks.find((known) => known.pool === pool.name);
    return plan ? [simulatedPool(pool, { plan, lock, nodes })] : [];
  });
  const scene: Scene = {
    pools,
    awayTaints: policy.awayTaints,
    cluster: new Map(nodes.map((node) => [node.name, node])),
    workers: asked.workerNodes,
    readAtMs: nowMs,
  };
  const inNoPool: { node: string; because: string }[] = [];
  for (const { facts, rollout } of inTurn(asked)) {
    const choice = poolOf(policy, facts.labels);
    const pool = pools.find((one) => choice.kind === 'pool' && one.policy === choice.pool);
    const lock = locks.find((known) => known.pool === pool?.policy.name);
    if (!isConcerned({ facts, rollout, lock })) continue;
    if (pool) pool.members.push(memberOf(scene, { asked, facts, rollout, lock, pool }));
    else if (choice.kind === 'none') inNoPool.push({ node: facts.name, because: choice.because });
  }
  for (const pool of pools) joinQueue(scene, pool, { locks, nowMs });
  return { scene, inNoPool };
}

interface Concerned {
  readonly facts: NodeFacts;
  readonly rollout: RolloutKnown | undefined;
  /** Of its pool. */
  readonly lock: LockStatus | undefined;
}

function simulatedPool(
  policy: PoolPolicy,
  {
    plan,
    lock,
    nodes,
  }: {
    readonly plan: Plan;
    readonly lock: LockStatus | undefined;
    readonly nodes: readonly NodeFacts[];
  },
): SimulatedPool {
  const { lengths = [], paused, lastReturn, window: opened } = lock ?? {};
  return {
    policy,
    plan,
    opened,
    length: typicalLength(policy, lengths),
    needed: predictedLength(policy, lengths),
    paused,
    takes: nodes.filter(({ labels }) => isIn(policy, labels)).map(({ name }) => name),
    members: [],
    lock: { ...emptyLock(policy.name), ...present({ lastReturn }) },
    waits: undefined,
    places: 0,
    window: undefined,
  };
}

/** All nodes: first those whose rollouts run, the oldest first, as they have asked; the scan takes the others by their names. */
function inTurn({ nodes, rollouts }: ForecastQuestion): Omit<Concerned, 'lock'>[] {
  const running = new Map(rollouts.map((rollout) => [rollout.node, rollout]));
  return nodes
    .map((facts) => ({ facts, rollout: running.get(facts.name) }))
    .toSorted((one, other) => {
      const sinceMs = (one.rollout?.startedMs ?? Infinity) - (other.rollout?.startedMs ?? Infinity);
      return sinceMs || one.facts.name.localeCompare(other.facts.name);
    });
}

function isConcerned(concerned: Concerned): boolean {
  const { facts } = concerned;
  return (
    facts.rollout !== undefined ||
    facts.report?.wants === 'required' ||
    isForced(concerned) ||
    (concerned.rollout !== undefined && facts.report?.wants !== 'not-required')
  );
}

/** Somebody has started it with `evenIfNotRequired`, for it is past the gate that asks. */
function isForced({ facts, rollout, lock }: Concerned): boolean {
  if (facts.report?.wants === 'required') return false;
  if (isKnownTo(lock, facts.name)) return true;
  const phase = rollout?.status?.phase;
  return phase?.at === 'waiting' && !phase.closed.some(({ gate }) => gate === 'required');
}

function isKnownTo(lock: LockStatus | undefined, name: string): boolean {
  const { queue = [], permits = [] } = lock ?? {};
  return [...queue, ...permits].some(({ node }) => node === name);
}

function memberOf(
  scene: Scene,
  {
    asked,
    pool,
    ...concerned
  }: Concerned & { readonly asked: ForecastQuestion; readonly pool: SimulatedPool },
): Member {
  const { facts, rollout, lock } = concerned;
  const member: Member = {
    node: facts.name,
    pool,
    rollout,
    evenIfNotRequired: isForced(concerned),
    standing: inServiceNow(rollout, asked),
    missed: undefined,
    row: undefined,
  };
  const hasPermit = lock?.permits.some(({ node }) => node === facts.name) === true;
  if (facts.rollout?.ok || hasPermit) goOn(scene, member, { facts, asked });
  return member;
}

/** Where a node stands that is in service. */
function inServiceNow(rollout: RolloutKnown | undefined, asked: ForecastQuestion): Standing {
  const { nextScan, nowMs } = asked;
  if (!rollout) {
    if ('because' in nextScan) return { at: 'stuck', because: nextScan.because };
    const againAtMs = Math.max(nowMs, nextScan.atMs);
    return { at: 'gates', againAtMs, because: 'its rollout is begun by the next scan' };
  }
  const { status, because } = rollout;
  if (!status || isUndone(rollout)) return { at: 'stuck', because };
  const { paused } = status;
  if (!paused) return { at: 'gates', againAtMs: nowMs, because };
  const said = sayPause(paused);
  if (paused.untilMs === undefined) return { at: 'stuck', because: said };
  return { at: 'gates', againAtMs: Math.max(nowMs, paused.untilMs), because: said };
}

/** A node that is out of service for its rollout already, or at any moment. */
function goOn(
  { cluster }: Scene,
  member: Member,
  { facts, asked }: { readonly facts: NodeFacts; readonly asked: ForecastQuestion },
): void {
  const { node, rollout, pool } = member;
  const phase = phaseOf(facts, rollout);
  if (phase === 'undoing' || isUndone(rollout)) {
    cluster.set(node, handedBack(facts));
    return;
  }
  const because = whyNoEnd(member);
  // What stands on the Node is left for what halts the pool; else it is one of those that come back in time.
  if (facts.rollout === undefined) cluster.set(node, takenOut(facts, rolloutId(node)));
  else if (because === undefined) cluster.set(node, inTime(facts));
  if (because !== undefined) {
    member.standing = { at: 'stuck', because };
    return;
  }
  pool.places += 1;
  const endsMs = endOf(member, asked.nowMs);
  member.standing = { at: 'out', endsMs };
  member.row = {
    kind: 'under-way',
    node,
    place: pool.places,
    phase,
    endsMs,
    ...present({
      beginsMs: rollout?.status?.outSinceMs,
      because: rollout?.because || undefined,
    }),
  };
}

/** After the agent has accepted the reboot there is only forward. */
const isUndone = (rollout: RolloutKnown | undefined): boolean =>
  rollout?.status?.aborted !== undefined && rollout.status.accepted === undefined;

function phaseOf({ rollout: record }: NodeFacts, rollout: RolloutKnown | undefined): string {
  const written = record?.ok ? record.value.phase : 'cordoning';
  return rollout?.status?.phase.at ?? written;
}

/** Why nobody can tell when the node comes back. */
function whyNoEnd({ standing, rollout }: Member): string | undefined {
  if (standing.at === 'stuck') return standing.because;
  const phase = rollout?.status?.phase;
  return phase?.at === 'lost' ? `it is lost: ${phase.because}` : undefined;
}

/** An order that it has accepted would make it one that is lost, later on. */
function inTime(facts: NodeFacts): NodeFacts {
  const { order: _order, answer: _answer, ...rest } = facts;
  return rest;
}

/** One that takes longer than usual already is reckoned with for as long as the window gate does; beyond that it is due. */
function endOf({ pool, rollout, standing }: Member, nowMs: number): number {
  const goesOnMs = standing.at === 'gates' ? standing.againAtMs : nowMs;
  const sinceMs = rollout?.status?.outSinceMs ?? goesOnMs;
  const usualMs = sinceMs + pool.length.ms;
  return usualMs > nowMs ? usualMs : Math.max(nowMs, sinceMs + pool.needed.ms);
}

/** Those who wait in the queue already keep their order. */
function joinQueue(
  { cluster }: Scene,
  pool: SimulatedPool,
  { locks, nowMs }: { readonly locks: readonly LockStatus[]; readonly nowMs: number },
): void {
  const waiters = locks.find((lock) => lock.pool === pool.policy.name)?.queue ?? [];
  for (const { node, sinceMs, overdueAtMs, last } of waiters) {
    const member = pool.members.find((one) => one.node === node);
    const { standing } = member ?? {};
    if (!member || standing?.at !== 'gates' || standing.againAtMs > nowMs) continue;
    const { zone } = cluster.get(node) ?? {};
    const request = { workflowId: rolloutId(node), runId: '', node };
    pool.lock = enqueue(
      pool.lock,
      { ...request, ...present({ zone, overdueAtMs, last }) },
      sinceMs,
    );
    member.standing = { at: 'queued' };
  }
}
