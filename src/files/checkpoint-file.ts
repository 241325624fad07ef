import { readFile, stat } from "node:fs/promises";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type ModelReaders } from "../model/checkpoint.js";
import { ensureBackend } from "../tensors/backend.js";
import { writeAtomically } from "./atomic.js";

/**
 * Load a checkpoint from a safetensors file. Chooses a backend as `useBackend()` does, if none was chosen.
 *
 * @param options.models models of your own: by the name that the checkpoint's metadata give as "model", a function that
 * makes it from the metadata
 * @returns the model, its parameters (the caller disposes of them) and the file's metadata
 * @throws naming the file and what is wrong with it.
 * @example const { model, parameters } = await loadCheckpoint("../data/ntm-copy.safetensors");
 * @example
 * const stack = (metadata: ReadonlyMap<string, string>) => stackMachine({ slots: Number(metadata.get("slots")) });
 * const mine = await loadCheckpoint("mine.safetensors", { models: { stack } });
 */
export async function loadCheckpoint(
  path: string,
  { models = {} }: { readonly models?: ModelReaders } = {},
): Promise<Checkpoint> {
  await ensureBackend();
  return readWith(path, (bytes) => decodeCheckpoint(bytes, models));
}

/** Write a checkpoint, whole or not at all. */
export async function saveCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeAtomically(path, encodeCheckpoint(checkpoint));
}

/** Read a file and understand its bytes. @throws naming the file and what is wrong with it. */
export async function readWith<T>(path: string, understand: (bytes: Uint8Array) => T): Promise<T> {
  try {
    // A pipe or a device could be read for ever.
    if (!(await stat(path)).isFile()) throw new Error("it is a folder or a device, not a file");
    return understand(await readFile(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem = code === "ENOENT" ? "there is no such file" : message;
    throw new Error(`"${path}" could not be read: ${problem}`);
  }
}
