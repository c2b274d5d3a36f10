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
  const standing = attempts.flatMap(({ standing = [] }) => standing);
  const struckMs = Date.now();
  const failure = await failureOf(() => FAULT[fault].strike(scene, standing));
  return await Promise.all(
    attempts.map((attempt) => seeToTheEnd(scene, { failure, ...attempt }, struckMs)),
  );
}

interface Attempt {
  readonly cell: Cell;
  readonly before?: Before;
  readonly held?: Held;
  /** Only where it came to its step. */
  readonly standing?: Standing;
  /** Why the fault did not strike it there. */
  readonly failure?: unknown;
}

async function bringToStep(scene: MatrixScene, cell: Cell): Promise<Attempt> {
  const { step, moment, place } = cell;
  let attempt: Attempt = { cell };
  const failure = await failureOf(async () => {
    // What is evicted has to be there, and what came before may just have ended.
    await eventually(
      () => scene.apps.runs(place.node),
      (runs) => runs,
    );
    const before = await lookBefore(scene, place);
    const at = moment?.startsWith('answer') ? 'answer' : 'request';
    const held = await holdAt(step, { scene, place, at });
    attempt = { cell, before, held };
    await scene.askForReboot(place.node);
    held.asked?.();
    await held.reached();
    attempt = { ...attempt, standing: { step, place, held, moment } };
  });
  if (failure === undefined) return attempt;
  return {
    ...attempt,
    failure: new Error('it was never brought to its step', { cause: failure }),
  };
}

async function seeToTheEnd(
  scene: MatrixScene,
  attempt: Attempt,
  struckMs: number,
): Promise<Outcome> {
  const { cell, before, held } = attempt;
  const judged = await judge(scene, attempt);
  const outcome = { ...cell, ...judged, tookMs: Date.now() - struckMs };
  if (judged.end === 'failed') progress(`${nameOf(cell)} failed: ${judged.because}`);
  if (judged.end === 'rebooted once' || !before) return outcome;
  const dirty = await failureOf(async () => {
    held?.lose();
    await held?.letGo();
    await cleanUp(scene, cell.place, before);
  });
  if (dirty !== undefined) progress(`${nameOf(cell)}: cannot be cleaned up: ${wordsOf(dirty)}`);
  return outcome;
}

async function judge(
  scene: MatrixScene,
  { cell, before, failure }: Attempt,
): Promise<Pick<Outcome, 'end' | 'because'>> {
  if (failure !== undefined || !before) return { end: 'failed', because: wordsOf(failure) };
  try {
    return { end: await finished(scene, cell.place, before), because: '' };
  } catch (error) {
    return { end: 'failed', because: wordsOf(error) };
  }
}

/** What it failed with; undefined when it did not. */
async function failureOf(act: () => Promise<unknown>): Promise<unknown> {
  try {
    await act();
    return undefined;
  } catch (error) {
    return error;
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${wordsOf(error.cause)}`;
}
