import { lockId } from '../../../domain/names.ts';
import { ANNOTATION } from '../../../domain/node-contract.ts';
import type { LockStatus } from '../../../domain/status.ts';
import { poolName } from '../policy.ts';
import type { Events } from '../world/events.ts';
import { isReplayed, type World } from '../world/world.ts';
import type { Judge } from './judge.ts';

/** What has not come to rest, in words; undefined when all has. */
export function sayRestless(world: World): string | undefined {
  const restless = [...openRollouts(world), ...busyLocks(world), ...busyNodes(world)];
  return restless.length > 0 ? restless.slice(0, 8).join('; ') : undefined;
}

function openRollouts({ server }: World): string[] {
  return server.runs
    .filter(({ type, isOpen }) => type === 'nodeRollout' && isOpen)
    .map((run) => `${run.workflowId} is open: ${run.details.replaceAll('\n', ' ')}`);
}

function busyLocks({ server, plan }: World): string[] {
  return plan.pools.flatMap((_, index) => {
    const lock = server.open(lockId(poolName(index)));
    const status = lock?.answer as LockStatus | undefined;
    const { permits = [], queue = [] } = status ?? {};
    if (permits.length + queue.length === 0) return [];
    return [`the lock of ${poolName(index)} has ${JSON.stringify({ permits, queue })}`];
  });
}

function busyNodes({ cluster, machines }: World): string[] {
  return [...machines.values()].flatMap((machine) => {
    const node = cluster.record(machine.name);
    if (!node || node.deletingSinceMs !== undefined) return [];
    const { name } = machine;
    return [
      ...(machine.sentinel ? [`${name} still wants its reboot`] : []),
      ...(machine.isUp ? [] : [`${name} is down`]),
      ...(node.annotations[ANNOTATION.rollout] === undefined ? [] : [`${name} is in a rollout`]),
    ];
  });
}

interface Ending {
  readonly world: World;
  readonly events: Events;
  readonly judge: Judge;
}

/** What must hold once everything has come to rest; broken off when it `isOver` before. */
export async function judgeEnding(
  { world, events, judge }: Ending,
  isOver: () => boolean,
): Promise<void> {
  judge.judgeLeftovers();
  for (const machine of world.machines.values()) {
    const { name, ordered } = machine;
    const node = world.cluster.record(name);
    const cordon = events.wantsCordon.get(name) ?? false;
    if (node && node.unschedulable !== cordon) {
      const words = node.unschedulable
        ? 'cordoned, which nobody wants'
        : 'schedulable, although somebody had cordoned it';
      judge.say('G6', `${name} is left ${words}`);
    }
    const asked = (machine.plan.wantsFromBeginning ? 1 : 0) + (events.asked.get(name) ?? 0);
    if (ordered.length > asked) {
      judge.say('G7', `${name} was rebooted ${ordered.length} times, and asked for ${asked}`);
    }
  }
  judgeCost(world, judge);
  await judgeReplay(world, judge, isOver);
}

/** About twice what the dearest of thousands of rollouts has cost; an adversary who was heard each time made 34 events a second. */
const EVENTS_A_RUN = 150;
const EVENTS_A_MINUTE = 10;

/** Whoever writes a node, and however often, makes its rollouts only so much dearer. */
function judgeCost({ server, clock }: World, judge: Judge): void {
  for (const run of server.runs) {
    if (run.type !== 'nodeRollout') continue;
    const minutes = ((run.isOpen ? clock.nowMs : run.closedAtMs) - run.startedAtMs) / 60_000;
    if (run.events <= EVENTS_A_RUN + EVENTS_A_MINUTE * minutes) continue;
    judge.say('cost', `${run.workflowId} made ${run.events} events in ${Math.ceil(minutes)} min`);
  }
}

/** The code of a workflow does the same once more when it is told the same: else no worker could take over from another. */
async function judgeReplay(world: World, judge: Judge, isOver: () => boolean): Promise<void> {
  if (!isReplayed(world.plan)) return;
  for (const run of world.server.runs) {
    if (isOver()) return;
    const divergence = await run.divergence();
    if (divergence !== undefined) judge.say('G7', `a replay differs: ${divergence}`);
  }
}
