import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";

/** What the last axes of an array are called that has no names. */
export const ATTENTION: readonly string[] = ["head", "query", "key"];
export const MEMORY: readonly string[] = ["step", "slot", "word"];

/**
 * An input of at least so many axes: attention [..., query, key], a memory [..., slot, word].
 *
 * @param axes names for the last axes of an input that has none.
 * @throws if it has fewer axes than `least`, or holds no value at all.
 */
export function arrayOf(
  input: ArrayInput,
  name: string,
  axes: readonly string[],
  least: number,
  caller: string,
): NamedArray {
  const given = toNamedArray(input, name, axes);
  const rank = given.axes.length;
  const names = [...given.axes.slice(0, Math.max(0, rank - axes.length)), ...axes.slice(-rank)];
  const array = given === input ? given : { ...given, axes: names };
  if (rank < least) {
    throw new Error(
      `${caller} needs at least ${least} axes, such as [${axes.slice(-least).join(", ")}]; "${array.name}" has ` +
        `[${given.axes.join(", ")}].`,
    );
  }
  if (array.data.length === 0) throw new Error(`${caller}: "${array.name}" of shape [${array.shape}] holds no value.`);
  return array;
}

/** One number for each row: the last axis goes, the others stay. */
export function reduceRows(array: NamedArray, name: string, compute: (row: Float32Array) => number): NamedArray {
  const columns = array.shape.at(-1) as number;
  const data = new Float32Array(array.data.length / columns);
  for (let row = 0; row < data.length; row++) {
    data[row] = compute(array.data.subarray(row * columns, (row + 1) * columns));
  }
  return without(array, array.axes.length - 1, name, data);
}

/** One number for each column: the last axis but one goes, the others stay. */
export function reduceColumns(array: NamedArray, name: string, compute: (column: Float32Array) => number): NamedArray {
  const [rows, columns] = array.shape.slice(-2) as [number, number];
  const data = new Float32Array(array.data.length / rows);
  const values = new Float32Array(rows);
  for (let result = 0; result < data.length; result++) {
    const first = Math.floor(result / columns) * rows * columns + (result % columns);
    for (let row = 0; row < rows; row++) values[row] = array.data[first + row * columns] as number;
    data[result] = compute(values);
  }
  return without(array, array.axes.length - 2, name, data);
}

/** What is left of an array when one axis was computed away: the names, lengths and labels of the others. */
export function without(array: NamedArray, index: number, name: string, data: Float32Array): NamedArray {
  const stays = (_: unknown, position: number): boolean => position !== index;
  const left = { name, axes: array.axes.filter(stays), shape: array.shape.filter(stays), data };
  const labels = Object.entries(array.labels ?? {}).filter(([axis]) => axis !== array.axes[index]);
  return labels.length > 0 ? { ...left, labels: Object.fromEntries(labels) } : left;
}
