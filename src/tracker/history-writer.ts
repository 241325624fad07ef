import { sizeOf } from "../tensors/named-array.js";
import { turn } from "../tensors/turn.js";
import { commit, leftovers, prepare, removeOld } from "./commit.js";
import { openManifest, type Recording } from "./history-start.js";
import { encodeManifest, type Manifest, names, numbersOf, type Part } from "./manifest.js";
import { coverOf, type Moment } from "./part-cover.js";
import { noRows, type StoredRows, storeRow, writePart } from "./part-writer.js";
import { rowCheck } from "./row-check.js";
import type { BatchRows, RowPlace, StateRow } from "./state-row.js";
import type { WritableStorage } from "./storage.js";
import { type StoredType, storedWidth } from "./stored-values.js";

/** Puts rows into a history while something else goes on. */
export interface HistoryWriter {
  /** Take a row. Its values are copied by no one: leave them as they are. */
  append(row: StateRow): void;
  /** Take several rows of a batch, in their order. */
  appendAll(rows: BatchRows): void;
  /** Wait until there is room for more rows: at once, unless they come faster than they are written. */
  room(): Promise<void>;
  /**
   * Write everything that was appended. When this returns, it outlives a power cut.
   *
   * @throws if a file could not be written: what an earlier flush acknowledged is safe, and a later one tries again.
   */
  flush(): Promise<void>;
  /** Size of the history's files, with what is still to be written at most. */
  readonly bytes: number;
}

/** Size of a part. */
export const fullPart: number = 16 * 2 ** 20;
const mostRows = 65_536;
/** Encoding lets others run after so many bytes. */
const breath = 2 ** 22;

/**
 * Begin a history, or go on with one.
 *
 * Rows are collected into parts of about 16 MB, which are encoded and written while training awaits something else. A part
 * holds whole batches, so that a reader meanwhile never finds a half of one.
 *
 * @param options.resumeAt the epoch and batch that will be recorded next; what the history has from there on is dropped
 * @param options.partBytes size of a part
 * @throws if there is a history and `resumeAt` is not given, it is of another model, or it cannot be cut there.
 */
export async function openHistoryWriter(
  storage: WritableStorage,
  recording: Recording,
  options: { readonly resumeAt?: Moment; readonly partBytes?: number } = {},
): Promise<HistoryWriter> {
  const { resumeAt, partBytes = fullPart } = options;
  const { dtype } = recording.settings;
  const files = await storage.list();
  const left = leftovers(files);
  let nextPart = 1 + (numbersOf(files, "part").at(-1) ?? 0);
  let manifest = await openManifest(storage, recording, resumeAt);
  let written = filesOf(manifest);
  const check = rowCheck(manifest.sites);
  let open: BatchRows[] = [];
  let [openRows, openBytes] = [0, 0];
  const full: { readonly rows: readonly BatchRows[]; readonly bytes: number }[] = [];
  let running: Promise<void> | undefined;
  let failure: Error | undefined;

  const waiting = (): number => full.reduce((sum, { bytes }) => sum + bytes, openBytes);
  const seal = (): void => {
    if (open.length === 0) return;
    full.push({ rows: open, bytes: openBytes });
    open = [];
    [openRows, openBytes] = [0, 0];
  };
  const writeNext = async (rows: readonly BatchRows[]): Promise<void> => {
    const part = await writeRows(rows);
    const next = { ...manifest, parts: [...manifest.parts, part], number: manifest.number + 1 };
    manifest = { ...next, number: await commit(storage, next) };
    written = filesOf(manifest);
    full.shift();
    await removeOld(storage, manifest, left).catch(() => {}); // it stays for the next commit, or the next writer
  };
  const start = (): Promise<void> => {
    running ??= writeNext(full[0]?.rows ?? [])
      .catch((error: Error) => {
        failure = new Error(`The state history could not be written: ${error.message}`);
      })
      .finally(() => {
        running = undefined;
        if (full.length > 0 && !failure) start();
      });
    return running;
  };
  const writeRows = async (rows: readonly BatchRows[]): Promise<Part> => {
    const stored = await storeRows(rows, dtype);
    const { content, layout } = writePart(stored);
    const temporary = names.temporary(manifest.writer.id, "part");
    await prepare(storage, temporary, content);
    while (!(await storage.link(temporary, names.part(nextPart)))) nextPart++;
    const file = names.part(nextPart++);
    left.add(file); // until a manifest names it
    await storage.remove(temporary);
    return { file, ...layout, ...coverOf(stored) };
  };

  const appendAll = (rows: BatchRows): void => {
    check(rows);
    const { epoch, batch, places } = rows;
    const last = open.at(-1);
    const isFull = openBytes >= partBytes || openRows >= mostRows;
    if (last && isFull && (last.epoch !== epoch || last.batch !== batch)) {
      seal();
      if (!failure) start();
    }
    open.push(rows);
    openRows += places.length;
    openBytes += mostBytesOf(places, dtype);
  };

  return {
    append({ epoch, batch, data, ...place }) {
      const { kind, site, shape } = place;
      if (data.length !== sizeOf(shape)) {
        const holds = `the shape [${shape}] holds ${sizeOf(shape)} values`;
        throw new Error(`${kind} "${site}": ${holds}; ${data.length} were given.`);
      }
      appendAll({ epoch, batch, places: [{ ...place, start: 0 }], data });
    },
    appendAll,
    async room() {
      while (running && waiting() > 2 * partBytes) await running;
      if (failure) throw failure;
    },
    async flush() {
      failure = undefined;
      seal();
      while (full.length > 0 && !failure) await start();
      if (failure) throw failure;
    },
    get bytes() {
      return written + waiting() + partOverhead * (full.length + Math.min(open.length, 1));
    },
  };
}

/** Bytes of the parts, and of the last two manifests and the next. */
function filesOf(manifest: Manifest): number {
  return manifest.parts.reduce((sum, part) => sum + part.bytes, 3 * encodeManifest(manifest).length);
}

const rowBytes = 160;

/** What a part takes beside its rows, at most: its footer, and its place in three manifests. */
export const partOverhead: number = 6144;

/** What a row takes in a file, at most, its share of the manifest included. */
export function mostBytes(row: Pick<StateRow, "shape" | "kind" | "site">, dtype: StoredType): number {
  const width = row.kind === "metric" ? 4 : storedWidth[dtype];
  return sizeOf(row.shape) * width + rowBytes;
}

const sizes = new WeakMap<readonly RowPlace[], Map<StoredType, number>>();

/** What rows of these places take, at most. */
export function mostBytesOf(places: readonly RowPlace[], dtype: StoredType): number {
  const known = sizes.get(places) ?? new Map<StoredType, number>();
  const bytes = known.get(dtype) ?? places.reduce((sum, place) => sum + mostBytes(place, dtype), 0);
  sizes.set(places, known.set(dtype, bytes));
  return bytes;
}

async function storeRows(batches: readonly BatchRows[], dtype: StoredType): Promise<StoredRows> {
  const stored = noRows();
  let bytes = 0;
  for (const { epoch, batch, places, data } of batches) {
    for (const { start, step, kind, site, shape } of places) {
      const values = data.subarray(start, start + sizeOf(shape));
      storeRow(stored, { epoch, batch, step, kind, site, shape, data: values }, dtype);
    }
    bytes += data.byteLength;
    if (bytes < breath) continue;
    bytes = 0;
    await turn();
  }
  return stored;
}
