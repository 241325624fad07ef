import { sizeOf } from "../tensors/named-array.js";
import { commit, leftovers, prepare, removeOld } from "./commit.js";
import { openManifest, type Recording } from "./history-start.js";
import { encodeManifest, type Manifest, names, numbersOf, type Part } from "./manifest.js";
import { coverOf, type Moment } from "./part-cover.js";
import { type StoredRow, storeRow, writePart } from "./part-writer.js";
import type { RecordedSite, StateRow } from "./state-row.js";
import type { WritableStorage } from "./storage.js";
import { type StoredType, storedWidth } from "./stored-values.js";

/** Puts rows into a history while something else goes on. */
export interface HistoryWriter {
  /** Take a row. Its values are copied by no one: leave them as they are. */
  append(row: StateRow): void;
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
  const places = placesOf(manifest.sites);
  let open: StateRow[] = [];
  let openBytes = 0;
  const full: { readonly rows: readonly StateRow[]; readonly bytes: number }[] = [];
  let running: Promise<void> | undefined;
  let failure: Error | undefined;

  const waiting = (): number => full.reduce((sum, { bytes }) => sum + bytes, openBytes);
  const seal = (): void => {
    if (open.length === 0) return;
    full.push({ rows: open, bytes: openBytes });
    [open, openBytes] = [[], 0];
  };
  const writeNext = async (rows: readonly StateRow[]): Promise<void> => {
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
  const writeRows = async (rows: readonly StateRow[]): Promise<Part> => {
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

  return {
    append(row) {
      checkRow(places, row);
      const last = open.at(-1);
      const isFull = openBytes >= partBytes || open.length >= mostRows;
      if (last && isFull && (last.epoch !== row.epoch || last.batch !== row.batch)) {
        seal();
        if (!failure) start();
      }
      open.push(row);
      openBytes += mostBytes(row, dtype);
    },
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

async function storeRows(rows: readonly StateRow[], dtype: StoredType): Promise<StoredRow[]> {
  const stored: StoredRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    stored.push(storeRow(row, dtype));
    bytes += row.data.byteLength;
    if (bytes < breath) continue;
    bytes = 0;
    await new Promise((resolve) => setTimeout(resolve));
  }
  return stored;
}

/** The places that a history records, by their kinds and names. */
type Places = Readonly<Record<RecordedSite["kind"], ReadonlyMap<string, RecordedSite>>>;

function placesOf(sites: readonly RecordedSite[]): Places {
  const of = (kind: RecordedSite["kind"]) =>
    new Map(sites.filter((site) => site.kind === kind).map((site) => [site.name, site]));
  return { state: of("state"), parameter: of("parameter"), gradient: of("gradient") };
}

/** @throws if a row is of a place that the history does not record, or its numbers make no sense. */
function checkRow(places: Places, { epoch, batch, step, kind, site, shape, data }: StateRow): void {
  checkCount("epoch", epoch);
  checkCount("batch", batch);
  checkCount("step", step ?? 0);
  if (data.length !== sizeOf(shape)) {
    throw new Error(
      `${kind} "${site}": the shape [${shape}] holds ${sizeOf(shape)} values; ${data.length} were given.`,
    );
  }
  if (kind === "metric") return;
  const place = places[kind].get(site);
  if (!place) throw new Error(`This history does not record the ${kind} "${site}".`);
  const first = kind === "state" ? 1 : 0; // the sequences stand before a state's own axes
  const fits = shape.length === place.shape.length + first && place.shape.every((n, i) => n === shape[i + first]);
  if (!fits || (kind === "state") !== (step !== null)) {
    const wanted = kind === "state" ? `[batch,${place.shape}] with a step` : `[${place.shape}] without a step`;
    throw new Error(`${kind} "${site}" is ${wanted}; [${shape}] was given, step ${step}.`);
  }
}

function checkCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) return;
  throw new Error(`A row's ${name} is a whole number from 0; ${value} was given.`);
}
