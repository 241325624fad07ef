import { crc32 } from "../tensors/crc32.js";
import { quoted } from "../tensors/quoted.js";
import type { PartLayout } from "./part-writer.js";
import type { RecordedSite } from "./state-row.js";
import type { StoredType } from "./stored-values.js";

/** How a history was recorded. */
export interface HistorySettings {
  readonly dtype: StoredType;
  /** Share of batches that were recorded. */
  readonly samplingRate: number;
  /** How many sequences of a batch were kept, from the first. */
  readonly sequences: number;
}

/** What is in a history: all that a reader needs to know before it opens a part. */
export interface HistoryContents {
  readonly model: { readonly name: string; readonly metadata: Readonly<Record<string, string>> };
  readonly sites: readonly RecordedSite[];
  readonly settings: HistorySettings;
  readonly parts: readonly Part[];
}

/** The history at one moment. Each has a number, one more than the one before. */
export interface Manifest extends HistoryContents {
  readonly number: number;
  /** Who wrote this one: a writer's own random name, and what to call it in a message. */
  readonly writer: { readonly id: string; readonly owner: string };
}

/** A batch with values, and the stretches of steps that have states, both ends included. */
export interface BatchCover {
  readonly epoch: number;
  readonly batch: number;
  readonly steps: readonly (readonly [number, number])[];
}

/** A metric of an epoch as far as one part has it. */
export interface MetricSum {
  readonly epoch: number;
  readonly name: string;
  readonly sum: number;
  readonly count: number;
}

/** A file with rows; it never changes. */
export interface Part extends PartLayout {
  readonly file: string;
  /** Epoch and batch of the first and of the last row. */
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly batches: readonly BatchCover[];
  readonly metrics: readonly MetricSum[];
}

const format = "tapescope state history";
const version = 1;

/** The manifest as a file: JSON with a checksum of its content. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const content = JSON.stringify(manifest);
  const checksum = crc32(new TextEncoder().encode(content));
  const frame = JSON.stringify({ format, version, crc32: checksum });
  return new TextEncoder().encode(`${frame.slice(0, -1)},"history":${content}}\n`);
}

/**
 * Understand a manifest's file.
 *
 * @returns undefined if it is damaged
 * @throws if it is sound but not ours, or of a version that is not known here.
 */
export function decodeManifest(name: string, bytes: Uint8Array): Manifest | undefined {
  let file: { format?: unknown; version?: unknown; crc32?: unknown; history?: unknown };
  try {
    file = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  if (file?.format !== format) {
    throw new Error(`${quoted(name)} is not the manifest of a state history of tapescope; choose another folder.`);
  }
  if (file.version !== version) {
    const given = quoted(String(file.version));
    throw new Error(`${quoted(name)} is of version ${given}; this tapescope reads ${version}. Take a newer tapescope.`);
  }
  const content = new TextEncoder().encode(JSON.stringify(file.history)); // as it was written, for JSON keeps the order
  return crc32(content) === file.crc32 ? (file.history as Manifest) : undefined;
}

/** File names, in the folder of a history. Readers of Parquet folders pass over names that begin with "_" or ".". */
export const names = {
  latest: "_manifest-latest.json",
  manifest: (number: number): string => `_manifest-${String(number).padStart(6, "0")}.json`,
  part: (number: number): string => `part-${String(number).padStart(6, "0")}.parquet`,
  temporary: (writer: string, what: string): string => `.${what}-${writer}.tmp`,
};

/** Numbers of the manifests or parts among file names, rising. */
export function numbersOf(files: readonly string[], kind: "manifest" | "part"): number[] {
  const pattern = kind === "manifest" ? /^_manifest-(\d{6,})\.json$/ : /^part-(\d{6,})\.parquet$/;
  return files
    .flatMap((file) => pattern.exec(file)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Is it a file that a writer of histories leaves behind when it is stopped? */
export function isTemporary(file: string): boolean {
  return /^\.(manifest|part)-[0-9a-f]+\.tmp$/.test(file);
}
