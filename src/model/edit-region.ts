import type { NamedArray, Position } from "../tensors/named-array.js";
import { placesOf } from "./edit-places.js";

/** A number for the whole region of an edit, or nested arrays of the region's shape. */
export type Values = number | readonly Values[];

/** Which numbers of a value an edit touches, and with which operands. */
export interface Region {
  /** Where the numbers stand in the value, row-major. */
  readonly places: Uint32Array;
  /** One for each place. */
  readonly operands: Float32Array;
}

/**
 * The region of an edit in a value of these axes.
 *
 * @param axes, shape of the whole value; the batch of a site, if it has one, comes first
 * @throws if a position or the value does not fit, or the value holds what is no finite number in 32 bits.
 */
export function regionOf(
  { name, axes, shape }: Pick<NamedArray, "name" | "axes" | "shape">,
  index: Position,
  value: Values,
): Region {
  const places = placesOf({ name, axes, shape }, index);
  const free = axes.flatMap((axis, i) => (Object.hasOwn(index, axis) ? [] : [{ axis, length: shape[i] as number }]));
  const chosen = free.map(({ length }) => length);
  // One sequence is the usual case: a region that still spans its batch may be given without it.
  const wanted = free[0]?.axis === "batch" && free[0].length === 1 ? chosen.slice(1) : chosen;
  const values = flatten(value);
  const bad = values.numbers.findIndex((number) => typeof number !== "number" || !Number.isFinite(Math.fround(number)));
  if (bad >= 0) throw new Error(`the value holds ${values.numbers[bad]}; every number must be finite in 32 bits.`);
  if (values.shape.length > 0 && `${values.shape}` !== `${wanted}` && `${values.shape}` !== `${chosen}`) {
    throw new Error(`the value has shape [${values.shape}], but the region of "${name}" has [${wanted}].`);
  }
  const only = values.numbers.length === 1 ? values.numbers[0] : undefined;
  const operands = only === undefined ? Float32Array.from(values.numbers) : new Float32Array(places.length).fill(only);
  return { places, operands };
}

/** Shape and numbers of nested arrays. @throws if they are ragged. */
function flatten(values: Values): { shape: number[]; numbers: number[] } {
  if (!Array.isArray(values)) return { shape: [], numbers: [values as number] };
  const parts = (values as readonly Values[]).map(flatten);
  const inner = parts[0]?.shape ?? [];
  if (parts.some(({ shape }) => `${shape}` !== `${inner}`)) throw new Error("the value's nested arrays are ragged.");
  return { shape: [parts.length, ...inner], numbers: parts.flatMap(({ numbers }) => numbers) };
}
