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
        await writeAll(handle, content);
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

/** All pieces in one go, or in as few as the system makes of it: each waits for its turn while a training goes on. */
async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let rest = pieces.filter(({ length }) => length > 0);
  while (rest.length > 0) {
    let { bytesWritten: written } = await handle.writev(rest);
    rest = rest.flatMap((piece) => {
      const done = Math.min(written, piece.length);
      written -= done;
      return done < piece.length ? [piece.subarray(done)] : [];
    });
  }
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
