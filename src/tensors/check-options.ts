/** @throws if an option was given that is not there: a misspelt one would change nothing, silently. */
export function checkOptions(caller: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`${caller}: there is no option "${unknown}"; there are ${known.join(", ")}.`);
}
