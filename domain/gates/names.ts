/** The gates by name. Workflows load this file, so it knows no schema. */

/** The gates that a person may skip; with `GATES`, in the order in which closed ones are told. */
export const SKIPPABLE = [
  'required',
  'agent',
  'hold',
  'window',
  'alerts',
  'blockingPods',
  'budgets',
  'jobs',
  'kuredLock',
  'owner',
  'quarantine',
  'rest',
] as const;

/** Every gate. Nobody can skip the last two: a node whose rules are not known, that is being deleted or that cannot prove a reboot is not rebooted. */
export const GATES = [...SKIPPABLE, 'pool', 'node'] as const;
export type GateName = (typeof GATES)[number];

/** Whether a person has skipped the gate; the name of one that cannot be skipped means nothing. */
export function isSkipped(gate: GateName, skip: readonly string[]): boolean {
  return SKIPPABLE.some((known) => known === gate) && skip.includes(gate);
}

/** A gate with the reason why it is closed, in words for the person who asks why. */
export interface ClosedGate {
  readonly gate: GateName;
  readonly because: string;
}

/** Whether the same gates are closed for the same reasons. */
export function sameGates(one: readonly ClosedGate[], other: readonly ClosedGate[]): boolean {
  const words = (closed: readonly ClosedGate[]): string => JSON.stringify(closed.map(sayGate));
  return words(one) === words(other);
}

/** "gate: reason", as shown under Pending Activities and in the table. */
export function sayGate({ gate, because }: ClosedGate): string {
  return `${gate}: ${because}`;
}
