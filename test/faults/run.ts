import { nameOf, type Cell, type Outcome } from './cell.ts';
import { FAULT, type FaultName, type Standing } from './faults.ts';
import { cleanUp, finished, lookBefore, type Before } from './judge.ts';
import { eventually, type MatrixScene } from './scene.ts';
import { holdAt, type Held } from './steps.ts';

/** Says how far it is, for whoever waits. */
export function progress(what: string): void {
  process.stderr.write(`[kill matrix] ${what}\n`);
}

/**
 * Brings the rollout of every cell to its step, strikes all of them with the fault at once, and waits until every node is
 * back in service. A cell that fails does not hold up the others, and its node is cleaned up for the next fault.
 */
export async function runTogether(
  scene: MatrixScene,
  fault: FaultName,
  cells: readonly Cell[],
): Promise<Outcome[]> {
  const attempts = await Promise.all(cells.map((cell) => bringToStep(scene, cell)));
  const standing = attempts.filter((attempt) => attempt.failure === undefined);
  const struckMs = Date.now();
  await FAULT[fault].strike(
    scene,
    standing.flatMap(({ standing }) => standing ?? []),
  );
  return await Promise.all(attempts.map((attempt) => seeToTheEnd(scene, attempt, struckMs)));
}

interface Attempt {
  readonly cell: Cell;
  readonly before: Before;
  readonly held?: Held;
  readonly standing?: Standing;
  /** Why it never came to its step. */
  readonly failure?: unknown;
}

async function bringToStep(scene: MatrixScene, cell: Cell): Promise<Attempt> {
  const { step, moment, place } = cell;
  // What is evicted has to be there, and what came before may just have ended.
  await eventually(
    () => scene.appRuns(place.node),
    (runs) => runs,
  );
  const before = await lookBefore(scene, place);
  const at = moment?.startsWith('answer') ? 'answer' : 'request';
  const held = await holdAt(step, { scene, place, at });
  try {
    await scene.askForReboot(place.node);
    held.asked?.();
    await held.reached();
    return { cell, before, held, standing: { step, place, held, moment } };
  } catch (failure) {
    return { cell, before, held, failure };
  }
}

async function seeToTheEnd(
  scene: MatrixScene,
  attempt: Attempt,
  struckMs: number,
): Promise<Outcome> {
  const { cell, before, held, failure } = attempt;
  let end: Outcome['end'] = 'failed';
  let because = '';
  try {
    if (failure !== undefined)
      throw new Error('it was never brought to its step', { cause: failure });
    end = await finished(scene, cell.place, before);
  } catch (error) {
    because = wordsOf(error);
    progress(`${nameOf(cell)} failed: ${because}`);
  }
  const outcome = { ...cell, end, because, tookMs: Date.now() - struckMs };
  if (end === 'rebooted once') return outcome;
  try {
    held?.lose();
    await held?.letGo();
    await cleanUp(scene, cell.place, before);
  } catch (error) {
    progress(`${nameOf(cell)}: its node could not be cleaned up: ${wordsOf(error)}`);
  }
  return outcome;
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${wordsOf(error.cause)}`;
}
