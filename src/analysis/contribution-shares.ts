import type { ArrayInput } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import { arrayOf, without } from "./matrices.js";

/**
 * The share that each write has in a sum of contributions: Σ_j |C_s(j)| / Σ_s' Σ_j |C_s'(j)|.
 *
 * Contributions may cancel one another in the sum; in their absolute values both count, so that shares are never negative
 * and none is above one.
 *
 * @param contributions [..., write, word], as `writeContributions` and `readContributions` give them; or [..., slot, word]
 * @returns [..., write], 0 to 1, each row sums to one; NaN where all contributions are zero, or one is not finite.
 * @throws if there are fewer than two axes, or no value at all.
 * @example contributionShares([[3, 0], [0, -1]]) // data: [0.75, 0.25]
 */
export function contributionShares(contributions: ArrayInput): NamedArray {
  const array = arrayOf(contributions, "contributions", ["step", "write", "word"], 2, "contributionShares");
  const [sources, words] = array.shape.slice(-2) as [number, number];
  const data = new Float32Array(array.data.length / words);
  const sums = new Float64Array(sources);
  for (let first = 0; first < data.length; first += sources) {
    for (let source = 0; source < sources; source++) {
      const from = (first + source) * words;
      sums[source] = array.data.subarray(from, from + words).reduce((sum, value) => sum + Math.abs(value), 0);
    }
    data.set(shares(sums), first);
  }
  return without(array, array.axes.length - 1, `share of ${array.name}`, data);
}

/** Amounts, 0 or more, as parts of their sum; NaN if it is zero or not finite. */
export function shares(amounts: Float64Array): Float64Array {
  const total = amounts.reduce((sum, amount) => sum + amount, 0);
  return amounts.map((amount) => (Number.isFinite(total) ? amount / total : Number.NaN));
}
