import { existsSync, renameSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** After so many milliseconds, what a killed process left beside the folder is taken away. */
const ABANDONED = 60 * 60 * 1000;

/**
 * Write a folder whole or not at all: the files go into a folder beside it, are flushed to the disk, and take its place
 * at the end by two renames, one straight after the other.
 *
 * A process killed before them leaves the folder as it was. Killed between them, it leaves the old one whole in the folder
 * beside, and the next writing puts it back first.
 *
 * @param path of the folder, replaced with all that is in it: the caller makes sure that it may be.
 * @param files contents by path within the folder, with "/" between folders.
 * @throws if something could not be written; the folder is then as it was.
 */
export async function replaceFolder(path: string, files: ReadonlyMap<string, Uint8Array | string>): Promise<void> {
  const target = await realpath(path).catch(() => resolve(path)); // of a link, the folder that it leads to
  const parent = dirname(target);
  let beside: string | undefined;
  try {
    await mkdir(parent, { recursive: true });
    await restoreFolder(target);
    beside = await mkdtemp(join(parent, prefixOf(target)));
    const fresh = join(beside, "new");
    for (const [name, content] of files) await write(join(fresh, name), content);
    const folders = new Set([...files.keys()].map((name) => dirname(join(fresh, name))));
    for (const folder of [...folders, fresh]) await flushFolder(folder);
    swap(target, fresh, join(beside, "old"));
    await flushFolder(parent);
  } catch (error) {
    throw new Error(`The folder "${path}" could not be written: ${(error as Error).message}`);
  } finally {
    if (beside && !(existsSync(join(beside, "old")) && !existsSync(target))) await remove(beside);
  }
}

/**
 * Put back a folder that a killed process had moved aside, and take away what such a process left long ago.
 *
 * @throws if the folder's parent may not be read or written.
 */
export async function restoreFolder(path: string): Promise<void> {
  const target = resolve(path);
  const parent = dirname(target);
  if (!existsSync(parent)) return;
  for (const name of (await readdir(parent)).filter((one) => one.startsWith(prefixOf(target)))) {
    const beside = join(parent, name);
    const old = join(beside, "old");
    if (!existsSync(target) && existsSync(old)) renameSync(old, target);
    const { mtimeMs } = await stat(beside).catch(() => ({ mtimeMs: Date.now() })); // gone meanwhile
    if (Date.now() - mtimeMs > ABANDONED) await remove(beside);
  }
}

function prefixOf(target: string): string {
  return `.${basename(target)}.tapescope-`;
}

/** Nothing runs between the two renames. */
function swap(target: string, fresh: string, old: string): void {
  const hadOld = existsSync(target);
  if (hadOld) renameSync(target, old);
  try {
    renameSync(fresh, target);
  } catch (error) {
    if (hadOld && !existsSync(target)) renameSync(old, target);
    throw error;
  }
}

async function write(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "wx");
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The names in a folder; Windows has no such thing. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5 });
}
