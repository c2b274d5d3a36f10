/** Words at the edge, milliseconds inside: "90s", "30m", "1h30m", "14d". */

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** How a duration is written. Without look-arounds, so that Go's RE2 accepts it in a generated JSON Schema. */
export const DURATION = /^([0-9]+(ms|s|m|h|d))+$/;

/** Ten years. Anything longer is a typing error, and dates made with it would soon be none. */
export const LONGEST_MS = 3_650 * UNIT_MS.d;

/** Whether parseDuration makes a number of it that one can count with. */
export function isDuration(text: string): boolean {
  return DURATION.test(text) && parseDuration(text) <= LONGEST_MS;
}

/** Milliseconds of a duration that matches DURATION; parts add up. */
export function parseDuration(text: string): number {
  return [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS],
    0,
  );
}

/** For people: the two largest units that matter, such as "1h 5m" or "12s"; never negative. */
export function formatDuration(durationMs: number): string {
  let rest = Math.max(0, Math.round(durationMs / 1_000));
  const parts: string[] = [];
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0s';
}
