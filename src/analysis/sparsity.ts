import type { ArrayInput } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import { ATTENTION, arrayOf, reduceColumns, reduceRows } from "./matrices.js";

/** A weight below this, or a memory value nearer to zero, counts as none. */
export const SPARSE_BELOW = 0.01;

/**
 * The greatest weight of each row: how surely a query looks at the key it looks at most.
 *
 * @param weights [..., query, key]
 * @returns [..., query]; NaN for a row with a NaN.
 * @throws if there are fewer than two axes, or no value at all.
 * @example rowMaximum([[0.2, 0.8], [0.5, 0.5]]) // data: [0.8, 0.5]
 */
export function rowMaximum(weights: ArrayInput): NamedArray {
  const array = arrayOf(weights, "weights", ATTENTION, 2, "rowMaximum");
  return reduceRows(array, `row maximum of ${array.name}`, greatest);
}

/**
 * The greatest weight of each column: how much attention a key gets from the query that looks at it most.
 *
 * @param weights [..., query, key]
 * @returns [..., key]; NaN for a column with a NaN.
 * @throws if there are fewer than two axes, or no value at all.
 * @example columnMaximum([[0.2, 0.8], [0.5, 0.5]]) // data: [0.5, 0.8]
 */
export function columnMaximum(weights: ArrayInput): NamedArray {
  const array = arrayOf(weights, "weights", ATTENTION, 2, "columnMaximum");
  return reduceColumns(array, `column maximum of ${array.name}`, greatest);
}

/**
 * Sparsity of each row: the share of its values that lie nearer to zero than a threshold.
 *
 * @param weights [..., query, key], or a memory [..., slot, word]
 * @returns [..., query], 0 to 1; NaN for a row with NaN or ∞.
 * @throws if there are fewer than two axes, no value at all, or the threshold is not above 0.
 * @example rowSparsity([[0.001, 0.999], [0.5, 0.5]]) // data: [0.5, 0]
 */
export function rowSparsity(weights: ArrayInput, threshold: number = SPARSE_BELOW): NamedArray {
  const array = arrayOf(weights, "weights", ATTENTION, 2, "rowSparsity");
  checkThreshold(threshold, "rowSparsity");
  return reduceRows(array, `row sparsity of ${array.name}`, (row) => sparsityOf(row, threshold));
}

/**
 * Sparsity of each column: the share of its values that lie nearer to zero than a threshold.
 *
 * @param weights [..., query, key]
 * @returns [..., key], 0 to 1; NaN for a column with NaN or ∞.
 * @throws if there are fewer than two axes, no value at all, or the threshold is not above 0.
 * @example columnSparsity([[0.001, 0.999], [0.5, 0.5]]) // data: [0.5, 0]
 */
export function columnSparsity(weights: ArrayInput, threshold: number = SPARSE_BELOW): NamedArray {
  const array = arrayOf(weights, "weights", ATTENTION, 2, "columnSparsity");
  checkThreshold(threshold, "columnSparsity");
  return reduceColumns(array, `column sparsity of ${array.name}`, (column) => sparsityOf(column, threshold));
}

/** The share of values nearer to zero than a threshold; NaN if one is NaN or ∞. */
export function sparsityOf(values: Float32Array, threshold: number): number {
  let small = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) return Number.NaN;
    if (Math.abs(value) < threshold) small++;
  }
  return small / values.length;
}

/** @throws unless the threshold is a number above 0. */
export function checkThreshold(threshold: number, caller: string): void {
  if (threshold > 0) return;
  throw new Error(`${caller}: a threshold is a number above 0, such as ${SPARSE_BELOW}; ${threshold} was given.`);
}

function greatest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}
