/** The word that was probably meant: at most two letters are wrong, missing, too many or swapped with the next. */
export function nearWord(word: string, known: readonly string[]): string | undefined {
  const unlikeness = (one: string): number => Math.abs(one.length - word.length);
  const candidates = known.toSorted((one, other) => unlikeness(one) - unlikeness(other));
  for (const edits of [0, 1, 2]) {
    const near = candidates.find(
      (one) => one.length > edits + 1 && isNear(word.toLowerCase(), one.toLowerCase(), edits),
    );
    if (near !== undefined) return near;
  }
  return undefined;
}

/** Whether so many edits make one text of the other. */
function isNear(one: string, other: string, edits: number): boolean {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  const [left, right] = [one.slice(same), other.slice(same)];
  if (left === right || edits === 0) return left === right;
  const rest = (ofLeft: number, ofRight: number): boolean =>
    isNear(left.slice(ofLeft), right.slice(ofRight), edits - 1);
  const swapped = left[0] === right[1] && left[1] === right[0];
  return rest(1, 0) || rest(0, 1) || rest(1, 1) || (swapped && rest(2, 2));
}
