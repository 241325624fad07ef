import type { Part } from "./manifest.js";
import { isBefore } from "./part-cover.js";
import {
  checkTail,
  findRow,
  type PartIndex,
  type RowNumbers,
  readIndex,
  readNumbers,
  readValues,
} from "./part-reader.js";
import type { RowFilter, RowKey } from "./state-row.js";
import type { ReadableStorage } from "./storage.js";

/** The parts of a history as they are read: each is checked, and what it holds is kept for a while. */
export interface Parts {
  /** Look at the ends of parts that were not looked at yet. */
  check(parts: readonly Part[]): Promise<void>;
  isDamaged(part: Part): boolean;
  /** Shape and values of a row in one of the parts, the last that has it. @throws if its values are damaged */
  read(parts: readonly Part[], key: RowKey): Promise<{ shape: readonly number[]; data: Float32Array } | undefined>;
  rows(parts: readonly Part[], filter: RowFilter): Promise<RowNumbers[]>;
}

const atOnce = 32;
/** An index takes about 100 bytes a row. */
const mostKeptRows = 1_000_000;

/** @param warn is told, once, of each part that is missing or damaged; it is passed over then */
export function openParts(storage: ReadableStorage, warn: (problem: string) => void): Parts {
  const checked = new Set<string>();
  const damaged = new Set<string>();
  const kept = new Map<string, { readonly rows: number; readonly index: Promise<PartIndex> }>(); // last used last
  const passOver =
    (part: Part) =>
    (error: Error): undefined => {
      damaged.add(part.file);
      kept.delete(part.file);
      warn(`${error.message} Its ${part.rows} rows are left out.`);
    };
  const indexOf = (part: Part): Promise<PartIndex> => {
    const entry = kept.get(part.file) ?? { rows: part.rows, index: readIndex(storage, part) };
    kept.delete(part.file);
    kept.set(part.file, entry);
    let rows = [...kept.values()].reduce((sum, one) => sum + one.rows, 0);
    for (const [file, one] of kept) {
      if (rows <= mostKeptRows || file === part.file) break;
      kept.delete(file);
      rows -= one.rows;
    }
    return entry.index;
  };
  return {
    async check(parts) {
      const fresh = parts.filter(({ file }) => !checked.has(file));
      for (let i = 0; i < fresh.length; i += atOnce) {
        await Promise.all(fresh.slice(i, i + atOnce).map((part) => checkTail(storage, part).catch(passOver(part))));
      }
      for (const { file } of fresh) checked.add(file);
    },
    isDamaged: ({ file }) => damaged.has(file),
    async read(parts, key) {
      for (const part of [...parts].reverse()) {
        const index = await indexOf(part).catch(passOver(part));
        const row = index ? findRow(index, key) : -1;
        if (index && row >= 0) return readValues(storage, index, row);
      }
      return undefined;
    },
    async rows(parts, filter) {
      const wanted = Object.entries(filter) as [keyof RowKey, unknown][];
      const { epoch, batch } = filter;
      const result: RowNumbers[] = [];
      for (const part of parts) {
        if (epoch !== undefined && (epoch < part.from[0] || epoch > part.to[0])) continue;
        if (epoch !== undefined && batch !== undefined) {
          if (isBefore([epoch, batch], part.from) || isBefore(part.to, [epoch, batch])) continue;
        }
        const rows = (await readNumbers(storage, part).catch(passOver(part))) ?? [];
        for (const row of rows) if (wanted.every(([name, value]) => row[name] === value)) result.push(row);
      }
      return result;
    },
  };
}
