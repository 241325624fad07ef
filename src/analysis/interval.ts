import { bisect, mean, sampleStandardDeviation } from "simple-statistics";
import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";

/** A mean and the 95 % confidence interval around it. `std` is the sample's, with n − 1. */
export type MeanInterval = {
  readonly count: number;
  readonly mean: number;
  readonly std: number;
  readonly low: number;
  readonly high: number;
};

const CONFIDENCE = 0.95;

/**
 * The mean of a sample with Student's 95 % confidence interval, mean ± t · std / √n with n − 1 degrees of freedom.
 *
 * It holds for independent values, roughly normal or many: entropies of one head on many sequences, say. The rows of
 * one attention matrix belong together, and the interval over them is too narrow.
 *
 * @param values of any shape. A single value has no spread: `std`, `low` and `high` are NaN. A NaN or ∞ makes all NaN.
 * @throws if there is no value.
 * @example meanInterval([2, 4, 6]) // { count: 3, mean: 4, std: 2, low: −0.97, high: 8.97 }
 */
export function meanInterval(values: ArrayInput): MeanInterval {
  const array = toNamedArray(values, "values", ["sample"]);
  const sample = Array.from(array.data);
  const count = sample.length;
  if (count === 0) throw new Error(`meanInterval: "${array.name}" of shape [${array.shape}] holds no value.`);
  const none = Number.NaN;
  if (!sample.every(Number.isFinite)) return { count, mean: none, std: none, low: none, high: none };
  const middle = mean(sample);
  if (count === 1) return { count, mean: middle, std: none, low: none, high: none };
  const std = sampleStandardDeviation(sample);
  const half = (studentT(count - 1) * std) / Math.sqrt(count);
  return { count, mean: middle, std, low: middle - half, high: middle + half };
}

/**
 * Means with their intervals as rows of a table, ready for `new DataFrame(rows)`.
 *
 * @param samples by name; each as `meanInterval` takes it.
 * @throws if one holds no value.
 * @example show(new DataFrame(meanTable({ "head 0": rowEntropy(first), "head 1": rowEntropy(second) })))
 */
export function meanTable(samples: Readonly<Record<string, ArrayInput>>): (MeanInterval & { readonly name: string })[] {
  return Object.entries(samples).map(([name, values]) => ({ name, ...meanInterval(values) }));
}

/**
 * The t within ±which Student's distribution has 95 % of its mass.
 *
 * For whole degrees of freedom the mass is a finite series in the angle θ = atan(t / √degrees): Abramowitz & Stegun
 * 1964, equations 26.7.3 and 26.7.4. It grows with θ, so that bisection finds the angle.
 */
function studentT(degrees: number): number {
  const odd = degrees % 2;
  const mass = (angle: number): number => {
    const cosine = Math.cos(angle);
    let total = 0;
    let term = odd ? cosine : 1;
    for (let k = odd; k <= degrees - 2; k += 2) {
      total += term;
      term *= (cosine * cosine * (k + 1)) / (k + 2);
    }
    return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * total) : Math.sin(angle) * total;
  };
  const angle = bisect((at: number) => mass(at) - CONFIDENCE, 0, Math.PI / 2, 100, 1e-13);
  return Math.sqrt(degrees) * Math.tan(angle);
}
