import type { Values } from "../model/edit-region.js";
import { type Edit, edit, editParameter, type Operation } from "../model/edits.js";
import { type NamedArray, namedArray, type Position, sizeOf } from "../tensors/named-array.js";
import { random } from "../tensors/random.js";

/** What an experiment edits: a site at a step, or a parameter; `index` fixes positions along its axes. */
export type Target =
  | { readonly site: string; readonly step: number; readonly index: Position }
  | { readonly parameter: string; readonly index: Position };

/** An edit of a target. */
export function editOf(target: Target, operation: Operation, value: Values): Edit {
  return "parameter" in target
    ? editParameter(target.parameter, target.index)[operation](value)
    : edit(target.site, { step: target.step, ...target.index })[operation](value);
}

/** Numbers of a normal distribution around 0, drawn from the seed: what noise adds to a region. */
export function noise(shape: readonly number[], deviation: number, seed: number): Values {
  const source = random(seed);
  const data = Float32Array.from({ length: sizeOf(shape) }, () => source.normal() * deviation);
  return valuesOf(
    namedArray(
      "noise",
      shape.map((_, axis) => `axis ${axis}`),
      shape,
      data,
    ),
  );
}

/** An array as nested arrays, as edits have them; a scalar is a number. */
export function valuesOf({ shape, data }: Pick<NamedArray, "shape" | "data">): Values {
  const [length, ...inner] = shape;
  if (length === undefined) return shortest(data[0] as number);
  const size = sizeOf(inner);
  return Array.from({ length }, (_, index) =>
    valuesOf({ shape: inner, data: data.subarray(index * size, (index + 1) * size) }),
  );
}

/** The 32-bit number itself, in as few decimals as say it: 0.1, not 0.10000000149011612; −0 becomes 0, as in JSON. */
export function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return Number(value.toPrecision(9)); // nine digits say every 32-bit number
}
