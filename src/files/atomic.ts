import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Write a whole file or nothing: the bytes go into a file beside it, are flushed to the disk, and take its name last.
 * Whoever reads meanwhile, and whatever happens meanwhile, the old content is there or the new, never a part.
 *
 * @throws if the folder is missing or may not be written; the file is then as it was.
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await written(await open(beside, "w"), content);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw new Error(`"${path}" could not be written: ${(error as Error).message}`);
  }
  if (process.platform !== "win32") await written(await open(dirname(path), "r")); // the new name itself
}

async function written(file: FileHandle, content?: Uint8Array | string): Promise<void> {
  try {
    if (content !== undefined) await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
