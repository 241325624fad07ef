import { didYouMean } from "./nearest.js";

/** @throws if an option was given that is not there: a misspelt one would change nothing, silently. */
export function checkOptions(caller: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new Error(
    `${caller}: there is no option "${unknown}"${didYouMean(unknown, known)}; there are ${known.join(", ")}.`,
  );
}
