import { inflateSync } from "fflate";
import { quoted } from "../tensors/quoted.js";
import { memoryStorage } from "../tracker/memory-storage.js";
import type { CheckpointSource, Sources } from "./sources.js";

/** What a cell or a report holds for the page: files as text, deflated (RFC 1951), then base64. */
export interface EmbeddedBundle {
  readonly version: 1;
  /** The files of a history by name. */
  readonly history?: Readonly<Record<string, string>>;
  readonly checkpoints: readonly { readonly name: string; readonly base64: string }[];
}

/**
 * What a page with its data inside is given.
 *
 * @throws if the bundle is of a version that is not known here, or its history is damaged.
 */
export function embeddedSources(bundle: EmbeddedBundle): Sources {
  if (bundle?.version !== 1 || !Array.isArray(bundle.checkpoints)) {
    throw new Error("This output was made by another version of tapescope; run its cell again.");
  }
  const { history, checkpoints } = bundle;
  const files = Object.entries(history ?? {}).map(([name, text]) => [name, unpacked(name, text)] as const);
  return {
    ...(history && { history: { ...memoryStorage(new Map(files)), name: "this notebook" } }),
    checkpoints: checkpoints.map(({ name, base64 }): CheckpointSource => {
      return { name, load: async () => unpacked(name, base64) };
    }),
    live: false,
  };
}

function unpacked(name: string, text: string): Uint8Array {
  try {
    return inflateSync(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
  } catch {
    throw new Error(`The data of ${quoted(name)} are damaged in this output; run its cell again.`);
  }
}
