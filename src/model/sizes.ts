import { quoted } from "../tensors/quoted.js";

// Sizes of a model as a checkpoint's metadata and tensors give them. Each throws if one is missing or malformed.

/** What a file says of its tensors: names and shapes. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** A whole number in the metadata. */
export function wholeSize(model: string, metadata: ReadonlyMap<string, string>, name: string): number {
  const text = metadata.get(name) ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`${model}: the metadata's "${name}" is ${quoted(text)}; a whole number was expected.`);
}

/** The number of heads, once the tensors are seen to hold as many: a size in metadata alone is not to be trusted. */
export function headCount(
  model: string,
  kind: "read" | "write",
  metadata: ReadonlyMap<string, string>,
  shapes: Shapes,
): number {
  const count = wholeSize(model, metadata, `${kind}_heads`);
  const held = [...shapes.keys()].filter((name) => new RegExp(`^${kind}\\.\\d+\\.weight$`).test(name)).length;
  if (held === count) return count;
  throw new Error(`${model}: the metadata says ${count} ${kind} heads, but the file holds the weights of ${held}.`);
}

/** The length of a tensor along an axis. */
export function lengthOf(model: string, shapes: Shapes, name: string, axis: number): number {
  const length = shapes.get(name)?.[axis];
  if (length !== undefined) return length;
  throw new Error(`${model}: the file has no tensor "${name}" with ${axis + 1} or more axes.`);
}
