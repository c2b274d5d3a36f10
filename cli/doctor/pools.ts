import { formatDuration } from '../../domain/durations.ts';
import { lockId } from '../../domain/names.ts';
import { isHeld, type NodeFacts } from '../../domain/node-facts.ts';
import { poolOf, type Policy } from '../../domain/policy.ts';
import { shortList } from '../../domain/short-list.ts';
import { sayHalted, troublesOf } from '../../domain/trouble.ts';
import type { PoolSeen } from '../status/seen.ts';
import type { Check } from './check.ts';
import { bad, good, many, unknown, warning, type Said } from './finding.ts';
import type { World } from './world.ts';

/** Which nodes are in which pool, and whether the pools go on. */

const group = 'Pools';

export const POOL_CHECKS: readonly Check[] = [
  { group, name: 'nodes in pools', look: (world) => withPolicy(world, judgeMembers) },
  { group, name: 'halted', look: (world) => withPolicy(world, judgeHalted) },
  { group, name: 'locks', look: async (world) => judgeLocks(await world.locks(), world.nowMs()) },
  { group, name: 'holds', look: async (world) => judgeHolds(await world.nodes(), world.nowMs()) },
];

/** What a judgement of the pools goes by. */
interface Fleet {
  readonly nodes: readonly NodeFacts[];
  readonly policy: Policy;
  readonly nowMs: number;
}

async function withPolicy(world: World, judge: (fleet: Fleet) => Said[]): Promise<Said[]> {
  const [policy, nodes] = await Promise.all([world.policy(), world.nodes()]);
  if (!policy) return [unknown('not looked at: the policy cannot be read')];
  return judge({ policy, nodes, nowMs: world.nowMs() });
}

const LABELS = 'kubectl get nodes --show-labels';

/** Pools without nodes, and nodes that nobody ever reboots. */
export function judgeMembers({ policy, nodes }: Fleet): Said[] {
  const members = new Map<string, number>(policy.pools.map(({ name }) => [name, 0]));
  const outside: { readonly node: NodeFacts; readonly because: string }[] = [];
  for (const node of nodes) {
    const choice = poolOf(policy, node.labels);
    if (choice.kind === 'none') outside.push({ node, because: choice.because });
    else members.set(choice.pool.name, (members.get(choice.pool.name) ?? 0) + 1);
  }
  const empty = [...members].filter(([, count]) => count === 0).map(([name]) => name);
  const found = [
    ...empty.map((name) =>
      warning(
        `pool ${name} has no node`,
        `Change its selector, or the labels of the nodes:\n${LABELS}`,
      ),
    ),
    ...judgeOutside(outside),
  ];
  if (found.some(({ verdict }) => verdict !== 'good')) return found;
  return [good([...members].map(([name, count]) => `${name}: ${count}`).join(', ')), ...found];
}

/** In no pool may be meant, as of control planes, as long as such a node wants nothing. */
function judgeOutside(outside: readonly { node: NodeFacts; because: string }[]): Said[] {
  const reasons = [...new Set(outside.map(({ because }) => because))];
  return reasons.map((because) => {
    const nodes = outside.filter((one) => one.because === because).map(({ node }) => node);
    const isMeant =
      because === IN_NONE && !nodes.some(({ report }) => report?.wants === 'required');
    const names = shortList(nodes.map(({ name }) => name));
    const says = `left alone, for ${nodes.length === 1 ? '' : 'each of '}${names}: ${because}`;
    if (isMeant) return good(`in no pool, and never rebooted: ${names}`);
    return warning(says, `Change the selectors of the policy, or the labels:\n${LABELS}`);
  });
}

const IN_NONE = 'its labels match the selector of no pool';

/** Pools that admit nobody for what has become of their nodes. */
export function judgeHalted({ policy, nodes, nowMs }: Fleet): Said[] {
  const found = policy.pools.flatMap((pool) => {
    const members = nodes.filter((node) => {
      const choice = poolOf(policy, node.labels);
      return choice.kind === 'pool' && choice.pool === pool;
    });
    const troubles = troublesOf(members, { reboot: pool.reboot, nowMs });
    if (troubles.length === 0) return [];
    const mend = `docs/operations.md, "A pool is halted". Looked at and judged harmless:\n${signal(pool.name, 'resume')}`;
    if (troubles.length >= pool.failureBudget) {
      return [bad(`${pool.name}: ${sayHalted(troubles)}`, mend)];
    }
    const words = troubles.map(({ node, because }) => `${node}: ${because}`);
    return [warning(`${pool.name} goes on, with trouble at ${shortList(words)}`, mend)];
  });
  return found.length > 0 ? found : [good('none')];
}

const signal = (pool: string, name: string): string =>
  `temporal workflow signal --workflow-id ${lockId(pool)} --name ${name}`;

/** A permit that no rollout counts on lapses within a minute; one that is used, within seconds. */
const PERMIT_USED_WITHIN_MS = 10 * 60_000;

/** What the locks say: pauses, permits that nobody uses. */
export function judgeLocks(locks: readonly PoolSeen[], nowMs: number): Said[] {
  const found = locks.flatMap((lock) => {
    if ('unknown' in lock) {
      return [unknown(`${lock.pool}: ${lock.unknown}`, 'Look at the log of the worker.')];
    }
    const { pool, paused, permits } = lock;
    const stuck = permits.filter(({ sinceMs }) => nowMs - sinceMs > PERMIT_USED_WITHIN_MS);
    return [
      ...(paused ? [judgePause(pool, paused, nowMs)] : []),
      ...stuck.map(({ node, sinceMs }) =>
        warning(
          `${pool}: ${node} has had a permit for ${formatDuration(nowMs - sinceMs)} and has not used it`,
          `Look at its rollout; a lock that is ended is replaced by its waiters within minutes:\ntemporal workflow terminate --workflow-id ${lockId(pool)} --reason "a stuck permit"`,
        ),
      ),
    ];
  });
  return found.length > 0 ? found : [good('none is paused or stuck')];
}

function judgePause(
  pool: string,
  { by, reason, atMs, untilMs }: NonNullable<Extract<PoolSeen, { queue: unknown }>['paused']>,
  nowMs: number,
): Said {
  const until =
    untilMs === undefined ? 'without an end' : `for another ${formatDuration(untilMs - nowMs)}`;
  return warning(
    `${pool} is paused by ${by} (${reason}), ${formatDuration(nowMs - atMs)} ago, ${until}`,
    `To go on:\n${signal(pool, 'resume')}`,
  );
}

/** A hold without an end is easily forgotten. */
export function judgeHolds(nodes: readonly NodeFacts[], nowMs: number): Said[] {
  const held = nodes.filter((node) => isHeld(node, nowMs));
  if (held.length === 0) return [good('none')];
  const endless = held.filter(({ hold }) => hold?.untilMs === undefined);
  if (endless.length === 0) return [good(`${many(held.length, 'node')}, each with an end`)];
  return endless.map(({ name, hold }) =>
    warning(
      `${name} is held without an end: ${hold?.reason}`,
      `Where it is not meant any more:\nkubectl annotate node ${name} lockkeeper.io/hold-`,
    ),
  );
}
