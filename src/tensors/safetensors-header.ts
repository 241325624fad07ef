import { quoted } from "./quoted.js";
import { byteLength, type Dtype } from "./stored-tensor.js";
import { type JsonValue, mostJsonValues, parseStrictJson } from "./strict-json.js";

/** Where a tensor lies: `start` to `end` count bytes from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  readonly entries: readonly Entry[];
}

/** The longest header in bytes, as in the reference implementation. */
export const longestHeader = 100_000_000;

const fields = ["dtype", "shape", "data_offsets"];

/**
 * Read the header's JSON for a file that has `dataLength` bytes behind it. The entries keep the header's order.
 *
 * @throws unless the entries are whole and, sorted by offset, cover the data without a hole or an overlap.
 */
export function readHeader(bytes: Uint8Array, dataLength: number): Header {
  const header = parseHeader(bytes);
  const metadata = readMetadata(header.get("__metadata__"));
  header.delete("__metadata__");
  const entries = [...header].map(([name, entry]) => readEntry(name, entry, dataLength));
  checkCover(entries, dataLength);
  return { metadata, entries };
}

function parseHeader(bytes: Uint8Array): Map<string, JsonValue> {
  const otherwise = "the file is damaged, or is no safetensors file";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`The header is not UTF-8; ${otherwise}.`);
  }
  if (text.startsWith("\ufeff")) throw new Error("The header starts with a byte-order mark; write it without one.");
  const header = text.startsWith("{") ? parseStrictJson(text, "The header") : undefined;
  if (header instanceof Map) return header;
  const first = text.codePointAt(0);
  const start = first === undefined ? "is empty" : `starts with ${quoted(String.fromCodePoint(first))}`;
  throw new Error(`The header ${start}, but must start with "{"; ${otherwise}.`);
}

function readMetadata(value: JsonValue | undefined): Map<string, string> {
  if (value === undefined) return new Map();
  if (!(value instanceof Map))
    throw new Error(`__metadata__ must be an object of strings, but is ${described(value)}.`);
  const texts = new Map<string, string>();
  for (const [key, text] of value) {
    if (typeof text !== "string") {
      throw new Error(`__metadata__ must hold strings, but its ${quoted(key)} is ${described(text)}.`);
    }
    texts.set(key, text);
  }
  return texts;
}

function readEntry(name: string, entry: JsonValue, dataLength: number): Entry {
  const fail = (problem: string): Error => new Error(`Tensor ${quoted(name)}: ${problem}.`);
  const wanted = `must be an object with exactly ${fields.join(", ")}`;
  if (!(entry instanceof Map)) throw fail(`its entry ${wanted}, but is ${described(entry)}`);
  const missing = fields.find((field) => !entry.has(field));
  if (missing !== undefined) throw fail(`its entry ${wanted}, but lacks ${missing}`);
  const unknown = [...entry.keys()].find((key) => !fields.includes(key));
  if (unknown !== undefined) throw fail(`its entry ${wanted}, but has ${quoted(unknown)} too`);

  const [dtype, shape, offsets] = fields.map((field) => entry.get(field));
  if (typeof dtype !== "string") throw fail(`dtype must be a string, but is ${described(dtype)}`);
  if (!isNumbers(shape)) throw fail(`shape must be an array of whole numbers, but is ${described(shape)}`);
  const needed = byteLength(name, dtype as Dtype, shape);
  const [start, end, ...more] = isNumbers(offsets) ? offsets : [];
  if (start === undefined || end === undefined || more.length > 0) {
    throw fail(`data_offsets must be an array of two whole numbers, but is ${described(offsets)}`);
  }
  if (start > end) throw fail(`data_offsets ${start} to ${end} run backwards`);
  if (end - start !== needed)
    throw fail(`data_offsets hold ${end - start} bytes, but its type and shape take ${needed}`);
  if (end > dataLength)
    throw fail(`it ends at byte ${end} of the data, but the file has ${dataLength}; it was cut off`);
  return { name, dtype: dtype as Dtype, shape, start, end };
}

function checkCover(entries: readonly Entry[], dataLength: number): void {
  let covered = 0;
  for (const { name, start, end } of [...entries].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start !== covered) {
      const problem = start > covered ? "leaves a hole after" : "overlaps";
      const where = `its data starts at byte ${start} and ${problem} what ends at byte ${covered}`;
      throw new Error(`Tensor ${quoted(name)}: ${where}; tensors must lie end to end.`);
    }
    covered = end;
  }
  if (covered === dataLength) return;
  throw new Error(`The tensors end at byte ${covered} of the data, but the file has ${dataLength}; remove the rest.`);
}

function isNumbers(value: JsonValue | undefined): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

function described(value: JsonValue | undefined): string {
  if (value instanceof Map) return "an object";
  if (isNumbers(value)) return `an array of ${value.length} numbers`;
  if (Array.isArray(value)) return "an array that holds something else";
  return typeof value === "string" ? `the string ${quoted(value)}` : String(value);
}

/**
 * The header's bytes, filled up with spaces to a multiple of 8. Entries keep their order, metadata is ordered by key.
 *
 * @throws if a name or text is not Unicode or is reserved, or the header is larger than the reader accepts.
 */
export function writeHeader({ metadata, entries }: Header): Uint8Array {
  const fail = (problem: string): Error => new Error(`The header would ${problem}; write several files.`);
  const values = entries.reduce((sum, { shape }) => sum + 6 + shape.length, 2 + metadata.size);
  if (values > mostJsonValues) throw fail(`hold ${values} values, but at most ${mostJsonValues} are read`);
  const texts = [...metadata].sort(([a], [b]) => compareText(a, b)).map((pair) => pair.map(jsonText).join(":"));
  const members = entries.map(({ name, dtype, shape, start, end }) => {
    if (name === "__metadata__") throw new Error('No tensor can be named "__metadata__"; choose another name.');
    return `${jsonText(name)}:${JSON.stringify({ dtype, shape, data_offsets: [start, end] })}`;
  });
  if (texts.length > 0) members.unshift(`"__metadata__":{${texts.join(",")}}`);
  const bytes = new TextEncoder().encode(`{${members.join(",")}}`);
  if (bytes.length > longestHeader) throw fail(`take ${bytes.length} bytes, but at most ${longestHeader} are read`);
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8).fill(0x20);
  padded.set(bytes);
  return padded;
}

function jsonText(text: string): string {
  if (typeof text !== "string") throw new Error(`Names and metadata must be strings, but ${String(text)} was given.`);
  if (!/\p{Cs}/u.test(text)) return JSON.stringify(text);
  throw new Error(`The text ${quoted(text)} has half a surrogate pair, which UTF-8 cannot hold; give both halves.`);
}

/** Order by code point, which is the order of UTF-8 bytes; `<` would compare UTF-16 units. */
export function compareText(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1);
}
