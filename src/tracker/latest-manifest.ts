import { quoted } from "../tensors/quoted.js";
import { decodeManifest, type Manifest, names, numbersOf } from "./manifest.js";
import type { ReadableStorage } from "./storage.js";

/** A manifest, and the names of newer ones that are damaged. */
export interface Latest {
  readonly manifest: Manifest;
  readonly damaged: readonly string[];
}

const attempts = 10;

/**
 * The newest sound manifest of a history. Where files can be listed it is the one of the highest number; elsewhere a
 * copy under a fixed name, which is renewed last.
 *
 * @returns undefined if there is no manifest at all
 * @throws if all are damaged, or one is not ours or of an unknown version.
 */
export async function latestManifest(storage: ReadableStorage): Promise<Latest | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const files = storage.list
      ? numbersOf(await storage.list(), "manifest")
          .reverse()
          .map(names.manifest)
      : [names.latest];
    if (files.length === 0) return undefined;
    const damaged: string[] = [];
    let gone = false;
    for (const file of files) {
      const bytes = await storage.read(file);
      gone = bytes === undefined;
      if (!bytes) break;
      const manifest = decodeManifest(file, bytes);
      if (manifest) return { manifest, damaged };
      damaged.push(file);
    }
    if (!gone)
      throw new Error(`The state history in ${quoted(storage.name)} is lost: ${damaged.join(", ")} is damaged.`);
    if (!storage.list) return undefined;
    // A writer has put newer ones in their place meanwhile.
  }
  throw new Error(`The state history in ${quoted(storage.name)} changes faster than it can be read; try again.`);
}
