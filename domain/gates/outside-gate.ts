import type { z } from 'zod';
import type { PodFacts } from '../pod-verdict.ts';
import type { AlertObservation } from './alert-samples.ts';
import type { Moment } from './gate.ts';
import type { PrometheusRules } from './prometheus-schema.ts';

/** What the worker's role has to allow for a gate. */
export interface Right {
  /** '' is the core group. */
  readonly group: string;
  readonly resource: string;
  readonly verb: 'get' | 'list';
}

/** Objects of the Kubernetes API that are asked for: one by its name, or all that a label selector matches. */
export type ObjectQuestion = Right & { readonly version: string } & (
    | { readonly verb: 'get'; readonly namespace: string; readonly name: string }
    /** Without a namespace: in all of them. */
    | { readonly verb: 'list'; readonly namespace?: string; readonly selector: string }
  );

/** What the API server says. That it is away is no answer. */
export type ObjectAnswer =
  /** As JSON; one for `get`. */
  | { readonly kind: 'found'; readonly objects: readonly unknown[] }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unknown'; readonly because: string };

/** What a gate asks outside the Node. It is data: the worker asks, shares answers and gives up waiting in one place for all gates. */
export interface Questions {
  readonly prometheis?: readonly PrometheusRules[];
  /** The pods on the node; a function: only where the answers about the objects call for them. */
  readonly pods?: boolean | ((objects: readonly ObjectAnswer[]) => boolean);
  readonly objects?: readonly ObjectQuestion[];
}

/** The answers, in the order of the questions; nothing for what was not asked. */
export interface Answers {
  readonly prometheis: readonly AlertObservation[];
  readonly pods: readonly PodFacts[];
  /** Those of them that leave only by an eviction: a drain waits for nothing else, and no deadline deletes them. */
  readonly toEvict: readonly PodFacts[];
  readonly objects: readonly ObjectAnswer[];
  readonly nowMs: number;
}

/** A gate that asks outside the Node, as a pool's policy says under its name: all of it but the name. */
export interface OutsideGate<Key extends z.ZodType> {
  /** Schema of what the policy says; where it says nothing, nothing is asked. */
  readonly key: Key;
  readonly moments: readonly Moment[];
  /** Nobody asks while the window is closed: it may be otherwise by the time it opens. */
  readonly onlyInWindow?: true;
  readonly rights: readonly Right[];
  questions(rules: NonNullable<z.output<Key>>): Questions;
  /**
   * Why it is closed; undefined: it is open. What is unknown closes it. Words have no numbers that change by themselves:
   * those who find the same say the same.
   */
  judge(rules: NonNullable<z.output<Key>>, answers: Answers): string | undefined;
}

/** Gives an entry the types of its own schema. */
export const outsideGate = <Key extends z.ZodType>(gate: OutsideGate<Key>): OutsideGate<Key> =>
  gate;

/** To list the pods on the node. */
export const PODS: Right = { group: '', resource: 'pods', verb: 'list' };

const MOST = 5;

/** The first few words. How many more there are is left out: it changes too often. */
export function fewOf(words: readonly string[]): string {
  const shown = words.slice(0, MOST).join(', ');
  return words.length > MOST ? `${shown} and others` : shown;
}
