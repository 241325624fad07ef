import { parquetMetadata, parquetScan, readOffsetIndex } from "hyparquet";
import { crc32 } from "../tensors/crc32.js";
import type { Part } from "./manifest.js";
import { type Page, valueInPage } from "./part-pages.js";
import { type StoredRow, scalars } from "./part-writer.js";
import type { RowKey } from "./state-row.js";
import type { ReadableStorage } from "./storage.js";
import { restoreValues } from "./stored-values.js";

/** A row without its values. */
export type RowNumbers = Omit<StoredRow, "bytes">;

/** What a part holds, and where: columns of its rows' keys, and the pages of their tensors. */
export interface PartIndex {
  readonly part: Part;
  readonly columns: Readonly<Record<(typeof keyColumns)[number], ArrayLike<unknown>>>;
  readonly pages: readonly Page[];
}

const keyColumns = ["epoch", "batch", "step", "kind", "site", "shape", "dtype", "scale", "offset"] as const;

/** Read what a part holds, but none of its tensors. @throws naming the file if it is missing or damaged. */
export async function readIndex(storage: ReadableStorage, part: Part): Promise<PartIndex> {
  const { head, tail } = await readEnds(storage, part);
  const columns = await readColumns(part, head, tail, keyColumns);
  return { part, columns, pages: pagesOf(part, tail) };
}

/** The last row with a key, or −1. */
export function findRow({ part, columns }: PartIndex, key: RowKey): number {
  const { epoch, batch, step, kind, site } = columns;
  for (let row = part.rows - 1; row >= 0; row--) {
    if (epoch[row] !== key.epoch || batch[row] !== key.batch || (step[row] ?? null) !== key.step) continue;
    if (kind[row] === key.kind && site[row] === key.site) return row;
  }
  return -1;
}

/** Read the values of one row. @throws naming the file if they are missing or damaged. */
export async function readValues(
  storage: ReadableStorage,
  { part, columns, pages }: PartIndex,
  row: number,
): Promise<{ shape: readonly number[]; data: Float32Array }> {
  const after = pages.findIndex(({ firstRow }) => firstRow > row);
  const page = pages[(after < 0 ? pages.length : after) - 1] as Page;
  const bytes = await bytesOf(storage, part, page.offset, page.offset + page.bytes);
  const values = damagedUnless(part, () => valueInPage(bytes, page, row));
  const [dtype, scale, offset] = [columns.dtype[row], columns.scale[row] ?? null, columns.offset[row] ?? null];
  const data = restoreValues({ dtype, scale, offset, bytes: values } as StoredRow);
  return { shape: columns.shape[row] as number[], data };
}

/** All rows of a part, without their values. @throws naming the file if it is missing or damaged. */
export async function readNumbers(storage: ReadableStorage, part: Part): Promise<RowNumbers[]> {
  const { head, tail } = await readEnds(storage, part);
  const columns = await readColumns(part, head, tail, scalars);
  return Array.from(
    { length: part.rows },
    (_, row) => Object.fromEntries(scalars.map((name) => [name, columns[name][row] ?? null])) as unknown as RowNumbers,
  );
}

/** @throws naming the file if its end is not as it was written. */
export async function checkTail(storage: ReadableStorage, part: Part): Promise<void> {
  await readStretch(storage, part, part.bytes - part.tail.bytes, part.tail);
}

async function readEnds(storage: ReadableStorage, part: Part): Promise<{ head: Uint8Array; tail: Uint8Array }> {
  const [head, tail] = await Promise.all([
    readStretch(storage, part, 0, part.head),
    readStretch(storage, part, part.bytes - part.tail.bytes, part.tail),
  ]);
  return { head, tail };
}

async function readStretch(
  storage: ReadableStorage,
  part: Part,
  start: number,
  stretch: { readonly bytes: number; readonly crc32: number },
): Promise<Uint8Array> {
  const bytes = await bytesOf(storage, part, start, start + stretch.bytes);
  if (crc32(bytes) === stretch.crc32) return bytes;
  throw new Error(
    `${part.file} is damaged: bytes ${start} to ${start + stretch.bytes} are not those that were written.`,
  );
}

async function bytesOf(storage: ReadableStorage, part: Part, start: number, end: number): Promise<Uint8Array> {
  const bytes = await storage.read(part.file, start, end);
  if (!bytes) throw new Error(`${part.file} is missing.`);
  if (bytes.length === end - start) return bytes;
  throw new Error(`${part.file} is damaged: it ends before byte ${end}, and should have ${part.bytes} bytes.`);
}

async function readColumns<Name extends string>(
  part: Part,
  head: Uint8Array,
  tail: Uint8Array,
  names: readonly Name[],
): Promise<Record<Name, ArrayLike<unknown>>> {
  const slice = (start: number, end?: number): ArrayBuffer => head.slice(start, end).buffer as ArrayBuffer;
  const metadata = parquetMetadata(tail);
  const scan = await parquetScan({ file: { byteLength: part.bytes, slice }, metadata, columns: [...names] });
  const range = { rowStart: 0, rowEnd: part.rows };
  const columns = await Promise.all(names.map((column) => scan.readColumn({ column, ...range })));
  return Object.fromEntries(names.map((name, index) => [name, columns[index] as ArrayLike<unknown>])) as Record<
    Name,
    ArrayLike<unknown>
  >;
}

/** The pages of the tensors. With a single page there is no index of them. */
function pagesOf(part: Part, tail: Uint8Array): Page[] {
  const chunk = parquetMetadata(tail).row_groups[0]?.columns.at(-1);
  const start = part.bytes - part.tail.bytes;
  if (!chunk?.offset_index_offset) {
    return [{ offset: part.head.bytes, bytes: start - part.head.bytes, firstRow: 0 }];
  }
  const view = new DataView(tail.buffer, tail.byteOffset + Number(chunk.offset_index_offset) - start);
  return readOffsetIndex({ view, offset: 0 }).page_locations.map((page) => ({
    offset: Number(page.offset),
    bytes: page.compressed_page_size,
    firstRow: Number(page.first_row_index),
  }));
}

function damagedUnless<T>(part: Part, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${part.file} is damaged: ${(error as Error).message}.`);
  }
}
