import { writeAnswer, writeOrder, writeRollout } from '../../domain/node-contract.ts';
import type { RebootAnswer, RebootOrder, RolloutRecord } from '../../domain/node-contract.ts';
import type { Author, NodeSight, PodSight, PoolLimits, WitnessEvent } from './contract.ts';
import { Judge } from './judge.ts';

const worker: Author = { role: 'worker', name: 'the worker' };
const agent: Author = { role: 'agent', name: 'the agent' };
const person: Author = { role: 'other', name: 'ann' };
const nobody: Author = { role: 'unknown', name: 'somebody' };
export const BY = { worker, agent, person, nobody } as const;

const runOf = (name: string) => ({ workflowId: `node-rollout/${name}`, runId: 'run-1' });

/** An invented history of a cluster, told to a judge event by event; every step comes 10 s after the one before. */
export class Story {
  readonly broken: string[] = [];
  atMs = Date.UTC(2026, 10, 24, 22);
  readonly #judge = new Judge();
  readonly #nodes = new Map<string, NodeSight>();
  #revision = 0;
  #stepMs = 10_000;
  #asked: { node: string; atMs: number }[] = [];

  constructor() {
    this.limits({});
  }

  /** From now on this long passes between two steps. */
  every(stepMs: number): this {
    this.#stepMs = stepMs;
    return this;
  }

  limits(more: Partial<PoolLimits>, ...others: PoolLimits[]): this {
    const pool = { name: 'workers', nodes: 'pool=workers', maxUnavailable: 1, ...more };
    return this.#tell({ kind: 'limits', atMs: this.atMs, pools: [pool, ...others] });
  }

  /** A healthy node of the pool, or what the test makes of it. */
  node(name: string, more: Partial<NodeSight> = {}): this {
    const node: NodeSight = {
      name,
      labels: { pool: 'workers' },
      deleting: false,
      unschedulable: false,
      ready: true,
      bootId: 'boot-1',
      rollout: undefined,
      order: undefined,
      answer: undefined,
      taint: undefined,
      taints: [],
      lifecycle: [],
      ...more,
    };
    return this.#show(node, BY.person);
  }

  write(by: Author, name: string, change: Partial<NodeSight>): this {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`the story has no node ${name}`);
    this.atMs += this.#stepMs;
    return this.#show({ ...node, ...change }, by);
  }

  take(
    name: string,
    more: Partial<RolloutRecord> = {},
    by: Author = BY.worker,
    change: Partial<NodeSight> = {},
  ): this {
    const record = {
      ...runOf(name),
      cordonedByUs: true,
      bootIdBefore: 'boot-1',
      phase: 'draining',
    };
    const rollout = writeRollout({ ...record, ...more });
    return this.write(by, name, { unschedulable: true, rollout, ...change });
  }

  order(name: string, more: Partial<RebootOrder> = {}, by: Author = BY.worker): this {
    const { workflowId, runId } = runOf(name);
    const order = {
      bootId: this.#nodes.get(name)?.bootId ?? '',
      rollout: `${workflowId}/${runId}`,
      expiresAtMs: this.atMs + 300_000,
      ...more,
    };
    return this.write(by, name, { order: writeOrder(order), answer: undefined });
  }

  accept(name: string, more: Partial<RebootAnswer> = {}, by: Author = BY.agent): this {
    const { workflowId, runId } = runOf(name);
    const answer = {
      bootId: this.#nodes.get(name)?.bootId ?? '',
      rollout: `${workflowId}/${runId}`,
      verdict: 'accepted' as const,
      because: '',
      atMs: this.atMs,
      ...more,
    };
    return this.write(by, name, { answer: writeAnswer(answer) });
  }

  boot(name: string, bootId: string): this {
    return this.write(BY.person, name, { ready: false }).write(BY.person, name, {
      ready: true,
      bootId,
    });
  }

  handBack(name: string, more: Partial<NodeSight> = {}, by: Author = BY.worker): this {
    const nothing = { rollout: undefined, order: undefined, answer: undefined };
    return this.write(by, name, { ...nothing, unschedulable: false, ...more });
  }

  gone(name: string): this {
    this.#nodes.delete(name);
    return this.#tell({ kind: 'node-gone', name, atMs: this.atMs });
  }

  expectReboot(name: string): this {
    return this.#tell({ kind: 'reboot-expected', name });
  }

  /** The pod of the same owner as in `pods`. */
  moved(node: string, how: 'evicted' | 'deleted' = 'evicted'): this {
    this.atMs += this.#stepMs;
    return this.movedAt(this.atMs, node, how);
  }

  /** What is told of pods may come after what happened later. */
  movedAt(atMs: number, node: string, how: 'evicted' | 'deleted' = 'evicted'): this {
    return this.#tell({
      kind: 'pod-moved',
      atMs,
      node,
      pod: 'shop/web-1',
      owner: 'shop/ReplicaSet/web',
      how,
    });
  }

  /** The API server answers what was on the node at the order that has been asked about. */
  pods(...pods: Partial<PodSight>[]): this {
    const [question] = this.#asked;
    if (!question) throw new Error('the judge has not asked for the pods of an order');
    this.#asked.shift();
    return this.#tell({ kind: 'pods', ...question, pods: pods.map((pod) => aPod(pod)) });
  }

  end(): this {
    this.#say(this.#judge.atEnd(this.atMs));
    return this;
  }

  /** Whether the judge wants to know the pods of an order. */

  #show(node: NodeSight, by: Author): this {
    this.#nodes.set(node.name, node);
    this.#revision += 1;
    return this.#tell({ kind: 'node', atMs: this.atMs, revision: this.#revision, by, node });
  }

  #tell(event: WitnessEvent): this {
    const { violations, questions } = this.#judge.note(event);
    this.#say(violations);
    this.#asked = [...this.#asked, ...questions.map(({ node, atMs }) => ({ node, atMs }))];
    return this;
  }

  #say(violations: readonly { rule: string; sentence: string }[]): void {
    this.broken.push(...violations.map(({ rule, sentence }) => `${rule}: ${sentence}`));
  }
}

function aPod(more: Partial<PodSight>): PodSight {
  return {
    namespace: 'shop',
    name: 'web-1',
    labels: {},
    ownerKind: 'ReplicaSet',
    owner: 'shop/ReplicaSet/web',
    mirror: false,
    finished: false,
    onNodeSinceMs: 0,
    deletionMs: undefined,
    ...more,
  };
}
