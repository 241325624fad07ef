/**
 * A captured value as plain data: what the computing wing hands to the looking wing.
 *
 * `data` is row-major: the last axis varies fastest. `labels` may name the positions along an axis.
 */
export interface NamedArray {
  readonly name: string;
  readonly axes: readonly string[];
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

/** Positions along named axes, for example `{ step: 3, slot: 5 }`. */
export type Position = Readonly<Record<string, number>>;

/** Number of elements of a shape; the empty shape (a scalar) has one. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * Build a NamedArray, checking that axes, shape, data and labels agree.
 *
 * @throws if the number of axes and dimensions differ, an axis name repeats, the data has another size than the shape
 * says, or labels name an unknown axis or are too few or too many.
 * @example namedArray("weights", ["step", "slot"], [2, 3], [0.2, 0.3, 0.5, 1, 0, 0])
 */
export function namedArray(
  name: string,
  axes: readonly string[],
  shape: readonly number[],
  data: ArrayLike<number>,
  labels?: Readonly<Record<string, readonly string[]>>,
): NamedArray {
  if (axes.length !== shape.length) {
    throw new Error(`"${name}": ${axes.length} axes [${axes}] were given for ${shape.length} dimensions [${shape}].`);
  }
  if (new Set(axes).size !== axes.length) throw new Error(`"${name}": the axes [${axes}] repeat a name.`);
  if (data.length !== sizeOf(shape)) {
    throw new Error(`"${name}": the shape [${shape}] holds ${sizeOf(shape)} values, but ${data.length} were given.`);
  }
  for (const [axis, names] of Object.entries(labels ?? {})) {
    const length = shape[axisIndex({ name, axes }, axis)];
    if (names.length !== length) {
      throw new Error(`"${name}": axis "${axis}" has length ${length}, but ${names.length} labels were given.`);
    }
  }
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  return labels ? { name, axes, shape, data: values, labels } : { name, axes, shape, data: values };
}

/**
 * Name the positions along some axes; labels of the other axes stay.
 *
 * @throws if an axis is unknown, or has another number of labels than positions.
 * @example labelled(attention, { query: words, key: words })
 */
export function labelled(array: NamedArray, labels: Readonly<Record<string, readonly string[]>>): NamedArray {
  const { name, axes, shape, data } = array;
  return namedArray(name, axes, shape, data, { ...array.labels, ...labels });
}

/** Index of a named axis. @throws listing the axes there are. */
export function axisIndex(array: Pick<NamedArray, "name" | "axes">, axis: string): number {
  const index = array.axes.indexOf(axis);
  if (index < 0) throw new Error(`"${array.name}" has no axis "${axis}"; its axes are [${array.axes.join(", ")}].`);
  return index;
}

/**
 * Fix positions along some axes and drop those axes: `select(memory, { step: 3 })` is the memory at step 3.
 *
 * @throws if an axis is unknown or a position is not a whole number within it.
 */
export function select(array: NamedArray, where: Position): NamedArray {
  for (const [axis, position] of Object.entries(where)) {
    const length = array.shape[axisIndex(array, axis)] as number;
    if (!Number.isInteger(position) || position < 0 || position >= length) {
      throw new Error(`"${array.name}": ${axis} ${position} is outside 0 to ${length - 1}.`);
    }
  }
  const kept = array.axes.map((axis, index) => ({ axis, index })).filter(({ axis }) => !Object.hasOwn(where, axis));
  const strides = stridesOf(array.shape);
  const start = array.axes.reduce((sum, axis, i) => sum + (where[axis] ?? 0) * (strides[i] as number), 0);
  const shape = kept.map(({ index }) => array.shape[index] as number);
  const data = new Float32Array(sizeOf(shape));
  const counter = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    let offset = start;
    for (let k = 0; k < counter.length; k++)
      offset += (counter[k] as number) * (strides[kept[k]?.index as number] as number);
    data[i] = array.data[offset] as number;
    for (let k = counter.length - 1; k >= 0; k--) {
      counter[k] = (counter[k] as number) + 1;
      if ((counter[k] as number) < (shape[k] as number)) break;
      counter[k] = 0;
    }
  }
  const labels = Object.fromEntries(Object.entries(array.labels ?? {}).filter(([axis]) => !Object.hasOwn(where, axis)));
  const base = { name: array.name, axes: kept.map(({ axis }) => axis), shape, data };
  return Object.keys(labels).length > 0 ? { ...base, labels } : base;
}

/**
 * Keep a stretch of one axis: `slice(memory, "slot", 56, 72)` is the memory of slots 56 to 71, labelled so.
 *
 * @throws if the axis is unknown, or `from` and `to` (not included) are not whole numbers with 0 ≤ from < to ≤ length.
 */
export function slice(array: NamedArray, axis: string, from: number, to: number): NamedArray {
  const length = array.shape[axisIndex(array, axis)] as number;
  if (![from, to].every(Number.isInteger) || from < 0 || to > length || from >= to) {
    throw new Error(`"${array.name}": ${axis} ${from} to ${to} is no stretch of 0 to ${length}.`);
  }
  const index = axisIndex(array, axis);
  const inner = sizeOf(array.shape.slice(index + 1));
  const shape = array.shape.map((size, i) => (i === index ? to - from : size));
  const data = new Float32Array(sizeOf(shape));
  for (let start = from * inner, end = 0; end < data.length; start += length * inner, end += (to - from) * inner) {
    data.set(array.data.subarray(start, start + (to - from) * inner), end);
  }
  const names = array.labels?.[axis] ?? Array.from({ length }, (_, position) => `${position}`);
  return { ...array, shape, data, labels: { ...array.labels, [axis]: names.slice(from, to) } };
}

/**
 * Join arrays of one shape along a new first axis: the values of a site at every step become its series.
 *
 * @throws if there are none, or their axes or shapes differ.
 */
export function stack(arrays: readonly NamedArray[], axis: string): NamedArray {
  const [first] = arrays;
  if (!first) throw new Error(`stack along "${axis}" needs at least one array.`);
  const data = new Float32Array(arrays.length * first.data.length);
  arrays.forEach((array, index) => {
    if (`${array.axes}|${array.shape}` !== `${first.axes}|${first.shape}`) {
      throw new Error(
        `stack along "${axis}": "${array.name}" is [${array.axes}] of [${array.shape}], the first is [${first.axes}] of [${first.shape}].`,
      );
    }
    data.set(array.data, index * first.data.length);
  });
  return { ...first, axes: [axis, ...first.axes], shape: [arrays.length, ...first.shape], data };
}

/** Row-major strides, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] as number) * (shape[i + 1] as number);
  return strides;
}
