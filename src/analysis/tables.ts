import { mean, standardDeviation, sum } from "simple-statistics";
import type { ArrayInput } from "../tensors/array-input.js";
import { type NamedArray, select, sizeOf, stridesOf } from "../tensors/named-array.js";
import { attentionOf, columnEntropy, defined, rowEntropy, rowFocus, totalEntropy } from "./entropy.js";
import { arrayOf, MEMORY } from "./matrices.js";
import { activeSlots } from "./slots.js";
import { checkThreshold, SPARSE_BELOW, sparsityOf } from "./sparsity.js";

/** Numbers of one attention matrix. `std` is the population's; entropies are in nats; sparsity is a share. */
export type AttentionRow = {
  readonly name: string;
  readonly shape: string;
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly rowEntropy: number;
  readonly columnEntropy: number;
  readonly totalEntropy: number;
  readonly focusScore: number;
  readonly sparsity: number;
};

/** Numbers of one memory. `std` is the population's; sparsity and the active share are shares. */
export type MemoryRow = {
  readonly name: string;
  readonly shape: string;
  readonly elements: number;
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly range: number;
  readonly sparsity: number;
  readonly activeSlots: number;
  readonly activeShare: number;
};

/**
 * Attention matrices compared, a row of numbers for each, ready for `new DataFrame(rows)`.
 *
 * `rowEntropy`, `columnEntropy` and `focusScore` (of the rows) are averages over the rows or columns that do not sum to
 * zero. A NaN or ∞ makes all numbers of its matrix NaN.
 *
 * @param arrays by name, each [..., query, key]. Of more than two axes every matrix has its own row, named for example
 * "layer 0, head 3"; labels stand for positions.
 * @param threshold what counts as no attention in `sparsity`.
 * @throws if one has fewer than two axes, no value or a negative one, or the threshold is not above 0.
 * @example show(new DataFrame(attentionTable({ even: [[0.5, 0.5]], sharp: [[1, 0]] })))
 */
export function attentionTable(
  arrays: Readonly<Record<string, ArrayInput>>,
  threshold: number = SPARSE_BELOW,
): AttentionRow[] {
  checkThreshold(threshold, "attentionTable");
  return Object.entries(arrays).flatMap(([key, input]) => {
    const array = attentionOf(input, "attentionTable", key);
    return matricesOf(array, key).map(({ name, matrix }): AttentionRow => {
      const { shape, mean, std, min, max } = summary(matrix);
      return {
        ...{ name, shape, mean, std, min, max },
        rowEntropy: average(defined(matrix, rowEntropy(matrix))),
        columnEntropy: average(defined(matrix, columnEntropy(matrix))),
        totalEntropy: totalEntropy(matrix),
        focusScore: average(defined(matrix, rowFocus(matrix))),
        sparsity: sparsityOf(matrix.data, threshold),
      };
    });
  });
}

/**
 * Memories compared, a row of numbers for each, ready for `new DataFrame(rows)`.
 *
 * `activeSlots` counts the slots whose numbers have a standard deviation above 0.1; `activeShare` is their share. A NaN
 * or ∞ makes all numbers of its memory NaN.
 *
 * @param arrays by name, each [..., slot, word]. Of more than two axes every memory has its own row, named for example
 * "memory, step 3"; labels stand for positions.
 * @param threshold how near to zero a value is that counts as none in `sparsity`.
 * @throws if one has fewer than two axes or no value, or the threshold is not above 0.
 * @example show(new DataFrame(memoryTable({ before: memory, after: edited })))
 */
export function memoryTable(
  arrays: Readonly<Record<string, ArrayInput>>,
  threshold: number = SPARSE_BELOW,
): MemoryRow[] {
  checkThreshold(threshold, "memoryTable");
  return Object.entries(arrays).flatMap(([key, input]) => {
    const array = arrayOf(input, key, MEMORY, 2, "memoryTable");
    return matricesOf(array, key).map(({ name, matrix }): MemoryRow => {
      const active = Array.from(activeSlots(matrix).data);
      const { shape, mean, std, min, max } = summary(matrix);
      return {
        ...{ name, shape, elements: matrix.data.length, mean, std, min, max, range: max - min },
        sparsity: sparsityOf(matrix.data, threshold),
        activeSlots: sum(active),
        activeShare: average(active),
      };
    });
  });
}

/** The matrices of the last two axes, each with a name that says where it stands along the axes before. */
function matricesOf(array: NamedArray, name: string): { name: string; matrix: NamedArray }[] {
  const axes = array.axes.slice(0, -2);
  const shape = array.shape.slice(0, -2);
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, index) => {
    const positions = axes.map((_, i) => Math.floor(index / (strides[i] as number)) % (shape[i] as number));
    const places = axes.map((axis, i) => {
      const label = array.labels?.[axis]?.[positions[i] as number] ?? `${positions[i]}`;
      return /^\d+$/.test(label) ? `${axis} ${label}` : label;
    });
    const where = Object.fromEntries(axes.map((axis, i) => [axis, positions[i] as number]));
    return { name: [name, ...places].join(", "), matrix: select(array, where) };
  });
}

function summary({ data, shape }: NamedArray): Pick<MemoryRow, "shape" | "mean" | "std" | "min" | "max"> {
  const size = shape.join(" × ");
  const none = Number.NaN;
  if (!data.every(Number.isFinite)) return { shape: size, mean: none, std: none, min: none, max: none };
  const values = Array.from(data);
  const min = data.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const max = data.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return { shape: size, mean: mean(values), std: standardDeviation(values), min, max };
}

function average(values: number[]): number {
  return values.length > 0 ? mean(values) : Number.NaN;
}
