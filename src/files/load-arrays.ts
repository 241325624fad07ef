import { basename } from "node:path";
import { type Arrays, readArrays } from "../tensors/array-file.js";
import { readWith } from "./checkpoint-file.js";

/**
 * Load arrays made elsewhere: a .npy or .npz file of NumPy, or a .safetensors file of PyTorch or JAX.
 *
 * Values become 32-bit floats: floats of 8 bytes are rounded, and so are whole numbers beyond ±2^24. The one array of a
 * .npy file is named after the file. A file's first bytes tell what it is, not its name.
 *
 * @param options.axes names for the axes of the arrays that have so many; otherwise they are "axis 0", "axis 1", ...
 * @returns the arrays by name
 * @throws naming the file and what is wrong with it: damaged, too large, or of a type that is no number.
 * @example
 * const { attention } = await loadArrays("attention.npz", { axes: ["head", "query", "key"] });
 * show(attentionPanels(attention, { title: "Attention of a PyTorch model" }));
 */
export async function loadArrays(path: string, options: { axes?: readonly string[] } = {}): Promise<Arrays> {
  const name = basename(path).replace(/\.\w+$/, "");
  return readWith(path, (bytes) => readArrays(bytes, name, options.axes ?? []));
}
