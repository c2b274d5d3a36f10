import type { ApplicationFailure } from '@temporalio/common';
import { PutBack } from '../../../lab/witness/put-back.ts';
import { readOrder, readRollout } from '../../../domain/node-contract.ts';
import type { NodeFacts } from '../../../domain/node-facts.ts';
import type { Policy } from '../../../domain/policy.ts';
import type { Outcome, RolloutResult } from '../../../domain/status.ts';
import type { NodeSight } from '../../../lab/witness/contract.ts';
import { podsLeft } from '../../../lab/witness/empty-rule.ts';
import { Judge as Witness } from '../../../lab/witness/judge.ts';
import { sightOfNode } from '../../../lab/witness/sight.ts';
import type { Run } from '../temporal/run.ts';
import { payloads } from '../temporal/payloads.ts';
import { limitsOf } from '../policy.ts';
import type { NodeWrite } from '../world/cluster.ts';
import type { Events } from '../world/events.ts';
import { podsSeenBy, whoWrites, type Moved } from '../world/kube.ts';
import type { Observer, World } from '../world/world.ts';
import type { Broken, Rule } from './contract.ts';

/**
 * An outage elsewhere that began this short a time before a node is taken may not have been known: between the count and the
 * cordon lie a few requests, and a request may take half a minute.
 */
const RACE_MS = 40_000;
const REBOOTED: ReadonlySet<Outcome> = new Set<Outcome>(['rebooted', 'quarantined']);
/** A drain whose node was handed back or uncordoned looks at the node every 15 s; what it has asked for until then still comes. */
const UNDER_WAY_MS = 15_200;
/** The same where requests are slow or a worker stands still for a while. */
const UNDER_WAY_IN_TROUBLE_MS = 25_000;
/** A worker is shown a change of the node this late at the most, and acts on it. */
const SHOWN_WITHIN_MS = 3_000;

/** Judges by what happens in the world alone: what is written on Nodes, which pods go, which machines boot. */
export class Judge implements Observer {
  readonly broken: Broken[] = [];
  readonly #witness = new Witness({ raceMs: RACE_MS });
  readonly #putBack = new PutBack();
  readonly #sights = new Map<string, NodeSight>();
  readonly #readySinceMs = new Map<string, number>();
  readonly #releasedMs = new Map<string, number>();
  /** When each node was last seen as a node should be: in service, and wanting no reboot. */
  readonly wellMs = new Map<string, number>();
  readonly failures: { node: string; pool: string; atMs: number; type: string }[] = [];
  #world: World | undefined;
  #events: Events | undefined;
  readonly #early: (() => void)[] = [];

  /** The world tells of its first steps before it is complete. */
  watch(world: World, events: Events): void {
    this.#world = world;
    this.#events = events;
    for (const note of this.#early.splice(0)) note();
  }

  say(rule: Rule, sentence: string): void {
    this.#world?.tell(() => `BROKEN ${rule}: ${sentence}`);
    this.broken.push({ rule, sentence });
  }

  written({ by, view, revision }: NodeWrite): void {
    const world = this.#world;
    if (!world) return;
    const now = sightOfNode(view);
    const before = this.#sights.get(now.name);
    const atMs = world.clock.nowMs;
    this.#noteReady(now, atMs);
    this.#noteWell(world.cluster.factsOf(view), atMs);
    this.#hear(this.#witness.note({ kind: 'node', atMs, revision, by, node: now }).violations);
    this.#noteCustody(before, now, atMs);
    if (before && by.role === 'worker') this.#judgeWork(before, now, atMs);
    if (now.order !== undefined) this.#events?.noteOrder(now.name, view.metadata.annotations);
    this.#sights.set(now.name, now);
  }

  #noteCustody(before: NodeSight | undefined, now: NodeSight, atMs: number): void {
    if (before && isReleased(before, now)) this.#releasedMs.set(now.name, atMs);
    if (before?.rollout === undefined && now.rollout !== undefined) this.#putBack.begin(now.name);
  }

  #judgeWork(before: NodeSight, now: NodeSight, atMs: number): void {
    if (now.order !== undefined && now.order !== before.order) this.#judgeEmpty(now, atMs);
    if (before.rollout !== undefined && now.rollout === undefined) this.#judgeReturn(before, now);
  }

  gone(node: string): void {
    this.#sights.delete(node);
    this.#readySinceMs.delete(node);
    this.#witness.note({ kind: 'node-gone', name: node, atMs: this.#world?.clock.nowMs ?? 0 });
  }

  moved(moved: Moved): void {
    this.#putBack.note(moved);
    const { clock, disturbedUntilMs = 0 } = this.#world ?? {};
    const atMs = clock?.nowMs ?? 0;
    const releasedMs = this.#releasedMs.get(moved.node) ?? 0;
    const underWayMs = disturbedUntilMs < releasedMs ? UNDER_WAY_MS : UNDER_WAY_IN_TROUBLE_MS;
    if (atMs < releasedMs + underWayMs) return;
    this.#hear(this.#witness.note({ kind: 'pod-moved', atMs, ...moved }).violations);
  }

  foreignBoot(node: string): void {
    this.#witness.note({ kind: 'reboot-expected', name: node });
  }

  policy(policy: Policy): void {
    const note = (): void => {
      const atMs = this.#world?.clock.nowMs ?? 0;
      this.#witness.note({ kind: 'limits', atMs, pools: limitsOf(policy) });
    };
    if (this.#world) note();
    else this.#early.push(note);
  }

  ended(run: Run): void {
    if (run.type !== 'nodeRollout') return;
    if (run.status === 'failed') this.#noteFailure(run);
    if (run.status === 'completed') this.#judgeResult(run);
  }

  taskFailed(run: Run, error: unknown): void {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.say('G7', `the code of ${run.workflowId} has failed, so that it stands still: ${words}`);
  }

  /** What the nodes are left with, once everything has come to rest. */
  judgeLeftovers(): void {
    const world = this.#world;
    if (world) this.#hear(this.#witness.atEnd(world.clock.nowMs));
  }

  #hear(violations: readonly { rule: Rule; sentence: string }[]): void {
    for (const { rule, sentence } of violations) this.say(rule, sentence);
  }

  #noteReady({ name, ready }: NodeSight, atMs: number): void {
    if (!ready) this.#readySinceMs.delete(name);
    else if (!this.#readySinceMs.has(name)) this.#readySinceMs.set(name, atMs);
  }

  #noteWell({ name, ready, rollout, quarantine, report }: NodeFacts, atMs: number): void {
    const isWell = ready && !rollout && !quarantine && report?.wants !== 'required';
    if (isWell) this.wellMs.set(name, atMs);
  }

  /** G2: the attempt that wrote the order had itself seen the node empty just before. */
  #judgeEmpty(now: NodeSight, atMs: number): void {
    const seen = podsSeenBy(whoWrites());
    if (seen?.node !== now.name) {
      this.say('G2', `${now.name} was ordered to reboot without its pods having been looked at`);
      return;
    }
    const pods = this.#putBack.others(now.name, seen.pods);
    const left = podsLeft({ pods, atMs: seen.atMs }, undefined, -1_000);
    if (left.length > 0) {
      this.say('G2', `${now.name} was ordered to reboot although it bore ${left.join(', ')}`);
    }
    const order = readOrder(now.order);
    if (order?.ok && order.value.expiresAtMs < atMs) {
      this.say('G2', `${now.name} was ordered to reboot by an order that is over already`);
    }
  }

  /** G3: a node is handed back after a reboot only when it is Ready and has been so for as long as the policy wants. */
  #judgeReturn(before: NodeSight, now: NodeSight): void {
    const record = readRollout(before.rollout);
    if (!record?.ok) return;
    if (now.bootId === record.value.bootIdBefore) return;
    const world = this.#world;
    if (!world) return;
    const sinceMs = this.#readySinceMs.get(now.name);
    if (sinceMs === undefined) {
      this.say('G3', `${now.name} was handed back after its reboot although it is not Ready`);
      return;
    }
    const wantedMs = world.leastStableMs(now.labels['pool'] ?? '');
    const stableMs = world.clock.nowMs - sinceMs;
    if (stableMs + SHOWN_WITHIN_MS < wantedMs) {
      const words = `${stableMs} ms after it had become Ready, instead of ${wantedMs}`;
      this.say('G3', `${now.name} was handed back after its reboot ${words}`);
    }
  }

  #judgeResult({ result: payload }: Run): void {
    const result = payload && payloads.fromPayload<RolloutResult>(payload);
    if (!result || !REBOOTED.has(result.outcome)) return;
    const { node, bootIdBefore, bootIdAfter } = result;
    const running = this.#world?.machines.get(node)?.bootId;
    // Its power may have been cut once more since it was seen in the boot that is named.
    const isProved = bootIdAfter !== bootIdBefore && running !== bootIdBefore;
    if (bootIdBefore && bootIdAfter && isProved) return;
    const words = `into boot ${bootIdAfter} from ${bootIdBefore}, but ${running} runs`;
    this.say('G3', `the rollout of ${node} says it was rebooted ${words}`);
  }

  #noteFailure({ failure, closedAtMs, workflowId }: Run): void {
    const info = failure as
      { applicationFailureInfo?: Pick<ApplicationFailure, 'type'> } | undefined;
    const node = workflowId.slice(workflowId.indexOf('/') + 1);
    const pool = this.#sights.get(node)?.labels['pool'] ?? '';
    const type = info?.applicationFailureInfo?.type ?? '';
    this.failures.push({ node, pool, atMs: closedAtMs, type });
  }
}

/** Handed back, or uncordoned by somebody. */
function isReleased(before: NodeSight, now: NodeSight): boolean {
  const handedBack = before.rollout !== undefined && now.rollout === undefined;
  return handedBack || (before.unschedulable && !now.unschedulable);
}
