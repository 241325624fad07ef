import { type NamedArray, namedArray, sizeOf } from "../tensors/named-array.js";
import { quoted } from "../tensors/quoted.js";
import { type SafetensorsFile, toFloat32 } from "../tensors/safetensors.js";

// What a reference file expects: its tensors "expected.NAME", which another implementation computed.

/** How far one expected tensor and our own value of it lie apart. */
export interface Difference {
  readonly name: string;
  readonly shape: readonly number[];
  /** Largest absolute difference of two elements; NaN where one of them is not a number. */
  readonly maxError: number;
}

/** Shapes of the values that can be compared, by name, without "expected.". */
export type Comparable = ReadonlyMap<string, readonly number[]>;

/** Expected values by name, without "expected.". */
export type Expected = ReadonlyMap<string, Pick<NamedArray, "shape" | "data">>;

/**
 * The expected values in a file, in the file's order.
 *
 * @throws if there are none, or one that there is no value for, or of another shape than it.
 */
export function readExpected(file: SafetensorsFile, comparable: Comparable): Expected {
  const expected = new Map<string, Pick<NamedArray, "shape" | "data">>();
  for (const [name, stored] of file.tensors) {
    if (!name.startsWith("expected.")) continue;
    const value = name.slice("expected.".length);
    const wanted = comparable.get(value);
    if (!wanted) throw new Error(`The model has no value to compare with the tensor ${quoted(name)}.`);
    const scalar = `${wanted}` === "1" && stored.shape.length === 0;
    if (`${stored.shape}` !== `${wanted}` && !scalar) {
      throw new Error(`The tensor ${quoted(name)} has shape [${stored.shape}]; the model's value has [${wanted}].`);
    }
    expected.set(value, { shape: stored.shape, data: toFloat32(name, stored) });
  }
  if (expected.size === 0) throw new Error('The file has no tensor "expected.NAME" to compare with.');
  return expected;
}

/**
 * Refuse a file whose few bytes ask for large values: everything at a site must fit into what the file holds, and does
 * where the file expects the largest of them.
 *
 * @param rows steps times sequences
 * @param sites names and shapes of what is computed for each of them
 */
export function checkExtent(
  file: SafetensorsFile,
  rows: number,
  sites: readonly { readonly name: string; readonly shape: readonly number[] }[],
): void {
  const held = [...file.tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const large = sites.find(({ shape }) => rows * sizeOf(shape) > held);
  if (!large) return;
  throw new Error(
    `The values at the site "${large.name}" take ${rows * sizeOf(large.shape)} numbers, more than the ${held} in the ` +
      `whole file; a reference file holds them as "expected.${large.name}".`,
  );
}

/** Our values beside the expected ones: a row for every expected tensor. */
export function compare(expected: Expected, ours: ReadonlyMap<string, ArrayLike<number>>): readonly Difference[] {
  return [...expected].map(([name, { shape, data }]) => {
    const found = ours.get(name) ?? [];
    const maxError = data.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] as number))), 0);
    return { name: `expected.${name}`, shape, maxError };
  });
}

/** A tensor of the file as numbers. @throws if it is missing, or its axes are more or fewer. */
export function readArray(file: SafetensorsFile, name: string, axes: readonly string[]): NamedArray {
  const stored = file.tensors.get(name);
  if (!stored) throw new Error(`The file has no tensor ${quoted(name)}, which a reference file needs.`);
  return namedArray(name, axes, stored.shape, toFloat32(name, stored));
}
