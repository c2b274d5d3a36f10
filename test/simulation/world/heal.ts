import { ANNOTATION } from '../../../domain/node-contract.ts';
import { lockId } from '../../../domain/names.ts';
import type { NodeFacts } from '../../../domain/node-facts.ts';
import { quarantineReason } from '../../../domain/quarantine.ts';
import { poolName } from '../policy.ts';
import type { Events } from './events.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

/** A person looks after what is left this often. */
const LOOK_EVERY_MS = 10 * 60_000;
const DROP_BUDGETS_AFTER_MS = 60 * 60_000;

/**
 * From now on nothing new goes wrong, and people do what the documentation asks of them: machines are repaired, holds and
 * cordons lifted, pauses ended, what was scribbled on nodes removed, a sentinel that survives its reboot seen to.
 */
export function heal(world: World, events: Events): void {
  world.tell(() => 'HEAL');
  world.weather.clear();
  healWorkers(world);
  healApps(world);
  healPolicy(world);
  for (const machine of world.machines.values()) machine.heal();
  const look = (): void => {
    lookAfter(world, events);
    world.clock.after(LOOK_EVERY_MS, look);
  };
  look();
}

function healWorkers(world: World): void {
  const { all } = world.workers;
  for (const worker of all) worker.frozenUntilMs = 0;
  for (let slot = 0; slot < world.plan.workers; slot += 1) {
    const runs = all.some(
      ({ name, alive, stopping }) => alive && !stopping && name.startsWith(`worker-${slot}.`),
    );
    if (!runs) world.startWorker(slot);
  }
}

/** A budget that allows nothing is given some room; one that cannot be met all the same is dropped later. */
function healApps({ pods, clock }: World): void {
  for (const app of pods.apps.values()) {
    delete app.denied;
    if (app.desired === app.replicas) {
      pods.apps.set(app.name, { ...app, desired: app.replicas - 1 });
    }
  }
  clock.after(DROP_BUDGETS_AFTER_MS, () => {
    for (const app of pods.apps.values()) pods.apps.set(app.name, { ...app, desired: undefined });
  });
}

function healPolicy(world: World): void {
  for (const [index, pool] of world.plan.pools.entries()) {
    if (JSON.stringify(world.pools[index]) !== JSON.stringify(pool)) {
      world.changePool(index, { closed: false, gone: false, ...pool });
    }
  }
}

function lookAfter(world: World, events: Events): void {
  const { server, machines, plan } = world;
  for (const run of server.runs) {
    if (run.type === 'nodeRollout' && isPaused(run.answer)) {
      server.signal(run, { name: 'resume', input: [] });
    }
  }
  for (const pool of plan.pools.keys()) {
    const name = poolName(pool);
    if (isPaused(server.open(lockId(name))?.answer)) events.sayLock(name, 'resume', null);
  }
  for (const machine of machines.values()) lookAfterNode(world, events, machine);
}

function lookAfterNode({ cluster, pods }: World, events: Events, machine: Machine): void {
  machine.repair();
  const { name } = machine;
  pods.setStuck(name, false);
  const facts = cluster.facts(name);
  if (!facts) return;
  if (asksForAHand(facts, machine)) machine.rebootByHand();
  if (quarantineReason(facts) !== undefined && machine.sentinel) machine.setSentinel(false);
  if (facts.hold) events.strip(name, [ANNOTATION.hold]);
  events.takeAway(name, false);
  if (facts.rollout?.ok) return;
  events.strip(name, [ANNOTATION.rollout, ANNOTATION.order, ANNOTATION.answer]);
  events.setCordon(name, false);
}

/** Its agent says that it is too late to obey the order it has accepted; one that was there all the time has no excuse. */
function asksForAHand({ rollout, answer, bootId }: NodeFacts, machine: Machine): boolean {
  if (!rollout?.ok || !answer?.ok || answer.value.bootId !== bootId) return false;
  const { atMs, because } = answer.value;
  return machine.agentSinceMs > atMs && because.includes('reboot the machine by hand');
}

function isPaused(status: unknown): boolean {
  return (status as { paused?: unknown } | undefined)?.paused !== undefined;
}
