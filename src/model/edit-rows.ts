import { axisIndex, stridesOf } from "../tensors/named-array.js";
import type { Place } from "./edit-places.js";

/**
 * Divide rows by their sums, in place, so that they sum to one: every row along an axis in which one of the places stands.
 * Rows of sum 0 are left as they are.
 *
 * @returns where the rows' numbers stand
 * @throws naming the row, if its sum is below zero or not finite, or dividing by it is beyond 32-bit numbers.
 */
export function renormaliseRows(place: Place, axis: string, places: Uint32Array, numbers: Float32Array): Uint32Array {
  const along = axisIndex(place, axis);
  const [length, stride] = [place.shape[along] as number, stridesOf(place.shape)[along] as number];
  const starts = new Set(Array.from(places, (at) => at - (Math.floor(at / stride) % length) * stride));
  const touched = new Uint32Array(starts.size * length);
  let filled = 0;
  for (const start of starts) {
    const row = Uint32Array.from({ length }, (_, i) => start + i * stride);
    touched.set(row, filled);
    filled += length;
    const sum = row.reduce((before, at) => before + (numbers[at] as number), 0);
    if (sum === 0) continue;
    const shares = Float32Array.from(row, (at) => (numbers[at] as number) / sum);
    if (!(sum > 0) || !shares.every(Number.isFinite)) {
      const rest = place.axes.filter((_, i) => i !== along);
      const where = rest.map((name) => `${name} ${coordinate(place, name, start)}`).join(", ");
      throw new Error(
        `at ${where} the numbers along ${axis} sum to ${sum}. Weights are finite and not negative; clamp them first.`,
      );
    }
    row.forEach((at, i) => {
      numbers[at] = shares[i] as number;
    });
  }
  return touched;
}

function coordinate({ name, axes, shape }: Place, axis: string, at: number): number {
  const index = axisIndex({ name, axes }, axis);
  return Math.floor(at / (stridesOf(shape)[index] as number)) % (shape[index] as number);
}
