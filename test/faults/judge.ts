import type { WorkflowExecutionDescription } from '@temporalio/client';
import { ANNOTATION } from '../../domain/node-contract.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { eventually, type MatrixScene, type Place } from './scene.ts';

/** A node as it was before its rollout. */
export interface Before {
  readonly shape: Shape;
  readonly boots: number;
  /** Reboots that the node remembers. */
  readonly remembered: number;
}

/** What of a node a rollout may not change for good: all but the memory of its reboots, which is counted apart. */
interface Shape {
  readonly spec: unknown;
  readonly ours: readonly string[];
  readonly labels: unknown;
  readonly conditions: readonly string[];
}

export async function lookBefore(scene: MatrixScene, { node }: Place): Promise<Before> {
  return {
    shape: await shapeOf(scene, node),
    boots: scene.lab.fleet.bootIds(node).length,
    remembered: rememberedOn(scene, node),
  };
}

const FINISHED_WITHIN_MS = 240_000;

/** Resolves with how it ended, once everything about it is as it should be; rejects with what is not. */
export async function finished(
  scene: MatrixScene,
  place: Place,
  before: Before,
): Promise<'rebooted once' | 'undone, not rebooted'> {
  const reboots = (): number => scene.lab.fleet.bootIds(place.node).length - before.boots;
  const because = await eventually(
    () => notYet(scene, place, { ...before, reboots: reboots() }),
    (because) => because === undefined || reboots() > 1,
    FINISHED_WITHIN_MS,
  );
  if (because !== undefined) throw new Error(because);
  return reboots() === 0 ? 'undone, not rebooted' : 'rebooted once';
}

/** What is not as it should be; undefined: it is over, and well. */
async function notYet(
  scene: MatrixScene,
  { node, pool }: Place,
  { shape, remembered, reboots }: Before & { readonly reboots: number },
): Promise<string | undefined> {
  if (reboots > 1) return `it rebooted ${reboots} times`;
  const facts = scene.lab.fleet.evidence.node(node);
  const left = leftOn(facts) ?? notOver(await scene.rollout(node).describe(), reboots, facts);
  if (left !== undefined) return left;
  const more = rememberedOn(scene, node) - remembered;
  if (more !== reboots) return `it rebooted ${reboots} times and remembers ${more}`;
  return (await unrestOf(scene, pool)) ?? differenceOf(shape, await shapeOf(scene, node));
}

function leftOn(facts: NodeFacts | undefined): string | undefined {
  if (!facts) return 'the node is gone';
  const { ready, unschedulable, rollout, order, answer } = facts;
  const left = [
    ...(ready ? [] : ['NotReady']),
    ...(unschedulable ? ['cordoned'] : []),
    ...(rollout ? ['it has the record of a rollout'] : []),
    ...(order ? ['it has an order'] : []),
    ...(answer ? ['it has an answer'] : []),
  ];
  return left.length > 0 ? left.join(', ') : undefined;
}

/** Undone and told so, it may still want its reboot, which the scan sees to later; else it has had it. */
function notOver(
  { status: { name } }: WorkflowExecutionDescription,
  reboots: number,
  facts: NodeFacts | undefined,
): string | undefined {
  if (name === 'RUNNING') return 'its rollout goes on';
  if (reboots === 0) return name === 'FAILED' ? undefined : `no reboot, and its rollout is ${name}`;
  const wants = facts?.report?.wants;
  return wants === 'not-required' ? undefined : `rebooted, and a reboot is ${wants}`;
}

function rememberedOn({ lab }: MatrixScene, node: string): number {
  return lab.fleet.evidence.node(node)?.attempts?.reboots.length ?? 0;
}

/** What the lock of a pool still has in hand; undefined: nothing. */
async function unrestOf(scene: MatrixScene, pool: string): Promise<string | undefined> {
  const lock = await scene.lockStatus(pool);
  const { permits = [], queue = [], troubles = [] } = lock ?? {};
  if (permits.length + queue.length + troubles.length === 0) return undefined;
  return `the lock is not at rest: ${JSON.stringify(lock)}`;
}

function differenceOf(before: Shape, after: Shape): string | undefined {
  const keys = Object.keys(before) as (keyof Shape)[];
  const different = keys.filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  if (different.length === 0) return undefined;
  const say = (shape: Shape): string => JSON.stringify(different.map((key) => shape[key]));
  return `its ${different.join(', ')} began as ${say(before)} and ended as ${say(after)}`;
}

interface NodeObject {
  readonly metadata: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: unknown;
  readonly status: { readonly conditions: readonly { readonly type: string }[] };
}

async function shapeOf(scene: MatrixScene, node: string): Promise<Shape> {
  const path = `/api/v1/nodes/${node}`;
  const { metadata, spec, status } = await scene.lab.fleet.kube.get<NodeObject>(path);
  const annotations = Object.entries(metadata.annotations ?? {}).filter(
    ([key]) => key.startsWith('lockkeeper.io/') && key !== ANNOTATION.attempts,
  );
  return {
    spec,
    ours: annotations.map(String),
    labels: metadata.labels,
    conditions: status.conditions.map(({ type }) => type).toSorted(),
  };
}

/** Makes the node as it was before, by force, as an administrator would: so that it can serve the next fault. */
export async function cleanUp(scene: MatrixScene, place: Place, { shape }: Before): Promise<void> {
  const { node, pool } = place;
  const { fleet } = scene.lab;
  await fleet.machine(node).withdrawRequest();
  await scene.rollout(node).terminate('cleaned up after a test').catch(ignored);
  await scene.lock(pool).signal('release', { node }).catch(ignored);
  await scene.lock(pool).signal('resume').catch(ignored);
  const annotations = Object.fromEntries(Object.values(ANNOTATION).map((key) => [key, null]));
  await scene.patchNode(node, { metadata: { annotations }, spec: { unschedulable: null } });
  const conditions = (await shapeOf(scene, node)).conditions
    .filter((type) => !shape.conditions.includes(type))
    .map((type) => ({ type, $patch: 'delete' }));
  await fleet.kube.patch(`/api/v1/nodes/${node}/status`, 'strategic', { status: { conditions } });
  fleet.machine(node).powerOn();
  await fleet.evidence.until(node, 'Ready', ({ ready }) => ready);
  await fleet.agent(node).start();
  await fleet.evidence.until(node, 'content', ({ report }) => report?.wants === 'not-required');
}

const ignored = (): void => undefined;
