/** How bad it is: `bad` keeps Lockkeeper from its work or is unsafe, `warning` may be meant, `unknown` could not be looked at. */
export type Verdict = 'good' | 'warning' | 'bad' | 'unknown';

/** What one look has shown. */
export interface Said {
  readonly verdict: Verdict;
  readonly says: string;
  /** What to do; further lines are commands. */
  readonly mend?: string;
}

/** The same with where it belongs; printed as it is with --json. */
export interface Finding extends Said {
  readonly group: string;
  readonly check: string;
}

export const good = (says: string): Said => ({ verdict: 'good', says });
export const warning = (says: string, mend: string): Said => ({ verdict: 'warning', says, mend });
export const bad = (says: string, mend: string): Said => ({ verdict: 'bad', says, mend });
export const unknown = (says: string, mend?: string): Said => ({
  verdict: 'unknown',
  says,
  ...(mend !== undefined && { mend }),
});

/** "1 node is", "3 nodes are". */
export const many = (count: number, one: string, more = `${one}s`): string =>
  `${count} ${count === 1 ? one : more}`;
