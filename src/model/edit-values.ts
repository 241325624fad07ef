import { fromBase64, toBase64 } from "../tensors/base64.js";
import { type NamedArray, sizeOf } from "../tensors/named-array.js";
import { quoted } from "../tensors/quoted.js";

/** A number for the whole region of an edit, or nested arrays of the region's shape. */
export type Values = number | readonly Values[];

/** Numbers to the bit, in less room than decimals: little-endian 32-bit floats, row-major, as base64. */
export interface PackedValues {
  readonly shape: readonly number[];
  readonly float32: string;
  /** Those of a named array: at a site they must be the axes of the region. */
  readonly axes?: readonly string[];
}

/**
 * Values as an edit keeps them: those of a typed or named array are packed, so that JSON carries them.
 *
 * @throws if they are 64-bit whole numbers, of which a Float32Array takes none.
 */
export function valuesOf(given: Values | PackedValues | Float32Array | NamedArray): Values | PackedValues {
  if (ArrayBuffer.isView(given)) return packed([given.length], numbersIn(given));
  return isNamed(given) ? { ...packed(given.shape, numbersIn(given.data)), axes: [...given.axes] } : given;
}

function isNamed(given: Values | PackedValues | NamedArray): given is NamedArray {
  if (typeof given !== "object" || given === null || !("data" in given)) return false;
  return ArrayBuffer.isView(given.data) && Array.isArray(given.axes);
}

function numbersIn(given: Float32Array | BigInt64Array | BigUint64Array): Float32Array {
  if (!(given instanceof BigInt64Array || given instanceof BigUint64Array)) return Float32Array.from(given);
  const held = given.constructor.name;
  throw new Error(`.set, .add and .scale take 32-bit numbers; of a ${held} give Float32Array.from(values, Number).`);
}

/** Pack numbers of a shape. */
export function packed(shape: readonly number[], numbers: Float32Array): PackedValues {
  return { shape: [...shape], float32: toBase64(numbers) };
}

/**
 * Shape and numbers of what an edit gives.
 *
 * @throws if nested arrays are ragged, packed numbers are none, or something is no finite number in 32 bits.
 */
export function numbersOf(values: Values | PackedValues): { shape: readonly number[]; numbers: readonly number[] } {
  const found = isPacked(values) ? unpacked(values) : flattened(values);
  const bad = found.numbers.findIndex((number) => typeof number !== "number" || !Number.isFinite(Math.fround(number)));
  if (bad < 0) return found;
  const held: unknown = found.numbers[bad];
  throw new Error(
    `the value holds ${typeof held === "string" ? quoted(held) : held}; every number must be finite in 32 bits.`,
  );
}

function isPacked(values: Values | PackedValues): values is PackedValues {
  return typeof values === "object" && values !== null && !Array.isArray(values);
}

function unpacked({ shape, float32, axes }: PackedValues): { shape: readonly number[]; numbers: number[] } {
  const wanted = '{ "shape": [8, 20], "float32": "base64 of little-endian numbers" }';
  const lengths = Array.isArray(shape) && shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  const named = axes === undefined || (Array.isArray(axes) && axes.length === shape?.length);
  if (!lengths || !named || typeof float32 !== "string") {
    throw new Error(
      `the value is neither numbers nor ${wanted}; .set, .add and .scale also take a Float32Array or a NamedArray.`,
    );
  }
  const numbers = fromBase64(float32);
  if (!numbers) throw new Error(`the value's "float32" is no base64 of 4 bytes a number; ${wanted} was expected.`);
  if (numbers.length !== sizeOf(shape)) {
    throw new Error(
      `the value's "float32" has ${numbers.length} numbers; the shape [${shape}] takes ${sizeOf(shape)}.`,
    );
  }
  return { shape, numbers: [...numbers] };
}

/** Nested arrays; −0 is 0 in JSON, and so it is without. @throws if they are ragged. */
function flattened(values: Values): { shape: number[]; numbers: number[] } {
  if (!Array.isArray(values)) return { shape: [], numbers: [values === 0 ? 0 : (values as number)] };
  const parts = (values as readonly Values[]).map(flattened);
  const inner = parts[0]?.shape ?? [];
  if (parts.some(({ shape }) => `${shape}` !== `${inner}`)) throw new Error("the value's nested arrays are ragged.");
  return { shape: [parts.length, ...inner], numbers: parts.flatMap(({ numbers }) => numbers) };
}
