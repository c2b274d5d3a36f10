/** The guarantees a history is judged by. */
export const RULES = ['G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7', 'G8'] as const;
export type Rule = (typeof RULES)[number];

/** A broken guarantee, in words for a person. */
export interface Broken {
  readonly rule: Rule;
  readonly sentence: string;
}
