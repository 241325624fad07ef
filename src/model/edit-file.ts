import type { Edit } from "./edit-data.js";

/** Edits as the JSON that notebooks read: a list, one edit a line. */
export function editsToJson(edits: readonly Edit[]): string {
  return edits.length === 0 ? "[]\n" : `[\n${edits.map((one) => `  ${JSON.stringify(one)}`).join(",\n")}\n]\n`;
}

/**
 * The edits in a file. Whether they fit a run is for `checkEdits` to say.
 *
 * @throws if the text is no JSON, or holds no list.
 */
export function editsFromJson(text: string): readonly Edit[] {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new Error(`This file holds no edits: it is no JSON (${(error as Error).message}).`);
  }
  if (Array.isArray(read)) return read as Edit[];
  throw new Error('This file holds no edits: a list such as [{ "site": "memory", "step": 3, … }] was expected.');
}
