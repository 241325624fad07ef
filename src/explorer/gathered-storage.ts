import type { ReadableStorage } from "../tracker/storage.js";

const gap = 32 * 1024; // bytes that are rather read in vain than asked for around
const longest = 8 * 2 ** 20; // bytes of one stretch that is put together

interface Wish {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly give: (bytes: Promise<Uint8Array | undefined>) => void;
}

/**
 * A storage whose stretches that are asked for at the same time, and lie near each other in a file, are read as one: over
 * HTTP every reading is a request, and a layer's parameters are dozens of rows.
 */
export function gatheredStorage(storage: ReadableStorage): ReadableStorage {
  let wishes: Wish[] = [];
  const work = (): void => {
    const asked = wishes;
    wishes = [];
    for (const stretch of stretchesOf(asked)) {
      const { file, start } = stretch[0] as Wish;
      const bytes = storage.read(file, start, Math.max(...stretch.map(({ end }) => end)));
      for (const one of stretch) one.give(bytes.then((all) => all?.subarray(one.start - start, one.end - start)));
    }
  };
  return {
    name: storage.name,
    read(file, start, end) {
      if (start === undefined || end === undefined) return storage.read(file, start, end);
      return new Promise((give) => {
        if (wishes.length === 0) setTimeout(work); // not before all that this moment asks for has been said
        wishes.push({ file, start, end, give });
      });
    },
  };
}

/** Wishes in the order of their places, those together that are to be read as one. */
function stretchesOf(wishes: readonly Wish[]): Wish[][] {
  const sorted = [...wishes].sort((a, b) => (a.file === b.file ? a.start - b.start : a.file < b.file ? -1 : 1));
  const stretches: Wish[][] = [];
  let end = 0;
  for (const wish of sorted) {
    const last = stretches.at(-1);
    const first = last?.[0];
    const near = first?.file === wish.file && wish.start <= end + gap && wish.end - first.start <= longest;
    if (near) last?.push(wish);
    else stretches.push([wish]);
    end = near ? Math.max(end, wish.end) : wish.end;
  }
  return stretches;
}
