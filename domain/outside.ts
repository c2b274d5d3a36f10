/**
 * What others write, on its way in: a Node, a Pod, an alert, an answer, a signal, a calendar. Pure and without dependencies, for
 * the agent bundles it.
 */

/** A reason that is shown; the whole of it stands where it came from. */
const LONGEST_WORDS = 300;

/**
 * Words as they may be shown anywhere: on one line, without what has no width, turns the direction of writing or steers a
 * terminal (Unicode's category C), and no longer than `most`.
 */
export function words(text: string, most = LONGEST_WORDS): string {
  const plain = text
    // More than is looked at nobody is shown; what is long to clean must not be long to wait for.
    .slice(0, 16 * most)
    .replaceAll(/[\p{Cf}\p{Cs}\p{Co}\p{Cn}]+/gu, '')
    // What is left of that category, controls, parts words as blanks do.
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return plain.length > most ? `${whole(plain.slice(0, most - 1))}…` : plain;
}

/** Not half of a character. */
const whole = (text: string): string => text.replace(/[\uD800-\uDBFF]$/, '');

/** Names and ids are compared, so that one is never cut: what is longer is none. */
const LONGEST_ID = 500;
export const isId = (text: string): boolean =>
  text.length <= LONGEST_ID && words(text, LONGEST_ID) === text;

/** Clocks differ; what is dated further ahead than this says nothing but that a clock is wrong. */
const CLOCKS_DIFFER_MS = 5 * 60_000;
export const isAhead = (atMs: number, nowMs: number): boolean => atMs > nowMs + CLOCKS_DIFFER_MS;
