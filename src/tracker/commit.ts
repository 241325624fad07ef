import { quoted } from "../tensors/quoted.js";
import { decodeManifest, encodeManifest, isTemporary, type Manifest, names, numbersOf } from "./manifest.js";
import type { WritableStorage } from "./storage.js";

/** Write a file under a name of this writer's own, flushed, in place of one that a failed attempt has left. */
export async function prepare(storage: WritableStorage, own: string, content: readonly Uint8Array[]): Promise<void> {
  if (!(await storage.create(own, content))) {
    await storage.remove(own);
    await storage.create(own, content);
  }
  await storage.flush(own);
}

/**
 * Make a manifest the newest of its history. When this returns, the manifest and all that it names outlive a power cut;
 * until then a reader finds the one before, or this one, whole.
 *
 * @param manifest its number is one more than that of the manifest it follows
 * @returns the number it has at last: higher where an attempt of the same writer, which failed late, had taken it
 * @throws if another writer has been faster, saying who.
 */
export async function commit(storage: WritableStorage, manifest: Manifest): Promise<number> {
  const temporary = names.temporary(manifest.writer.id, "manifest");
  await prepare(storage, temporary, [encodeManifest(manifest)]);
  await storage.flush(); // the names of the parts, before a manifest names them
  if (!(await storage.link(temporary, names.manifest(manifest.number)))) {
    await refuseUnlessOwn(storage, manifest, manifest.number);
    return commit(storage, { ...manifest, number: manifest.number + 1 });
  }
  // The number may be free because a faster writer is far ahead and has removed its old manifests.
  const highest = numbersOf(await storage.list(), "manifest").at(-1) ?? manifest.number;
  if (highest > manifest.number) {
    await storage.remove(names.manifest(manifest.number));
    await refuseUnlessOwn(storage, manifest, highest);
  }
  await storage.rename(temporary, names.latest);
  await storage.flush();
  return manifest.number;
}

/** Files that an earlier writer may have left behind, or that the history is about to be cut before. */
export function leftovers(files: readonly string[]): Set<string> {
  return new Set([...numbersOf(files, "part").map(names.part), ...files.filter(isTemporary)]);
}

/**
 * Remove what a commit leaves behind: old manifests, and those of the leftovers that it does not name. Failing to is no
 * harm: what is still there stays among the leftovers.
 *
 * @param left files of this writer, and of others as they were before it began. What another writes meanwhile stays: it
 * may be the faster one.
 */
export async function removeOld(
  storage: WritableStorage,
  { number, parts }: Manifest,
  left: Set<string>,
): Promise<void> {
  for (const { file } of parts) left.delete(file);
  const old = numbersOf(await storage.list(), "manifest")
    .filter((one) => one < number - 1)
    .map(names.manifest);
  for (const file of [...old, ...left]) {
    await storage.remove(file).then(
      () => left.delete(file),
      () => {},
    );
  }
}

async function refuseUnlessOwn(storage: WritableStorage, { writer }: Manifest, number: number): Promise<void> {
  const bytes = await storage.read(names.manifest(number));
  const first = bytes && decodeManifest(names.manifest(number), bytes)?.writer;
  if (first?.id === writer.id) return;
  throw new Error(
    `The state history in ${quoted(storage.name)} has another writer, which was faster: ` +
      `${quoted(first?.owner ?? "unknown")}. What was recorded here since the last saving is not in it.`,
  );
}
