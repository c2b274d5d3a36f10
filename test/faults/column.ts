import type { WorkflowExecutionDescription } from '@temporalio/client';
import { ANNOTATION } from '../../domain/node-contract.ts';
import type { NodeFacts } from '../../domain/node-facts.ts';
import { FAULT, momentsOf, type FaultName, type Moment, type Standing } from './faults.ts';
import { eventually, type MatrixScene, type Place } from './scene.ts';
import { holdAt, STEPS, type StepName } from './steps.ts';

/** How one rollout ended that was struck by one fault at one step, by the cluster's evidence alone. */
export interface Outcome {
  readonly step: StepName;
  readonly fault: FaultName;
  readonly moment: Moment | undefined;
  readonly end: 'rebooted once' | 'undone, not rebooted' | 'failed';
  /** Why it counts as failed; empty otherwise. */
  readonly because: string;
  readonly tookMs: number;
}

interface Cell {
  readonly step: StepName;
  readonly moment: Moment | undefined;
  readonly place: Place;
  /** As the node was before. */
  readonly before: Shape;
  readonly boots: number;
  /** Reboots that the node remembers. */
  readonly remembered: number;
}

const FINISHED_WITHIN_MS = 240_000;

/**
 * Brings one rollout to each step, strikes all of them with the fault, and waits until every node is back in service.
 * A cell that fails does not hold up the others, and its node is cleaned up for the next fault.
 */
export async function runColumn(
  scene: MatrixScene,
  fault: FaultName,
  placeOf: (step: StepName, index: number) => Place,
): Promise<Outcome[]> {
  const cells = await cellsOf(scene, fault, placeOf);
  const outcomes = new Map<Cell, Outcome>();
  const end = (cell: Cell, how: Pick<Outcome, 'end' | 'because'>, tookMs = 0): void => {
    const { step, moment } = cell;
    outcomes.set(cell, { step, fault, moment, ...how, tookMs });
  };
  const tell = progress(fault);
  const fail = (cell: Cell, error: unknown): void => {
    const because = error instanceof Error ? error.message : String(error);
    tell(`${cell.step} (${cell.moment ?? 'no moment'}) failed: ${because}`);
    end(cell, { end: 'failed', because });
  };
  const standing = await bringToSteps(scene, cells, fail);
  tell(`${standing.size} rollouts stand at their steps`);
  const struckMs = Date.now();
  await FAULT[fault].strike(scene, [...standing.values()]);
  tell('the fault is over');
  await Promise.all(
    [...standing.keys()].map(async (cell) => {
      try {
        end(cell, { end: await finished(scene, cell), because: '' }, Date.now() - struckMs);
      } catch (error) {
        fail(cell, error);
      }
    }),
  );
  tell('all are over');
  const unfinished = cells.filter((cell) => outcomes.get(cell)?.end !== 'rebooted once');
  await Promise.all(unfinished.map((cell) => cleanUp(scene, cell, standing.get(cell))));
  return cells.flatMap((cell) => outcomes.get(cell) ?? []);
}

const ignored = (): void => undefined;

function progress(fault: FaultName): (what: string) => void {
  const fromMs = Date.now();
  return (what) => {
    const seconds = ((Date.now() - fromMs) / 1_000).toFixed(0);
    process.stderr.write(`[kill matrix] ${fault}: ${what} after ${seconds} s\n`);
  };
}

async function cellsOf(
  scene: MatrixScene,
  fault: FaultName,
  placeOf: (step: StepName, index: number) => Place,
): Promise<Cell[]> {
  const variants = STEPS.flatMap((step) =>
    momentsOf(step, fault).map((moment, index) => ({ step, moment, place: placeOf(step, index) })),
  );
  return Promise.all(
    variants.map(async ({ step, moment, place }) => {
      await eventually(
        () => scene.appRuns(place.node),
        (runs) => runs,
      );
      const before = await shapeOf(scene, place.node);
      const boots = scene.lab.fleet.bootIds(place.node).length;
      return { step, moment, place, before, boots, remembered: rememberedOn(scene, place.node) };
    }),
  );
}

async function bringToSteps(
  scene: MatrixScene,
  cells: readonly Cell[],
  fail: (cell: Cell, error: unknown) => void,
): Promise<Map<Cell, Standing>> {
  const standing = new Map<Cell, Standing>();
  await Promise.all(
    cells.map(async (cell) => {
      const { step, moment, place } = cell;
      try {
        const at = moment?.startsWith('answer') ? 'answer' : 'request';
        const held = await holdAt(step, { scene, place, at });
        standing.set(cell, { step, place, held, moment });
        await scene.askForReboot(place.node);
        held.asked?.();
        await held.reached();
      } catch (error) {
        fail(cell, new Error(`it was never brought to its step: ${String(error)}`));
      }
    }),
  );
  return standing;
}

/** Resolves with how it ended once everything about it is as it should be. */
async function finished(
  scene: MatrixScene,
  cell: Cell,
): Promise<'rebooted once' | 'undone, not rebooted'> {
  const reboots = () => scene.lab.fleet.bootIds(cell.place.node).length - cell.boots;
  const because = await eventually(
    () => notYet(scene, cell, reboots()),
    (because) => because === undefined || reboots() > 1,
    FINISHED_WITHIN_MS,
  );
  if (because !== undefined) throw new Error(because);
  return reboots() === 0 ? 'undone, not rebooted' : 'rebooted once';
}

/** What is not as it should be; undefined: the cell is over, and well. */
async function notYet(
  scene: MatrixScene,
  { place: { node, pool }, before, remembered }: Cell,
  reboots: number,
): Promise<string | undefined> {
  if (reboots > 1) return `it rebooted ${reboots} times`;
  const facts = scene.lab.fleet.evidence.node(node);
  const left = leftOn(facts) ?? notOver(await scene.rollout(node).describe(), reboots, facts);
  if (left !== undefined) return left;
  const more = rememberedOn(scene, node) - remembered;
  if (more !== reboots) return `it rebooted ${reboots} times and remembers ${more}`;
  const unrest = await unrestOf(scene, pool);
  if (unrest !== undefined) return unrest;
  return differenceOf(before, await shapeOf(scene, node));
}

/** What the lock of a pool still has in hand; undefined: nothing. */
async function unrestOf(scene: MatrixScene, pool: string): Promise<string | undefined> {
  const lock = await scene.lockStatus(pool);
  const { holders = [], queue = [], troubles = [] } = lock ?? {};
  if (holders.length + queue.length + troubles.length === 0) return undefined;
  return `the lock is not at rest: ${JSON.stringify(lock)}`;
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
  return lab.fleet.evidence.node(node)?.past?.reboots.length ?? 0;
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

/** What of a node a rollout may not change for good: all but the memory of its reboots, which is counted apart. */
interface Shape {
  readonly spec: unknown;
  readonly ours: readonly string[];
  readonly labels: unknown;
  readonly conditions: readonly string[];
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
  const { metadata, spec, status } = await scene.lab.fleet.kube.get<NodeObject>(
    `/api/v1/nodes/${node}`,
  );
  const annotations = Object.entries(metadata.annotations ?? {}).filter(
    ([key]) => key.startsWith('lockkeeper.io/') && key !== ANNOTATION.past,
  );
  return {
    spec,
    ours: annotations.map(String),
    labels: metadata.labels,
    conditions: status.conditions.map(({ type }) => type).toSorted(),
  };
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

/** As an administrator would, by force: so that the node can serve the next fault. */
async function cleanUp(
  scene: MatrixScene,
  { place, before }: Cell,
  standing: Standing | undefined,
): Promise<void> {
  const { node, pool } = place;
  standing?.held.lose();
  await standing?.held.letGo().catch(() => undefined);
  const { fleet } = scene.lab;
  await fleet.machine(node).withdrawRequest();
  await scene.rollout(node).terminate('cleaned up after a test').catch(ignored);
  await scene.lock(pool).signal('release', { node }).catch(ignored);
  await scene.lock(pool).signal('resume').catch(ignored);
  const gone = Object.fromEntries(Object.values(ANNOTATION).map((key) => [key, null]));
  await scene.patchNode(node, { metadata: { annotations: gone }, spec: { unschedulable: null } });
  const { conditions: now } = await shapeOf(scene, node);
  const conditions = now
    .filter((type) => !before.conditions.includes(type))
    .map((type) => ({ type, $patch: 'delete' }));
  await fleet.kube.patch(`/api/v1/nodes/${node}/status`, 'strategic', { status: { conditions } });
  fleet.machine(node).powerOn();
  await fleet.evidence.until(node, 'Ready', ({ ready }) => ready);
  await fleet.agent(node).start();
  await fleet.evidence.until(node, 'content', ({ report }) => report?.wants === 'not-required');
}
