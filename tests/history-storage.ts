import type { WritableStorage } from "../src/tracker/storage.js";

/** A file's content as it is, and as it would be after a power cut; undefined if it was never flushed. */
interface File {
  readonly content: Uint8Array;
  durable: Uint8Array | undefined;
}

/** Storage in memory that knows what was flushed. */
export interface MemoryStorage extends WritableStorage {
  readonly files: Map<string, File>;
  readonly durableNames: Map<string, File>;
}

/**
 * What may be left after a power cut: everything, only what was flushed, that and the newest name, or all names, but of
 * contents that were not flushed a half.
 */
export const powerCuts = ["nothing lost", "unflushed lost", "newest name kept", "contents torn"] as const;

export function memoryStorage(start: ReadonlyMap<string, File> = new Map()): MemoryStorage {
  const files = new Map(start);
  let durableNames = new Map(start);
  const add = (name: string, file: File): boolean => {
    if (files.has(name)) return false;
    files.set(name, file);
    return true;
  };
  const fileOf = (name: string): File => {
    const file = files.get(name);
    if (!file) throw new Error(`ENOENT: ${name}`);
    return file;
  };
  return {
    name: "memory",
    owner: "a test",
    files,
    get durableNames() {
      return durableNames;
    },
    list: async () => [...files.keys()],
    read: async (name, from = 0, to) => files.get(name)?.content.slice(from, to),
    create: async (name, pieces) => add(name, { content: joined(pieces), durable: undefined }),
    link: async (name, other) => add(other, fileOf(name)),
    async rename(name, other) {
      const file = fileOf(name);
      files.delete(name);
      files.set(other, file);
    },
    async remove(name) {
      files.delete(name);
    },
    async flush(name) {
      if (name === undefined) durableNames = new Map(files);
      else fileOf(name).durable = fileOf(name).content;
    },
  };
}

/** What another process finds after the machine went down. */
export function afterPowerCut(storage: MemoryStorage, cut: (typeof powerCuts)[number]): MemoryStorage {
  if (cut === "nothing lost") return memoryStorage(storage.files);
  const newest = cut === "newest name kept" ? [...storage.files].slice(-1) : [];
  const names = cut === "contents torn" ? storage.files : new Map([...storage.durableNames, ...newest]);
  const torn = [...names].map(([name, { content, durable }]): [string, File] => {
    const left = durable ?? content.slice(0, content.length / 2);
    return [name, { content: left, durable: left }];
  });
  return memoryStorage(new Map(torn));
}

/** How an operation fails: without effect, with its effect but unseen, or, a file being created, half-written. */
export const failures = ["before", "after", "half"] as const;

export interface Failing extends WritableStorage {
  /** How many operations were asked for. */
  readonly count: () => number;
}

/** The storage with its n-th operation, counted from 0, failing; every later one too, if it is a crash. */
export function failingStorage(
  storage: WritableStorage,
  failsAt: number,
  how: (typeof failures)[number],
  crash: boolean,
  message = "ENOSPC: no space left on device",
): Failing {
  let count = 0;
  const wrap =
    <Arguments extends unknown[], Result>(operation: (...given: Arguments) => Promise<Result>) =>
    async (...given: Arguments): Promise<Result> => {
      const turn = count++;
      const fails = turn === failsAt || (crash && turn > failsAt);
      if (fails && turn === failsAt && how === "after") await operation(...given);
      if (fails && turn === failsAt && how === "half" && (operation as unknown) === storage.create) {
        const [name, pieces] = given as unknown as [string, Uint8Array[]];
        const whole = joined(pieces);
        await storage.create(name, [whole.subarray(0, whole.length / 2)]);
      }
      if (fails) throw new Error(message);
      return operation(...given);
    };
  return {
    name: storage.name,
    owner: storage.owner,
    count: () => count,
    list: wrap(storage.list),
    read: wrap(storage.read),
    create: wrap(storage.create),
    link: wrap(storage.link),
    rename: wrap(storage.rename),
    remove: wrap(storage.remove),
    flush: wrap(storage.flush),
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
