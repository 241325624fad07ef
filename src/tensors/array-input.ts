import { type NamedArray, namedArray } from "./named-array.js";

/** Numbers in nested arrays, all of one length at each depth: `[[0.2, 0.8], [0.5, 0.5]]`. Rows may be typed arrays. */
export type NestedNumbers = readonly number[] | readonly NestedNumbers[] | readonly ArrayLike<number>[];

/** Anything that figures and analyses take: what a run recorded, a tensor, nested arrays, or numbers with a shape. */
export type ArrayInput =
  | NamedArray
  | { readonly shape: readonly number[]; dataSync(): ArrayLike<number> }
  | { readonly shape: readonly number[]; readonly data: ArrayLike<number> }
  | ArrayLike<number>
  | NestedNumbers;

/**
 * Anything array-like as a NamedArray. One that has names keeps them; else `name` is its name and `axes` name its axes.
 *
 * A tensor is read synchronously and not disposed of. A typed array without a shape has one axis. Doubles and whole
 * numbers become 32-bit floats: beyond 7 significant digits they are rounded.
 *
 * @param axes names for an array that has none; where their number does not fit, axes are called "axis 0", "axis 1", ...
 * @throws if it is nothing array-like, nested arrays are ragged, data and shape disagree, or a value is no number.
 * @example toNamedArray([[0.2, 0.8], [0.5, 0.5]], "weights", ["query", "key"])
 */
export function toNamedArray(input: ArrayInput, name: string, axes: readonly string[]): NamedArray {
  if (isNamedArray(input)) {
    namedArray(input.name, input.axes, input.shape, input.data, input.labels); // one made by hand may disagree with itself
    return input;
  }
  const { shape, data } = shapeAndData(input, name);
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw new Error(`"${name}": the shape [${shape}] was given, but lengths are whole numbers from 0.`);
  }
  const odd = Array.prototype.findIndex.call(data, (value) => typeof value !== "number");
  if (odd >= 0) {
    throw new Error(`"${name}": numbers are needed, but value ${odd} is ${describe(data[odd])}. Convert it first.`);
  }
  const names = axes.length === shape.length ? axes : shape.map((_, index) => `axis ${index}`);
  return namedArray(name, names, [...shape], data);
}

function isNamedArray(input: ArrayInput): input is NamedArray {
  const { axes, data, shape, name } = (input ?? {}) as Partial<NamedArray>;
  return Array.isArray(axes) && Array.isArray(shape) && data instanceof Float32Array && typeof name === "string";
}

function shapeAndData(input: ArrayInput, name: string): { shape: readonly number[]; data: ArrayLike<number> } {
  if (Array.isArray(input)) return flatten(input, name);
  if (isTypedArray(input)) return { shape: [input.length], data: input };
  const { shape, data, dataSync } = (input ?? {}) as { shape?: unknown; data?: unknown; dataSync?: unknown };
  if (Array.isArray(shape) && typeof dataSync === "function") {
    return { shape, data: (input as { dataSync(): ArrayLike<number> }).dataSync() };
  }
  if (Array.isArray(shape) && (Array.isArray(data) || isTypedArray(data))) return { shape, data };
  throw new Error(
    `"${name}" takes a NamedArray, a tensor, nested arrays of numbers, a typed array or { shape, data }, ` +
      `but was given ${describe(input)}.`,
  );
}

function isTypedArray(input: unknown): input is ArrayLike<number> {
  return ArrayBuffer.isView(input) && "length" in input;
}

function flatten(input: NestedNumbers, name: string): { shape: number[]; data: number[] } {
  const isList = (part: unknown): part is ArrayLike<unknown> => Array.isArray(part) || isTypedArray(part);
  const shape: number[] = [];
  for (let level: unknown = input; isList(level); level = level[0]) shape.push(level.length);
  const data: number[] = [];
  const fill = (part: unknown, depth: number): void => {
    if (depth === shape.length && !isList(part)) {
      data.push(part as number);
    } else if (isList(part) && part.length === shape[depth]) {
      for (let index = 0; index < part.length; index++) fill(part[index], depth + 1);
    } else {
      const found = isList(part) ? `${part.length} elements` : describe(part);
      const wanted = depth === shape.length ? "a number" : `${shape[depth]} elements`;
      throw new Error(`"${name}": nested arrays of one shape are needed; ${found} stood where ${wanted} was expected.`);
    }
  };
  fill(input, 0);
  return { shape, data };
}

function describe(input: unknown): string {
  if (typeof input === "bigint") return "a bigint";
  if (typeof input !== "object" || input === null) return typeof input === "string" ? "text" : String(input);
  return `an object with ${Object.keys(input).slice(0, 5).join(", ") || "nothing in it"}`;
}
