import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { axisIndex, type NamedArray, namedArray, sizeOf, stridesOf } from "../tensors/named-array.js";

/**
 * The mean over some axes, which go; the others stay.
 *
 * @param axes names of the axes to average over.
 * @param of what of each value is averaged, such as Math.abs; by default the value.
 * @returns in double precision until it is rounded; NaN where a value is NaN.
 * @throws if there is no such axis.
 * @example meanOver(memory, ["slot", "feature"], Math.abs) // [step]: how strong memory is at each step
 */
export function meanOver(
  input: ArrayInput,
  axes: readonly string[],
  of: (value: number) => number = (value) => value,
): NamedArray {
  const array = toNamedArray(input, "values", []);
  const gone = new Set(axes.map((axis) => axisIndex(array, axis)));
  const kept = array.axes.map((_, index) => index).filter((index) => !gone.has(index));
  const shape = kept.map((index) => array.shape[index] as number);
  const [from, to] = [stridesOf(array.shape), stridesOf(shape)];
  const sums = new Float64Array(sizeOf(shape));
  array.data.forEach((value, position) => {
    const place = kept.reduce((sum, index, i) => {
      const along = Math.floor(position / (from[index] as number)) % (array.shape[index] as number);
      return sum + along * (to[i] as number);
    }, 0);
    sums[place] = (sums[place] as number) + of(value);
  });
  const count = array.data.length / sums.length;
  const names = kept.map((index) => array.axes[index] as string);
  const labels = Object.fromEntries(
    names.flatMap((name) => (array.labels?.[name] ? [[name, array.labels[name]]] : [])),
  );
  return namedArray(
    `mean ${array.name}`,
    names,
    shape,
    sums.map((sum) => sum / count),
    labels,
  );
}
