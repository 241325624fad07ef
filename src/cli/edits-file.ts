import { readWith } from "../files/checkpoint-file.js";
import { editsFromJson } from "../model/edit-file.js";
import type { Edit } from "../model/edits.js";
import type { Given } from "./command.js";

/** The edits in the file that --edits names; without the option none. @throws naming the file and what is wrong with it */
export async function editsIn(path: Given[string]): Promise<readonly Edit[]> {
  if (path === undefined) return [];
  return readWith(String(path), (bytes) => editsFromJson(new TextDecoder().decode(bytes)));
}
