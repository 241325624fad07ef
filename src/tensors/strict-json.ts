import { quoted } from "./quoted.js";

/** Objects are Maps, so that every key is legal (`__proto__` too) and none is inherited. */
export type JsonValue = null | boolean | number | string | JsonValue[] | Map<string, JsonValue>;

/** Objects and arrays nest at most this deep: a hostile text cannot overflow the stack. */
export const deepestJson = 32;

/** A text holds at most this many values, counted at every depth: a hostile text cannot fill the memory. */
export const mostJsonValues = 1_000_000;

interface Reader {
  readonly text: string;
  readonly what: string;
  at: number;
  values: number;
}

const literals = { true: true, false: false, null: null } as const;

/**
 * Read JSON more strictly than `JSON.parse` does, in time linear in its length.
 *
 * Refused besides what is no JSON: a key given twice in an object, a number that is not written as plain digits or is
 * above 2^53 − 1 (so no `-0`, `1.0`, `1e3`, `01`), half a surrogate pair, and more depth or values than the limits.
 *
 * @param what the subject of the error messages, for example "The header".
 * @throws an Error that says what was met, at which character (counted from 1), and what is expected.
 * @example parseStrictJson('{"shape":[2,3]}') // Map { "shape" => [2, 3] }
 */
export function parseStrictJson(text: string, what = "The JSON"): JsonValue {
  const reader: Reader = { text, what, at: 0, values: 0 };
  const value = readValue(reader, 0);
  if (skipSpace(reader) !== undefined) throw unexpected(reader, "the end");
  return value;
}

function readValue(reader: Reader, depth: number): JsonValue {
  const next = skipSpace(reader);
  reader.values++;
  if (reader.values > mostJsonValues) throw problem(reader, `holds more than ${mostJsonValues} values; split it`);
  if (next === '"') return readString(reader);
  if (next === "{" || next === "[") {
    if (depth === deepestJson) throw problem(reader, `nests deeper than ${deepestJson} levels; flatten it`);
    reader.at++;
    return next === "{" ? readObject(reader, depth + 1) : readArray(reader, depth + 1);
  }
  if (next !== undefined && /[-+.\d]/.test(next)) return readNumber(reader);
  for (const [word, value] of Object.entries(literals)) {
    if (!reader.text.startsWith(word, reader.at)) continue;
    reader.at += word.length;
    return value;
  }
  throw unexpected(reader, "a value");
}

function readObject(reader: Reader, depth: number): Map<string, JsonValue> {
  const object = new Map<string, JsonValue>();
  if (skipSpace(reader) === "}") return endOf(reader, object);
  for (;;) {
    if (skipSpace(reader) !== '"') throw unexpected(reader, "a key in double quotes");
    const start = reader.at;
    const key = readString(reader);
    if (object.has(key)) {
      throw problem(reader, `gives the key ${quoted(key)} twice in one object; keep one of them`, start);
    }
    if (skipSpace(reader) !== ":") throw unexpected(reader, 'a ":"');
    reader.at++;
    object.set(key, readValue(reader, depth));
    const next = skipSpace(reader);
    if (next === "}") return endOf(reader, object);
    if (next !== ",") throw unexpected(reader, 'a "," or "}"');
    reader.at++;
  }
}

function readArray(reader: Reader, depth: number): JsonValue[] {
  const array: JsonValue[] = [];
  if (skipSpace(reader) === "]") return endOf(reader, array);
  for (;;) {
    array.push(readValue(reader, depth));
    const next = skipSpace(reader);
    if (next === "]") return endOf(reader, array);
    if (next !== ",") throw unexpected(reader, 'a "," or "]"');
    reader.at++;
  }
}

function readNumber(reader: Reader): number {
  const { text, at } = reader;
  let end = at;
  while (end < at + 60 && /[-+.\deE]/.test(text[end] ?? "")) end++; // far longer than any number that is read
  const digits = text.slice(at, end);
  const value = /^(0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : Number.NaN;
  if (!Number.isSafeInteger(value)) {
    const expected = `numbers are read only as plain digits from 0 to ${Number.MAX_SAFE_INTEGER}`;
    throw problem(reader, `has the number ${quoted(digits)}, but ${expected}`);
  }
  reader.at = end;
  return value;
}

function readString(reader: Reader): string {
  const { text, at: start } = reader;
  let escaped = false;
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      reader.at = at + 1;
      const result = escaped ? unescaped(reader, start) : text.slice(start + 1, at);
      if (/\p{Cs}/u.test(result)) throw problem(reader, "has half a surrogate pair in a string; give both", start);
      return result;
    }
    if (code < 0x20) throw problem(reader, "has a bare control character in a string; escape it", at);
    if (code !== 0x5c) continue;
    escaped = true;
    at++; // whatever follows a backslash does not end the string
  }
  throw problem(reader, "ends within a string; it may have been cut off", start);
}

/** The string from `start` to where the reader stands; on a single string, `JSON.parse` is as strict as we are. */
function unescaped(reader: Reader, start: number): string {
  try {
    return JSON.parse(reader.text.slice(start, reader.at)) as string;
  } catch {
    throw problem(reader, "has a wrong escape in a string; JSON knows \\n, \\u000a and the like", start);
  }
}

/** Step over white space; the character met there, or undefined at the end. */
function skipSpace(reader: Reader): string | undefined {
  for (; reader.at < reader.text.length; reader.at++) {
    const code = reader.text.charCodeAt(reader.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return reader.text[reader.at];
  }
  return undefined;
}

/** Step over the closing bracket of what was read. */
function endOf<Value>(reader: Reader, value: Value): Value {
  reader.at++;
  return value;
}

function unexpected(reader: Reader, expected: string): Error {
  const point = reader.text.codePointAt(reader.at);
  if (point === undefined) return problem(reader, `ends where ${expected} was expected; it may have been cut off`);
  return problem(reader, `has ${quoted(String.fromCodePoint(point))} where ${expected} was expected`);
}

function problem(reader: Reader, verb: string, at: number = reader.at): Error {
  return new Error(`${reader.what} ${verb} (at character ${at + 1}).`);
}
