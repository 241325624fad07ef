import { sum } from "simple-statistics";
import type { ArrayInput } from "../tensors/array-input.js";
import { type NamedArray, stridesOf } from "../tensors/named-array.js";
import { ATTENTION, arrayOf, reduceColumns, reduceRows } from "./matrices.js";

/**
 * Entropy of each row of attention: over how many keys a query spreads its attention.
 *
 * −Σ p ln p (Shannon 1948, section 6) in nats, that is with the natural logarithm, and 0 ln 0 = 0: from 0, all on one
 * key, to ln n, even over n keys. A row is divided by its sum first, so that the entropy says where it looks, not how
 * much; softmax rows sum to one anyway.
 *
 * @param weights [..., query, key] or any other axes, the last of which is looked over; 0 or more.
 * @returns [..., query]; NaN for a row that sums to zero, for it looks nowhere, or that holds NaN or ∞. Others stay.
 * @throws if there are fewer than two axes, no value at all, or a negative value.
 * @example rowEntropy([[0.5, 0.5], [1, 0]]) // data: [0.693, 0]
 */
export function rowEntropy(weights: ArrayInput): NamedArray {
  const array = attentionOf(weights, "rowEntropy");
  return reduceRows(array, `row entropy of ${array.name}, nats`, entropyOf);
}

/**
 * Entropy of each column of attention: from how many queries a key is looked at.
 *
 * As `rowEntropy`, over the queries: a column need not sum to one, and is divided by its sum.
 *
 * @param weights [..., query, key]; 0 or more.
 * @returns [..., key] in nats, from 0 to ln of the number of queries; NaN for a key that nobody looks at.
 * @throws if there are fewer than two axes, no value at all, or a negative value.
 * @example columnEntropy([[0.5, 0.5], [1, 0]]) // data: [0.637, 0]
 */
export function columnEntropy(weights: ArrayInput): NamedArray {
  const array = attentionOf(weights, "columnEntropy");
  return reduceColumns(array, `column entropy of ${array.name}, nats`, entropyOf);
}

/**
 * The entropies of all rows, added up, in nats.
 *
 * A row that sums to zero adds nothing. With a NaN or ∞ anywhere the total is NaN.
 *
 * @param weights [..., query, key]; 0 or more.
 * @throws if there are fewer than two axes, no value at all, or a negative value.
 * @example totalEntropy([[0.5, 0.5], [1, 0]]) // 0.693
 */
export function totalEntropy(weights: ArrayInput): number {
  const array = attentionOf(weights, "totalEntropy");
  return sum(defined(array, rowEntropy(array)));
}

/**
 * Focus of each row of attention, 1 − H / ln n for its entropy H over n keys: 0 where it is even, 1 where all of it is
 * on one key (Shannon's redundancy, 1948, section 7). With a single key, which leaves no choice, it is 1.
 *
 * @param weights [..., query, key]; 0 or more.
 * @returns [..., query], 0 to 1; NaN where the entropy is.
 * @throws if there are fewer than two axes, no value at all, or a negative value.
 * @example rowFocus([[0.5, 0.5], [1, 0]]) // data: [0, 1]
 */
export function rowFocus(weights: ArrayInput): NamedArray {
  const array = attentionOf(weights, "rowFocus");
  return reduceRows(array, `row focus of ${array.name}`, focusOf);
}

/**
 * Focus of each column of attention: 0 for a key that all queries look at alike, 1 for one that only one looks at.
 *
 * As `rowFocus`, with the number of queries for n.
 *
 * @param weights [..., query, key]; 0 or more.
 * @returns [..., key], 0 to 1; NaN where the entropy is.
 * @throws if there are fewer than two axes, no value at all, or a negative value.
 * @example columnFocus([[0.5, 1], [0.5, 0]]) // data: [0, 1]
 */
export function columnFocus(weights: ArrayInput): NamedArray {
  const array = attentionOf(weights, "columnFocus");
  return reduceColumns(array, `column focus of ${array.name}`, focusOf);
}

/** Attention weights that have entropies at all. @throws if one is negative, saying where. */
export function attentionOf(weights: ArrayInput, caller: string, name: string = "weights"): NamedArray {
  const array = arrayOf(weights, name, ATTENTION, 2, caller);
  const index = array.data.findIndex((weight) => weight < 0);
  if (index < 0) return array;
  const strides = stridesOf(array.shape);
  const place = array.axes.map((axis, i) => {
    return `${axis} ${Math.floor(index / (strides[i] as number)) % (array.shape[i] as number)}`;
  });
  throw new Error(
    `${caller}: "${array.name}" holds ${array.data[index]} at ${place.join(", ")}, but attention weights are 0 or ` +
      "more; if these are scores, take their softmax first.",
  );
}

/** What the rows or columns came to, without those that sum to zero; a single NaN if the array is not finite. */
export function defined(array: NamedArray, results: NamedArray): number[] {
  for (const value of array.data) if (!Number.isFinite(value)) return [Number.NaN];
  return Array.from(results.data).filter((value) => !Number.isNaN(value));
}

function entropyOf(weights: Float32Array): number {
  let total = 0;
  for (const weight of weights) total += weight;
  if (!(total > 0)) return Number.NaN; // nothing is looked at, or a weight is NaN
  let entropy = 0;
  for (const weight of weights) {
    const share = weight / total; // NaN for ∞ / ∞
    if (share !== 0) entropy -= share * Math.log(share);
  }
  return entropy;
}

function focusOf(weights: Float32Array): number {
  const entropy = entropyOf(weights);
  const most = weights.length > 1 ? Math.log(weights.length) : 1; // one key: the entropy is 0, or NaN
  return 1 - Math.fround(entropy / most); // in the weights' precision, where an even row comes to 0 and not to 1e-16
}
