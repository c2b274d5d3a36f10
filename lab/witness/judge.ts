import { present } from '../../domain/present.ts';
import { judgeTaking, whyOut, type Standing } from './budget-rule.ts';
import {
  WATCHED_RULES,
  type NodeChange,
  type NodeSight,
  type NodeWritten,
  type PodsAtOrder,
  type PodsQuestion,
  type Violation,
  type WatchedRule,
  type WitnessEvent,
} from './contract.ts';
import { isOrdering, judgeOrder, podsLeft } from './empty-rule.ts';
import { Fencing } from './fencing-rule.ts';
import { leftovers, Ownership } from './ownership-rule.ts';
import { Marks } from './labels-and-taint-rule.ts';
import { onlyPoolOf, RecentLimits } from './pools.ts';
import { PutBack } from './put-back.ts';

export interface JudgeOptions {
  /** Default: all of them. */
  readonly rules?: readonly WatchedRule[];
  /** Outages and pods that came so short a time before a write may not have been seen by the writer; default 2 s. */
  readonly raceMs?: number;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly questions: readonly PodsQuestion[];
}

const NOTHING: Verdict = { violations: [], questions: [] };

type Finding = readonly [WatchedRule, string];

/**
 * Judges what happens to the nodes of a cluster, event by event in the order of their revisions. It reads no clock, asks
 * nobody, and knows nothing of what Lockkeeper believes.
 */
export class Judge {
  readonly #nodes = new Map<string, Standing>();
  readonly #limits = new RecentLimits();
  readonly #fencing = new Fencing();
  readonly #ownership = new Ownership();
  readonly #marks = new Marks();
  readonly #putBack = new PutBack();
  readonly #rules: readonly WatchedRule[];
  readonly #raceMs: number;

  constructor({ rules = WATCHED_RULES, raceMs = 2_000 }: JudgeOptions = {}) {
    this.#rules = rules;
    this.#raceMs = raceMs;
  }

  note(event: WitnessEvent): Verdict {
    switch (event.kind) {
      case 'node':
        return this.#noteNode(event);
      case 'node-gone':
        this.#forget(event);
        return NOTHING;
      case 'pods':
        return this.#found(event, this.#judgePods(event));
      case 'pod-moved':
        this.#putBack.note(event);
        return this.#found(event, say('G6', this.#ownership.judgePod(event)));
      case 'limits':
        this.#limits.note(event.pools, event.atMs);
        return NOTHING;
      case 'reboot-expected':
        this.#fencing.expectReboot(event.name);
        return NOTHING;
      default:
        return event satisfies never;
    }
  }

  /** What would be wrong if everything ended now: nodes in the middle of a rollout are not judged. */
  atEnd(atMs: number): readonly Violation[] {
    return [...this.#nodes.values()].flatMap(
      ({ sight }) =>
        this.#found({ node: sight.name, atMs }, say('G6', leftovers(sight))).violations,
    );
  }

  #noteNode({ node: now, by, atMs, revision }: NodeWritten): Verdict {
    const known = this.#nodes.get(now.name);
    const change: NodeChange = { atMs, by, now, ...present({ before: known?.sight }) };
    const overBudget = judgeTaking(change, {
      nodes: this.#nodes.values(),
      limits: this.#limits,
      raceMs: this.#raceMs,
    });
    if (known?.sight.rollout === undefined && now.rollout !== undefined) {
      this.#putBack.begin(now.name);
    }
    const ordering = isOrdering(change);
    const findings = [
      ...say('G1', overBudget === undefined ? [] : [overBudget]),
      ...say('G2', ordering ? judgeOrder(change) : []),
      ...say('G4', this.#fencing.judge(change)),
      ...say('G6', this.#ownership.judge(change)),
      ...say('G6', this.#marks.judge(change, this.#poolsOf(now, atMs))),
    ];
    this.#nodes.set(now.name, standing(now, known, atMs));
    const { violations } = this.#found({ node: now.name, atMs }, findings);
    const ask = ordering && this.#rules.includes('G2');
    return { violations, questions: ask ? [{ node: now.name, revision, atMs }] : [] };
  }

  #judgePods({ node, pods: all, atMs }: PodsAtOrder): Finding[] {
    const pods = this.#putBack.others(node, all);
    const sight = this.#nodes.get(node)?.sight;
    const pools = sight ? this.#poolsOf(sight, atMs) : [];
    const verdicts = (pools.length > 0 ? pools : [undefined]).map((pool) =>
      podsLeft({ pods, atMs }, typeof pool === 'object' ? pool : undefined, this.#raceMs),
    );
    const [first = []] = verdicts;
    // Right by any policy of the last seconds is right.
    if (verdicts.some((left) => left.length === 0)) return [];
    return say('G2', [`${node} was ordered to reboot while on it were ${first.join(', ')}`]);
  }

  /** The pool of the node by each policy that may rightly have been gone by, or why it is in none. */
  #poolsOf(sight: NodeSight, atMs: number) {
    return this.#limits.at(atMs).map((all) => onlyPoolOf(all, sight));
  }

  #forget({ name, atMs }: { name: string; atMs: number }): void {
    this.#nodes.delete(name);
    this.#fencing.forget(name);
    this.#ownership.forget(name, atMs);
    this.#marks.forget(name);
  }

  #found({ node, atMs }: { node: string; atMs: number }, findings: readonly Finding[]): Verdict {
    const violations = findings
      .filter(([rule]) => this.#rules.includes(rule))
      .map(([rule, sentence]) => ({ rule, node, atMs, sentence }));
    return { violations, questions: [] };
  }
}

function say(rule: WatchedRule, sentences: readonly string[]): Finding[] {
  return sentences.map((sentence) => [rule, sentence] as const);
}

function standing(sight: NodeSight, known: Standing | undefined, atMs: number): Standing {
  if (whyOut(sight) === undefined) return { sight };
  return { sight, outSinceMs: known?.outSinceMs ?? atMs };
}
