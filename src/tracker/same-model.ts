import { quoted } from "../tensors/quoted.js";
import type { SafetensorsFile } from "../tensors/safetensors.js";
import type { History } from "./history.js";

/**
 * How the model of a checkpoint's file differs from the one that a history is of: in what its metadata say of it, or in
 * the shape of a parameter. Values of one do not fit into the other then.
 *
 * @returns undefined if they are alike, else a piece of a sentence, such as `its "model" is "ntm", the history's is "ttm"`
 */
export function modelDifference(
  { model, sites }: Pick<History, "model" | "sites">,
  {
    metadata,
    tensors,
  }: Pick<SafetensorsFile, "metadata"> & {
    readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  },
): string | undefined {
  for (const [key, value] of Object.entries(model.metadata)) {
    const other = metadata.get(key) ?? "";
    if (other !== value) return `its ${quoted(key)} is ${quoted(other)}, the history's is ${quoted(value)}`;
  }
  for (const { kind, name, shape } of sites) {
    const other = kind === "parameter" ? tensors.get(name)?.shape : shape;
    if (`${other}` !== `${shape}`) {
      return `its ${quoted(name)} has the shape [${other ?? "none"}], the history's [${shape}]`;
    }
  }
  return undefined;
}
