/**
 * The name that a mistyped one was probably meant to be, as a piece of a message behind it: ` (did you mean copy?)`; empty
 * where none is near.
 */
export function didYouMean(given: string, names: readonly string[], dashes = ""): string {
  const wanted = given.toLowerCase();
  const near = names
    .map((name) => ({ name, edits: distance(wanted, name.toLowerCase()) }))
    .filter(
      ({ name, edits }) => edits <= Math.max(1, wanted.length / 3) && edits < Math.min(wanted.length, name.length),
    )
    .sort((one, other) => one.edits - other.edits)[0]?.name;
  const begun = wanted.length > 1 ? names.find((name) => name.toLowerCase().startsWith(wanted)) : undefined;
  const meant = near ?? begun;
  return meant === undefined ? "" : ` (did you mean ${dashes}${meant}?)`;
}

/** How many letters must be added, left out, replaced, or exchanged with their neighbour. */
function distance(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const next = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      const exchanged = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      next.push(
        Math.min(
          (last[column] as number) + 1,
          (next[column - 1] as number) + 1,
          (last[column - 1] as number) + (same ? 0 : 1),
          exchanged ? (before[column - 2] as number) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [before, last] = [last, next];
  }
  return last.at(-1) as number;
}
