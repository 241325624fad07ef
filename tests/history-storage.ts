import { random } from "../src/tensors/random.js";
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
  /** Changes of names since they were last flushed, in order. */
  readonly pending: readonly NameChange[];
}

type NameChange = (names: Map<string, File>) => void;

/**
 * What may be left after a power cut: everything, only what was flushed, that and some later changes of names, whichever
 * their order, or all names, but of contents that were not flushed a half.
 */
export const powerCuts = ["nothing lost", "unflushed lost", "some names kept", "others kept", "contents torn"] as const;

export function memoryStorage(start: ReadonlyMap<string, File> = new Map()): MemoryStorage {
  const files = new Map(start);
  let durableNames = new Map(start);
  let pending: NameChange[] = [];
  const change = (how: NameChange): void => {
    how(files);
    pending.push(how);
  };
  const add = (name: string, file: File): boolean => {
    if (files.has(name)) return false;
    change((names) => names.set(name, file));
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
    get pending() {
      return pending;
    },
    list: async () => [...files.keys()],
    read: async (name, from = 0, to) => files.get(name)?.content.slice(from, to),
    create: async (name, pieces) => add(name, { content: joined(pieces), durable: undefined }),
    link: async (name, other) => add(other, fileOf(name)),
    async rename(name, other) {
      const file = fileOf(name);
      change((names) => {
        names.delete(name);
        names.set(other, file);
      });
    },
    async remove(name) {
      change((names) => names.delete(name));
    },
    async flush(name) {
      if (name !== undefined) fileOf(name).durable = fileOf(name).content;
      else [durableNames, pending] = [new Map(files), []];
    },
  };
}

/** What another process finds after the machine went down. @param seed of the changes of names that were kept */
export function afterPowerCut(storage: MemoryStorage, cut: (typeof powerCuts)[number], seed: number): MemoryStorage {
  if (cut === "nothing lost") return memoryStorage(storage.files);
  const names = new Map(cut === "contents torn" ? storage.files : storage.durableNames);
  if (cut === "some names kept" || cut === "others kept") {
    const source = random(seed);
    for (const change of storage.pending) if (source.uniform() < 0.5 === (cut === "some names kept")) change(names);
  }
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
