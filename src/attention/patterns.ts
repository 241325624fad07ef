import { type NamedArray, namedArray, sizeOf, stack } from "../tensors/named-array.js";
import { random } from "../tensors/random.js";

/** Standard deviation of the normal noise on the scores of the diagonal and the local pattern. */
const NOISE = 0.1;

/** How many keys a local query looks at on either side of its own. */
const WINDOW = 2;

/**
 * At 1 a key of the pattern has only e ≈ 2.7 times the weight of one outside: of 10 keys the diagonal's gets 0.23, so
 * that "diagonal" attention is nearly even. At 6 it has 403 times, and the diagonal gets 0.98.
 */
const SHARPNESS = 6;

/** What shapes the patterns; `sharpness` multiplies their 0/1 scores before the softmax (an inverse temperature). */
export interface PatternOptions {
  readonly size: number;
  readonly seed: number;
  readonly sharpness?: number;
}

/**
 * Attention of each query to the key at its own position, softmax(sharpness · identity + noise).
 *
 * @param options.size number of queries and of keys
 * @param options.sharpness 0 or more; 6 unless told. At 1 the pattern hardly shows: of 10 keys the own one gets 0.23.
 * @returns [query, key]; rows sum to one
 * @throws if the size is not a whole number above 0, the seed no whole number, or the sharpness negative or not finite.
 * @example show(attentionHeatmap(diagonalPattern({ size: 10, seed: 42 }), { title: "Diagonal" }))
 */
export function diagonalPattern(options: PatternOptions): NamedArray {
  return scored("diagonal", options, (query, key) => query === key);
}

/**
 * Attention of each query to the keys at most two positions away, softmax(sharpness · neighbours + noise).
 *
 * @param options as of `diagonalPattern`
 * @returns [query, key]; rows sum to one
 * @throws as `diagonalPattern`.
 * @example localPattern({ size: 10, seed: 42 })
 */
export function localPattern(options: PatternOptions): NamedArray {
  return scored("local", options, (query, key) => Math.abs(query - key) <= WINDOW);
}

/**
 * Attention of every query to all keys alike, 1 / size.
 *
 * @returns [query, key]; rows sum to one
 * @throws if the size is not a whole number above 0.
 * @example globalPattern(10)
 */
export function globalPattern(size: number): NamedArray {
  checkLength("globalPattern", "size", size);
  return namedArray("global", ["query", "key"], [size, size], new Float32Array(size * size).fill(1 / size));
}

/**
 * Random attention of any shape: softmax over the last axis of numbers drawn from a normal distribution.
 *
 * @param shape lengths by the names of the axes, the last of which is attended over: `{ query: 8, key: 8 }` for
 * self-attention, `{ token: 12, state: 6 }` for routing, `{ head: 4, query: 8, key: 8 }` for several heads.
 * @returns an array of these axes; along the last one it sums to one
 * @throws if there is no axis, a length is not a whole number above 0, or the seed no whole number.
 * @example randomAttention({ head: 4, query: 8, key: 8 }, 42)
 */
export function randomAttention(shape: Readonly<Record<string, number>>, seed: number): NamedArray {
  const axes = Object.keys(shape);
  const lengths = Object.values(shape);
  if (axes.length === 0) throw new Error("randomAttention needs at least one axis, such as { query: 8, key: 8 }.");
  for (const [axis, length] of Object.entries(shape)) checkLength("randomAttention", axis, length);
  const source = random(seed);
  const scores = Float64Array.from({ length: sizeOf(lengths) }, () => source.normal());
  return namedArray("random", axes, lengths, softmax(scores, lengths.at(-1) as number));
}

/**
 * The four patterns to compare attention with: diagonal, local, global and random.
 *
 * @param options as of `diagonalPattern`
 * @returns [pattern, query, key], the patterns labelled by name
 * @throws as `diagonalPattern`.
 * @example show(attentionPanels(attentionPatterns({ size: 10, seed: 42 }), { title: "Patterns" }))
 */
export function attentionPatterns(options: PatternOptions): NamedArray {
  const { size, seed } = options;
  const patterns = [
    diagonalPattern(options),
    localPattern({ ...options, seed: seed + 1 }), // or its noise would be the diagonal's
    globalPattern(size),
    randomAttention({ query: size, key: size }, seed + 2),
  ];
  const labels = { pattern: patterns.map(({ name }) => name) };
  return { ...stack(patterns, "pattern"), name: "attention patterns", labels };
}

function scored(name: string, options: PatternOptions, within: (query: number, key: number) => boolean): NamedArray {
  const { size, seed, sharpness = SHARPNESS } = options;
  checkLength(`${name}Pattern`, "size", size);
  if (!(sharpness >= 0 && sharpness < Number.POSITIVE_INFINITY)) {
    throw new Error(`${name}Pattern: sharpness is a finite number, 0 or more; ${sharpness} was given.`);
  }
  const source = random(seed);
  const scores = Float64Array.from({ length: size * size }, (_, i) => {
    const score = within(Math.floor(i / size), i % size) ? sharpness : 0;
    return score + NOISE * source.normal();
  });
  return namedArray(name, ["query", "key"], [size, size], softmax(scores, size));
}

/** exp(x) / Σ exp(x) over each row. */
function softmax(scores: Float64Array, columns: number): Float32Array {
  const weights = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += columns) {
    const row = scores.subarray(start, start + columns);
    const highest = row.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY); // no overflow
    const raised = row.map((score) => Math.exp(score - highest));
    const total = raised.reduce((sum, value) => sum + value, 0);
    weights.set(
      raised.map((value) => value / total),
      start,
    );
  }
  return weights;
}

function checkLength(caller: string, axis: string, length: number): void {
  if (Number.isSafeInteger(length) && length > 0) return;
  throw new Error(`${caller}: ${axis} is a whole number above 0; ${length} was given.`);
}
