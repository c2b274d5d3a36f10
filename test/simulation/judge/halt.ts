import type { NodeFacts } from '../../../domain/node-facts.ts';
import { isAccepted } from '../../../domain/recovery.ts';
import type { FailureKind } from '../../../domain/failures.ts';
import { fromPayloads } from '../temporal/payloads.ts';
import type { Events } from '../world/events.ts';
import type { World } from '../world/world.ts';
import type { Judge } from './judge.ts';

/** The pool hears of a trouble within this. */
const HEARD_WITHIN_MS = 3 * 60_000;

/** Not a sign that something is wrong with nodes: a person's word, or a policy's. */
const NO_TROUBLE: ReadonlySet<string> = new Set<FailureKind>([
  'cordon-lost',
  'not-ours',
  'no-pool',
  'node-gone',
  'no-such-node',
  'bad-input',
]);

interface Troubled {
  readonly node: string;
  readonly because: string;
}

/** G5: while as many nodes of a pool have failed or are lost as its failure budget allows, nobody else of it is granted a permit. */
export function judgeHalt(world: World, events: Events, judge: Judge): void {
  const halts = new Halts(world, events, judge);
  world.server.onSignal = ({ workflowId }, { name, input }) => {
    if (name !== 'permitGranted' || input.length === 0) return;
    const { grantId } = Object(fromPayloads(input)[0]) as { grantId?: unknown };
    if (typeof grantId !== 'string') return;
    halts.judgeGrant(nodeOf(workflowId), grantId);
    world.steps?.granted(nodeOf(workflowId));
  };
}

const nodeOf = (workflowId: string): string => workflowId.slice(workflowId.indexOf('/') + 1);

class Halts {
  readonly #world: World;
  readonly #events: Events;
  readonly #judge: Judge;
  readonly #known = new Set<string>();

  constructor(world: World, events: Events, judge: Judge) {
    this.#world = world;
    this.#events = events;
    this.#judge = judge;
  }

  judgeGrant(node: string, grantId: string): void {
    const { cluster } = this.#world;
    const pool = cluster.record(node)?.labels['pool'] ?? '';
    // A forged grant is nobody's, and one that is only said again was judged when it was new.
    if (!grantId.startsWith(`${pool}-`) || this.#known.has(grantId)) return;
    this.#known.add(grantId);
    const troubled = this.#troubledIn(pool);
    // Who is the trouble may try again, also while the lock has hardly heard of it.
    const isTrouble = [...troubled, ...this.#judge.failures].some((one) => one.node === node);
    if (troubled.length < this.#world.mostFailures(pool) || isTrouble) return;
    const words = troubled.map(({ node: name, because }) => `${name}: ${because}`).join(', ');
    this.#judge.say(
      'G5',
      `${node} was granted a permit in ${pool}, which has to stand still: ${words}`,
    );
  }

  /** Of what was said of a node the latest counts. */
  #troubledIn(pool: string): Troubled[] {
    const sinceMs = this.#events.resumedMs.get(pool) ?? 0;
    const all = [...this.#failedIn(pool, sinceMs), ...this.#lostIn(pool, sinceMs)];
    return [...new Map(all.map((one) => [one.node, one])).values()];
  }

  #failedIn(pool: string, sinceMs: number): Troubled[] {
    return this.#judge.failures
      .filter((one) => one.pool === pool && one.atMs > sinceMs && !NO_TROUBLE.has(one.type))
      .filter(({ atMs }) => this.#isHeard(atMs, atMs))
      .filter(({ node, atMs }) => this.#isStillTroubled(node, atMs))
      .map(({ node, type }) => ({ node, because: type }));
  }

  #lostIn(pool: string, sinceMs: number): Troubled[] {
    return this.#world.cluster.list(`pool=${pool}`).flatMap((facts) => {
      const lostMs = this.#lostMs(facts, pool);
      if (lostMs === undefined || lostMs <= sinceMs) return [];
      return this.#isHeard(lostMs, lostMs - 60_000)
        ? [{ node: facts.name, because: 'it is lost' }]
        : [];
    });
  }

  /** When a node that has accepted its order and is not back is lost. */
  #lostMs({ rollout, answer, ...facts }: NodeFacts, pool: string): number | undefined {
    if (!rollout?.ok || !answer?.ok || facts.bootId !== rollout.value.bootIdBefore)
      return undefined;
    if (!isAccepted({ answer, ...facts })) return undefined;
    return answer.value.atMs + this.#world.mostReturnMs(pool);
  }

  /** A message that came late, or never, may have kept it from the lock. */
  #isHeard(atMs: number, calmSinceMs: number): boolean {
    const { clock, unheardUntilMs } = this.#world;
    return clock.nowMs - atMs > HEARD_WITHIN_MS && unheardUntilMs < calmSinceMs;
  }

  #isStillTroubled(node: string, atMs: number): boolean {
    const machine = this.#world.machines.get(node);
    if (!machine || !this.#world.cluster.record(node)) return false;
    const rebooted = machine.ordered.some((boot) => boot.atMs > atMs);
    const wasWell = (this.#judge.wellMs.get(node) ?? 0) >= atMs;
    return !rebooted && !wasWell && machine.sentinel;
  }
}
