import type { Position } from "../tensors/named-array.js";
import { type Place, placesOf } from "./edit-places.js";
import { numbersOf, type PackedValues, type Values } from "./edit-values.js";

export type { Values } from "./edit-values.js";

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
 * @param place the whole value; the batch of a site, if it has one, comes first. Where the region spans the batch, a value
 * without it is for every sequence.
 * @throws if a position or the value does not fit, or the value holds what is no finite number in 32 bits.
 */
export function regionOf({ name, axes, shape }: Place, index: Position, value: Values | PackedValues): Region {
  const places = placesOf({ name, axes, shape }, index);
  const free = axes.flatMap((axis, i) => (Object.hasOwn(index, axis) ? [] : [{ axis, length: shape[i] as number }]));
  const chosen = free.map(({ length }) => length);
  const wanted = free[0]?.axis === "batch" ? chosen.slice(1) : chosen;
  const values = numbersOf(value);
  if (values.shape.length > 0 && `${values.shape}` !== `${wanted}` && `${values.shape}` !== `${chosen}`) {
    throw new Error(`the value has shape [${values.shape}], but the region of "${name}" has [${wanted}].`);
  }
  const { numbers } = values;
  return { places, operands: Float32Array.from(places, (_, i) => numbers[i % numbers.length] as number) };
}
