import { admissionRules, admit } from '../admission.ts';
import { candidatesOf, enqueue, noteEnd, pass } from '../lock-state.ts';
import { rolloutId } from '../names.ts';
import { present } from '../present.ts';
import { queuePriority } from '../queue-priority.ts';
import { troublesOf } from '../trouble.ts';
import { sayPausedLock } from '../why-it-waits.ts';
import { DAY_MS } from '../window/wall-clock.ts';
import { lookAtGates, openingAt, type Look } from './gates.ts';
import type { Forecast, ForecastQuestion, NodeForecast, PoolForecast } from './known.ts';
import {
  nodesOf,
  rebooted,
  takenOut,
  type Member,
  type Scene,
  type SimulatedPool,
} from './scene.ts';
import { sceneOf } from './beginning.ts';

/** Nobody plans further. */
const HORIZON_MS = 366 * DAY_MS;
const TOO_FAR = 'it does not come within a year';

/**
 * What will become of every node that wants a reboot, when nothing comes in between: time is let pass from one event to the
 * next, and at each the gates, the lock and the windows decide by the same rules as they do when it happens.
 */
export function forecast(asked: ForecastQuestion): Forecast {
  const { scene, inNoPool } = sceneOf(asked);
  const endMs = asked.nowMs + HORIZON_MS;
  for (
    let atMs: number | undefined = asked.nowMs;
    atMs !== undefined && atMs <= endMs;
    atMs = nextEvent(scene, atMs)
  ) {
    letHappen(scene, atMs);
  }
  return { pools: scene.pools.map(toldOf), inNoPool };
}

function letHappen(scene: Scene, atMs: number): void {
  const members = scene.pools.flatMap((pool) => pool.members);
  for (const member of members) {
    const { standing } = member;
    if (standing.at === 'out' && standing.endsMs <= atMs) end(scene, member, standing.endsMs);
  }
  for (const member of members) {
    const { standing } = member;
    if (standing.at === 'gates' && standing.againAtMs <= atMs) ask(scene, member, atMs);
  }
  for (const pool of scene.pools) admitAll(scene, pool, atMs);
}

/** The next moment at which something changes by itself. */
function nextEvent({ pools }: Scene, atMs: number): number | undefined {
  const times = pools.flatMap(({ members, waits }) => [
    ...members.flatMap(({ standing }) => {
      if (standing.at === 'gates') return [standing.againAtMs];
      return standing.at === 'out' ? [standing.endsMs] : [];
    }),
    ...(waits?.againAtMs === undefined ? [] : [waits.againAtMs]),
  ]);
  const next = times.reduce((one, other) => (other > atMs && other < one ? other : one), Infinity);
  return next === Infinity ? undefined : next;
}

function end({ cluster }: Scene, member: Member, endsMs: number): void {
  const { node, pool } = member;
  const facts = cluster.get(node);
  member.standing = { at: 'done' };
  if (!facts) return;
  cluster.set(node, rebooted(facts));
  pool.lock = noteEnd(pool.lock, { node, ...present({ zone: facts.zone }) }, endsMs);
}

/** Looks at the gates, and joins the queue where they are open. */
function ask(scene: Scene, member: Member, atMs: number): void {
  const look = lookAtGates(scene, member, { moment: 'waiting', atMs });
  if (look.kind === 'closed') sendBack(member, look, atMs);
  else join(scene, member, atMs);
}

function sendBack(member: Member, look: Extract<Look, { kind: 'closed' }>, atMs: number): void {
  const { because, againAtMs, missed } = look;
  member.missed = missed ?? member.missed;
  member.standing =
    againAtMs === undefined || againAtMs <= atMs
      ? { at: 'stuck', because }
      : { at: 'gates', againAtMs, because };
}

function join({ cluster, workers }: Scene, member: Member, atMs: number): void {
  const { node, pool } = member;
  const facts = cluster.get(node);
  if (!facts) return;
  const request = {
    workflowId: rolloutId(node),
    runId: '',
    node,
    ...queuePriority(facts, pool.policy.overdueAfter, atMs),
    ...present({ last: workers.has(node) || undefined }),
  };
  pool.lock = enqueue(pool.lock, request, atMs);
  member.standing = { at: 'queued' };
}

/** Admits as many as may go at this moment, each of whom looks at its gates once more. */
function admitAll(scene: Scene, pool: SimulatedPool, atMs: number): void {
  pool.waits = undefined;
  while (pool.lock.queue.length > 0) {
    const member = admitOne(scene, pool, atMs);
    if (!member) return;
    pool.lock = pass(pool.lock, { workflowId: rolloutId(member.node) });
    const look = lookAtGates(scene, member, { moment: 'cordon', atMs });
    if (look.kind === 'closed') sendBack(member, look, atMs);
    else take(scene, member, atMs);
  }
}

/** Who is admitted next; undefined, with the reason noted, while nobody is. */
function admitOne(scene: Scene, pool: SimulatedPool, atMs: number): Member | undefined {
  const { paused, policy, lock } = pool;
  if (paused && (paused.untilMs ?? Infinity) > atMs) {
    pool.waits = { because: sayPausedLock(paused), ...present({ againAtMs: paused.untilMs }) };
    return undefined;
  }
  const nodes = nodesOf(scene, pool);
  const troubles = troublesOf(nodes, { reboot: policy.reboot, nowMs: atMs });
  const troubled = troubles.map(({ node }) => node);
  const admission = admit({
    rules: admissionRules(policy, scene.awayTaints),
    nodes,
    troubles,
    before: scene.pools
      .filter((other) => policy.after.includes(other.policy.name))
      .map((other) => ({ pool: other.policy.name, nodes: nodesOf(scene, other) })),
    candidates: candidatesOf(lock.queue, atMs, { troubled }),
    permits: [],
    ...present({ lastReturn: lock.lastReturn }),
    nowMs: atMs,
  });
  if (admission.kind === 'grant') {
    return pool.members.find(({ node }) => rolloutId(node) === admission.workflowId);
  }
  pool.waits = admission;
  return undefined;
}

function take({ cluster }: Scene, member: Member, atMs: number): void {
  const { node, pool, missed } = member;
  const facts = cluster.get(node);
  if (!facts) return;
  cluster.set(node, takenOut(facts, rolloutId(node)));
  const endsMs = atMs + pool.length.ms;
  const closesMs = openingAt(pool, atMs)?.closesMs;
  pool.places += 1;
  member.standing = { at: 'out', endsMs };
  member.row = {
    kind: 'foretold',
    node,
    place: pool.places,
    beginsMs: atMs,
    endsMs,
    ...present({ closesMs: closesMs === Infinity ? undefined : closesMs, because: missed }),
  };
}

const placeOf = (row: NodeForecast): number => ('place' in row ? row.place : Infinity);

function toldOf({ policy, length, needed, members, waits }: SimulatedPool): PoolForecast {
  const rows = members.map(
    ({ node, row, standing }): NodeForecast =>
      row ?? {
        kind: 'not-foretold',
        node,
        because: 'because' in standing ? standing.because : (waits?.because ?? TOO_FAR),
      },
  );
  const nodes = rows.toSorted((one, other) => {
    const [first, second] = [placeOf(one), placeOf(other)];
    return first === second ? one.node.localeCompare(other.node) : first - second;
  });
  return { pool: policy.name, length, needed, nodes };
}
