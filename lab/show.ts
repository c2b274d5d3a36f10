import type { NodeFacts } from '../domain/node-facts.ts';
import { present } from '../domain/present.ts';
import type { PodCount } from './fleet/pods.ts';
import type { Lab } from './lab.ts';
import type { NodeEnd } from './result.ts';
import type { Rollouts, RolloutView } from './rollouts.ts';
import type { Row } from './table.ts';

/** One look at every node: what the table shows of it, and what the result would say. */
export interface Look {
  readonly rows: readonly Row[];
  readonly ends: readonly NodeEnd[];
}

export interface LookContext {
  readonly lab: Lab;
  readonly rollouts: Rollouts;
  readonly pods: PodCount;
  /** Whether each node could take pods before anything was asked. */
  readonly schedulableBefore: ReadonlyMap<string, boolean>;
  /** When each asked node was asked. */
  readonly askedAtMs: ReadonlyMap<string, number>;
  /** How the asked nodes' rollouts were completed: a later one that waits, as in quarantine, takes nothing from that. */
  readonly completed: Map<string, RolloutView>;
}

/** So many rollouts are looked at in one go without being a burden. */
const ALL_UP_TO = 20;

export async function lookAtLab(context: LookContext, nowMs: number): Promise<Look> {
  const { nodes } = context.lab.fleet;
  const looks = await Promise.all(nodes.map((node) => lookAtNode(context, node, nowMs)));
  return { rows: looks.map(({ row }) => row), ends: looks.map(({ end }) => end) };
}

const NO_ROLLOUT: RolloutView = { end: { state: 'none' }, phase: '', because: '' };

async function lookAtNode(context: LookContext, node: string, nowMs: number) {
  const { lab, rollouts, askedAtMs, completed } = context;
  const facts = lab.fleet.evidence.node(node);
  const askedMs = askedAtMs.get(node);
  const interesting =
    askedMs !== undefined || facts?.rollout !== undefined || lab.fleet.nodes.length <= ALL_UP_TO;
  const view = interesting ? await rollouts.look(node) : NO_ROLLOUT;
  if (askedMs !== undefined && view.end.state === 'completed' && !completed.has(node))
    completed.set(node, view);
  const seen = (shown: RolloutView): SeenNode => {
    const fromMs = askedMs ?? shown.startedAtMs;
    const elapsedMs = fromMs === undefined ? undefined : (shown.closedAtMs ?? nowMs) - fromMs;
    return { node, facts, view: shown, elapsedMs, asked: askedMs !== undefined };
  };
  const judged = completed.get(node) ?? view;
  return { row: rowOf(context, seen(view)), end: endOf(context, seen(judged)) };
}

interface SeenNode {
  readonly node: string;
  readonly facts: NodeFacts | undefined;
  readonly view: RolloutView;
  readonly elapsedMs: number | undefined;
  readonly asked: boolean;
}

function rowOf({ lab, pods }: LookContext, { node, facts, view, elapsedMs, asked }: SeenNode): Row {
  return {
    node,
    phase: view.phase || phaseWithoutRollout(facts, asked),
    reboots: Math.max(0, lab.fleet.bootIds(node).length - 1),
    because: view.because,
    ...(view.end.state === 'running' && { podsLeft: pods.left(node) }),
    ...present({ elapsedMs }),
  };
}

function endOf(
  { lab, schedulableBefore }: LookContext,
  { node, facts, view, elapsedMs = 0, asked }: SeenNode,
): NodeEnd {
  return {
    name: node,
    asked,
    bootIds: lab.fleet.bootIds(node),
    ready: facts?.ready ?? false,
    schedulable: facts !== undefined && !facts.unschedulable,
    schedulableBefore: schedulableBefore.get(node) ?? true,
    rollout: view.end,
    seconds: asked ? Math.round(elapsedMs / 100) / 10 : 0,
  };
}

function phaseWithoutRollout(facts: NodeFacts | undefined, asked: boolean): string {
  if (facts === undefined) return 'gone';
  if (!facts.ready) return 'not ready';
  return asked ? 'asked' : 'in service';
}
