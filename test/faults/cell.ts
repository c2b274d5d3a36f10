import { FAULT, type FaultName, type Moment } from './faults.ts';
import type { Place } from './scene.ts';
import { ON_THE_WIRE, WRITES, type StepName } from './steps.ts';

/** One rollout to be struck by one fault at one step. */
export interface Cell {
  readonly step: StepName;
  readonly fault: FaultName;
  /** Undefined for a step that is not on the wire. */
  readonly moment: Moment | undefined;
  readonly place: Place;
}

/** How it ended, by the cluster's evidence alone. */
export interface Outcome extends Cell {
  readonly end: 'rebooted once' | 'undone, not rebooted' | 'failed';
  /** Why it counts as failed; empty otherwise. */
  readonly because: string;
  /** From the fault to the end. */
  readonly tookMs: number;
}

/** As a test is named: step, fault, and the moment where there are several. */
export function nameOf({ step, fault, moment }: Cell): string {
  return `${step} × ${fault}${moment === undefined ? '' : ` (${moment})`}`;
}

/** The moments at which a step meets a fault: every one that is possible for a write, one for what may be repeated at will. */
export function momentsOf(step: StepName, fault: FaultName): readonly (Moment | undefined)[] {
  const { moments } = FAULT[fault];
  if (WRITES.has(step)) return moments;
  return ON_THE_WIRE.has(step) ? moments.slice(0, 1) : [undefined];
}
