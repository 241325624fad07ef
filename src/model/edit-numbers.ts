import type { Position } from "../tensors/named-array.js";
import { random } from "../tensors/random.js";
import type { Change, SiteEdit } from "./edit-data.js";
import { type Place, placesOf } from "./edit-places.js";
import { type Region, regionOf } from "./edit-region.js";
import { renormaliseRows } from "./edit-rows.js";

type Indexed = Change & { readonly index?: Position };

/**
 * Where a change works, and its operands: for noise what is added; for clamping the least, to which the greatest follows.
 *
 * @throws if it does not fit the place, saying what is wrong.
 */
export function operandsOf(place: Place, change: Indexed): Region {
  const index = change.index ?? {};
  if (change.operation === "clamp") return regionOf(place, index, change.value.least);
  if (change.operation !== "noise") return regionOf(place, index, change.value);
  const places = placesOf(place, index);
  const { seed, scale } = change.value;
  const source = random(seed);
  return { places, operands: Float32Array.from(places, () => source.normal() * scale) };
}

/**
 * Carry out a change on the numbers of a value, in place: the same 32-bit numbers on every machine and backend.
 *
 * @param numbers row-major; those outside the region are left to the bit
 * @returns where numbers may have changed
 */
export function changeNumbers(place: Place, change: Indexed, numbers: Float32Array): Uint32Array {
  const { places, operands } = operandsOf(place, change);
  const greatest = change.operation === "clamp" ? change.value.greatest + 0 : 0; // JSON knows no −0
  const results: Record<Change["operation"], (found: number, operand: number) => number> = {
    set: (_, operand) => operand,
    add: (found, operand) => found + operand,
    noise: (found, operand) => found + operand,
    scale: (found, operand) => found * operand,
    clamp: (found, operand) => Math.min(Math.max(found, operand), greatest),
  };
  const result = results[change.operation];
  places.forEach((at, i) => {
    numbers[at] = result(numbers[at] as number, operands[i] as number);
  });
  return places;
}

/**
 * Carry out an edit of a site, and renormalise if it says so.
 *
 * @param numbers of the site, [batch, ...site], changed in place
 * @returns where numbers may have changed
 * @throws if a row cannot be renormalised
 */
export function editNumbers(place: Place, one: SiteEdit, numbers: Float32Array): Uint32Array {
  const places = changeNumbers(place, one, numbers);
  if (one.renormalise === undefined) return places;
  try {
    return renormaliseRows(place, one.renormalise, places, numbers);
  } catch (error) {
    const problem = (error as Error).message;
    throw new Error(`The edit of "${one.site}" at step ${one.step} cannot be renormalised: ${problem}`);
  }
}
