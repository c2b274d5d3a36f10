/** The first few of a list for a line people read: `a, b, c and 4 more`; never empty for a list that is not. */
export function shortList(
  words: readonly string[],
  options: { most?: number; between?: string } = {},
) {
  const { most = 5, between = ', ' } = options;
  const rest = words.length - most;
  const shown = words.slice(0, most).join(between);
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
