import { momentsOf, type Cell } from './cell.ts';
import { FAULTS, type FaultName } from './faults.ts';
import type { Place } from './scene.ts';
import { STEPS, type StepName } from './steps.ts';

/** Faults that strike whatever is under way: each has the lab to itself, and all steps at once. */
export const FOR_ALL = [
  'worker killed',
  'worker cut off from the API server',
  'worker cut off from Temporal',
  'Temporal killed and restarted',
  'API server restarted',
] as const satisfies readonly FaultName[];

/**
 * Faults that strike one rollout: every place goes through them by itself. The lock comes last, because a new one hands out
 * no permit before whatever the former has granted has settled.
 */
export const FOR_ONE = [
  'agent killed',
  'rollout terminated',
  'rollout reset to its first task',
  'rollout reset to its last task',
  'lock terminated',
] as const satisfies readonly FaultName[];

/** Every cell of the matrix, each with its place. */
export const CELLS: readonly Cell[] = makeCells();

/** Every place once. */
export const PLACES: readonly Place[] = [...new Set(CELLS.map(({ place }) => place))];

export function cellsOf(fault: FaultName): Cell[] {
  return CELLS.filter((cell) => cell.fault === fault);
}

/** A step needs as many places as it has moments with one fault; a place that is held at the lock has a second node. */
function makeCells(): Cell[] {
  let nodes = 0;
  const next = (): string => `worker-${(nodes += 1)}`;
  const places = new Map<string, Place>();
  const placeOf = (step: StepName, index: number): Place => {
    const pool = `step-${step.replaceAll(' ', '-')}-${index + 1}`;
    const partner = step === '2 lock' || step === '3 check again';
    const place = places.get(pool) ?? {
      pool,
      node: next(),
      ...(partner ? { partner: next() } : {}),
    };
    places.set(pool, place);
    return place;
  };
  return STEPS.flatMap((step) =>
    FAULTS.flatMap((fault) =>
      momentsOf(step, fault).map((moment, index) => ({
        step,
        fault,
        moment,
        place: placeOf(step, index),
      })),
    ),
  );
}
