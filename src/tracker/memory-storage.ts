import type { WritableStorage } from "./storage.js";

/**
 * A place for a state history in memory: of a page that carries its data inside, or of one that is being put together.
 *
 * @param files contents by name. What is written comes here too.
 * @example const history = await openHistory(memoryStorage(new Map([["_manifest-000001.json", bytes], ...])));
 */
export function memoryStorage(files: Map<string, Uint8Array> = new Map()): WritableStorage {
  const add = (name: string, content: Uint8Array): boolean => {
    if (files.has(name)) return false;
    files.set(name, content);
    return true;
  };
  const contentOf = (name: string): Uint8Array => {
    const content = files.get(name);
    if (!content) throw new Error(`There is no file "${name}" in memory.`);
    return content;
  };
  return {
    name: "memory",
    owner: "memory",
    list: async () => [...files.keys()],
    read: async (name, start = 0, end) => files.get(name)?.subarray(start, end),
    create: async (name, pieces) => add(name, joined(pieces)),
    link: async (name, other) => add(other, contentOf(name)),
    async rename(name, other) {
      files.set(other, contentOf(name));
      files.delete(name);
    },
    async remove(name) {
      files.delete(name);
    },
    async flush() {}, // nothing here outlives a power cut
  };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
