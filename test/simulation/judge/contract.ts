/** What a history is judged by: the guarantees, and what it costs. */
export const RULES = ['G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7', 'G8', 'cost'] as const;
export type Rule = (typeof RULES)[number];

/** A broken guarantee, in words for a person. */
export interface Broken {
  readonly rule: Rule;
  readonly sentence: string;
}
