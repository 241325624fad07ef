import { type FileHandle, link, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { WritableStorage } from "../tracker/storage.js";

/**
 * A folder of this machine as the place of a state history; it is made with the first file. Its file system must know hard
 * links, as all but those of memory cards (FAT, exFAT) do.
 *
 * @throws when it is used, if the path is that of a file.
 * @example const history = await openHistory(historyFolder("../data/ttm-multiplication-history"));
 */
export function historyFolder(path: string): WritableStorage {
  const at = (file: string): string => join(path, file);
  let made: string | undefined; // the highest folder that had to be made, until its name is flushed
  return {
    name: path,
    owner: `process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}`,
    async list() {
      try {
        return await readdir(path);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT") return [];
        throw code === "ENOTDIR" ? new Error(`"${path}" is a file; a state history is a folder.`) : error;
      }
    },
    async read(file, start = 0, end) {
      const handle = await unless("ENOENT", open(at(file), "r"));
      if (!handle) return undefined;
      try {
        const wanted = (end ?? (await handle.stat()).size) - start;
        const bytes = new Uint8Array(Math.max(0, wanted));
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } finally {
        await handle.close();
      }
    },
    async create(file, content) {
      made = (await mkdir(path, { recursive: true })) ?? made;
      if (made !== undefined) for (const folder of foldersAbove(path, made)) await flushFolder(folder);
      made = undefined;
      const handle = await unless("EEXIST", open(at(file), "wx"));
      if (!handle) return false;
      try {
        for (const block of blocksOf(content)) await handle.writeFile(block);
      } finally {
        await handle.close();
      }
      return true;
    },
    async link(file, name) {
      try {
        await link(at(file), at(name));
        return true;
      } catch (error) {
        const { code = "" } = error as NodeJS.ErrnoException;
        if (code === "EEXIST") return false;
        if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(code)) throw error;
        const advice = "a state history needs them; choose a folder on another disk";
        throw new Error(`"${path}" lies on a file system without hard links (${code}), and ${advice}.`);
      }
    },
    async rename(file, name) {
      await rename(at(file), at(name));
    },
    async remove(file) {
      await rm(at(file), { force: true });
    },
    async flush(file) {
      await (file === undefined ? flushFolder(path) : flushed(await open(at(file), "r+")));
    },
  };
}

const blockSize = 2 ** 20;

/** Many small pieces as few writes. A block is overwritten by the next. */
function* blocksOf(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  const block = new Uint8Array(blockSize);
  let filled = 0;
  for (const piece of pieces) {
    for (let taken = 0; taken < piece.length; ) {
      const size = Math.min(piece.length - taken, blockSize - filled);
      block.set(piece.subarray(taken, taken + size), filled);
      taken += size;
      filled += size;
      if (filled < blockSize) continue;
      yield block;
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

/** The folders that keep the names of a folder and of those above it, up to the highest that was made. */
function foldersAbove(path: string, highest: string): string[] {
  const folder = resolve(path);
  const above = dirname(folder);
  return folder === resolve(highest) || folder === above ? [above] : [above, ...foldersAbove(above, highest)];
}

/** The names in a folder; Windows has no such thing. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform !== "win32") await flushed(await open(path, "r"));
}

async function flushed(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The result, or undefined where the operation fails with this code. */
async function unless<T>(code: string, operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return undefined;
    throw error;
  }
}
