import type { Edit } from "../model/edits.js";

/** Characters that edits may take in an address; of longer ones some programs that carry a link cut off the end. */
const most = 6000;

/** Edits as text for an address; "" for none, undefined if they are too long for one. */
export function editsForAddress(edits: readonly Edit[]): string | undefined {
  const text = edits.length === 0 ? "" : JSON.stringify(edits);
  return encodeURIComponent(text).length <= most ? text : undefined;
}

/**
 * The edits that an address holds. Whether they fit a run is for `checkEdits` to say.
 *
 * @throws if it was cut short, or holds something else.
 */
export function editsFromAddress(text: string): readonly Edit[] {
  if (text === "") return [];
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw new Error("Its end was cut off, or it was never an address of this page.");
  }
  if (Array.isArray(read)) return read as Edit[];
  throw new Error("It holds no list of edits.");
}
