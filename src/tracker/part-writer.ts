import { ByteWriter, ParquetWriter, type SchemaElement } from "hyparquet-writer";
import { crc32 } from "../tensors/crc32.js";
import { writePages } from "./part-pages.js";
import { type RowKey, type StateRow, type Statistics, statisticsOf } from "./state-row.js";
import { type StoredType, type StoredValues, storeValues } from "./stored-values.js";

/** A row as a file keeps it: its numbers worked out, its values as bytes. */
export interface StoredRow extends RowKey, Statistics, StoredValues {
  readonly shape: readonly number[];
}

/** Where the pieces of a part's file lie, and what they must sum to: what is not between them are the tensors' pages. */
export interface PartLayout {
  readonly bytes: number;
  readonly rows: number;
  /** The scalar columns, from the file's beginning. */
  readonly head: { readonly bytes: number; readonly crc32: number };
  /** Index of the tensors' pages and the footer, to the file's end. */
  readonly tail: { readonly bytes: number; readonly crc32: number };
}

/** Rows as a file keeps them, column by column: an object for each would take longer than its numbers. */
export type StoredRows = { readonly [Column in keyof StoredRow]: StoredRow[Column][] };

export function noRows(): StoredRows {
  const scalar = { epoch: [], batch: [], step: [], kind: [], site: [], shape: [], dtype: [], scale: [], offset: [] };
  return { ...scalar, mean: [], std: [], min: [], max: [], norm: [], entropy: [], bytes: [] };
}

/** Work out a row's numbers and bytes, and put them behind those of the rows before it. */
export function storeRow(rows: StoredRows, row: StateRow, dtype: StoredType): void {
  const { mean, std, min, max, norm, entropy } = statisticsOf(row);
  const values = storeValues(row.data, row.kind === "metric" ? "float32" : dtype, min, max);
  rows.epoch.push(row.epoch);
  rows.batch.push(row.batch);
  rows.step.push(row.step);
  rows.kind.push(row.kind);
  rows.site.push(row.site);
  rows.shape.push(row.shape);
  rows.dtype.push(values.dtype);
  rows.scale.push(values.scale);
  rows.offset.push(values.offset);
  rows.mean.push(mean);
  rows.std.push(std);
  rows.min.push(min);
  rows.max.push(max);
  rows.norm.push(norm);
  rows.entropy.push(entropy);
  rows.bytes.push(values.bytes);
}

/**
 * Rows as a Parquet file with one row group: first all scalar columns, then the tensors, each in a page of its own, then
 * the index of these pages and the footer. So everything but the tensors is read in two stretches.
 *
 * @returns the file's content in pieces; those of float32 tensors are the rows' own values
 */
export function writePart(rows: StoredRows): { content: Uint8Array[]; layout: PartLayout } {
  const count = rows.bytes.length;
  const writer = new ByteWriter(256 * count + 4096);
  const file = new ParquetWriter({ writer, schema, codec: "UNCOMPRESSED", createdBy: "tapescope" });
  const columnData = scalars.map((name) => {
    return { name, data: rows[name], offsetIndex: false, statistics: keys.has(name), ...(numbers.has(name) && plain) };
  });
  file.write({ columnData, rowGroupSize: count, pageSize: 0 }); // 0: a column is one page
  const headBytes = writer.offset;

  const { content, pages } = writePages(rows.bytes, headBytes);
  const pageBytes = pages.reduce((sum, page) => sum + page.bytes, 0);
  writer.offset += pageBytes; // the tensors are not copied into the writer; what follows stands behind them
  const chunk = {
    file_offset: BigInt(headBytes),
    meta_data: {
      type: "BYTE_ARRAY" as const,
      encodings: ["PLAIN" as const],
      path_in_schema: ["tensor"],
      codec: "UNCOMPRESSED" as const,
      num_values: BigInt(count),
      total_uncompressed_size: BigInt(pageBytes),
      total_compressed_size: BigInt(pageBytes),
      data_page_offset: BigInt(headBytes),
    },
  };
  const group = file.row_groups[0];
  if (!group) throw new Error("A part has at least one row.");
  group.columns.push(chunk);
  group.total_byte_size += BigInt(pageBytes);
  group.total_compressed_size = BigInt(writer.offset - 4);
  const page_locations = pages.map((page) => ({
    offset: BigInt(page.offset),
    compressed_page_size: page.bytes,
    first_row_index: BigInt(page.firstRow),
  }));
  file.pendingIndexes.push({ chunk, offsetIndex: { page_locations } });
  file.finish();

  const written = writer.getBytes();
  const [head, tail] = [written.slice(0, headBytes), written.slice(headBytes)];
  const layout = {
    bytes: writer.offset,
    rows: count,
    head: { bytes: head.length, crc32: crc32(head) },
    tail: { bytes: tail.length, crc32: crc32(tail) },
  };
  return { content: [head, ...content, tail], layout };
}

const required = { repetition_type: "REQUIRED" } as const;
const optional = { repetition_type: "OPTIONAL" } as const;
const text = { type: "BYTE_ARRAY", converted_type: "UTF8", ...required } as const;

const schema: SchemaElement[] = [
  { name: "root", num_children: 16 },
  { name: "epoch", type: "INT32", ...required },
  { name: "batch", type: "INT32", ...required },
  { name: "step", type: "INT32", ...optional },
  { name: "kind", ...text },
  { name: "site", ...text },
  { name: "shape", converted_type: "LIST", num_children: 1, ...required },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", type: "INT32", ...required },
  { name: "dtype", ...text },
  { name: "scale", type: "DOUBLE", ...optional },
  { name: "offset", type: "DOUBLE", ...optional },
  { name: "mean", type: "DOUBLE", ...required },
  { name: "std", type: "DOUBLE", ...required },
  { name: "min", type: "DOUBLE", ...required },
  { name: "max", type: "DOUBLE", ...required },
  { name: "norm", type: "DOUBLE", ...required },
  { name: "entropy", type: "DOUBLE", ...optional },
  { name: "tensor", type: "BYTE_ARRAY", ...required },
];

// Readers skip parts by the least and greatest of these columns; those of others would be work for nobody.
const keys = new Set<keyof StoredRow>(["epoch", "batch", "step", "kind", "site"]);
// Numbers that hardly ever repeat need no search for a dictionary.
const numbers = new Set<keyof StoredRow>(["scale", "offset", "mean", "std", "min", "max", "norm", "entropy"]);
const plain = { encoding: "PLAIN" } as const;

type Scalar = Exclude<keyof StoredRow, "bytes">;

/** The columns before "tensor". */
export const scalars: readonly Scalar[] = Object.keys(noRows()).filter((name) => name !== "bytes") as Scalar[];
