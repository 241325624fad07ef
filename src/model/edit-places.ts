import { axisIndex, type NamedArray, type Position, stridesOf } from "../tensors/named-array.js";
import { didYouMean } from "../tensors/nearest.js";
import { quoted } from "../tensors/quoted.js";
import type { Model, Site } from "./model.js";

/** A value that edits change: a site's with its batch first, or a parameter. */
export type Place = Pick<NamedArray, "name" | "axes" | "shape">;

/** The value of a site in a run of so many sequences. */
export function sitePlace({ name, axes, shape }: Site, batch: number): Place {
  return { name, axes: ["batch", ...axes], shape: [batch, ...shape] };
}

/** A parameter's value. @throws listing the parameters, if there is no such one */
export function parameterPlace(model: Model, parameter: string): Place {
  const shape = Object.hasOwn(model.shapes, parameter) ? model.shapes[parameter] : undefined;
  if (shape) return { name: parameter, axes: shape.map((_, index) => `axis ${index}`), shape };
  const names = Object.keys(model.shapes);
  const given = `${quoted(String(parameter))}${didYouMean(String(parameter), names)}`;
  throw new Error(`${model.name} has no parameter ${given}; its parameters are ${names.join(", ")}.`);
}

/**
 * Where the numbers stand that are left when positions along some axes are fixed: row-major, in the array's order.
 *
 * @throws if an axis is unknown or a position is not a whole number within it.
 */
export function placesOf({ name, axes, shape }: Place, index: Position): Uint32Array {
  const strides = stridesOf(shape);
  let first = 0;
  for (const [axis, position] of Object.entries(index)) {
    const at = axisIndex({ name, axes }, axis);
    const length = shape[at] as number;
    if (!Number.isInteger(position) || position < 0 || position >= length) {
      throw new Error(`"${name}": ${axis} ${position} is outside 0 to ${length - 1}.`);
    }
    first += position * (strides[at] as number);
  }
  let places = Uint32Array.of(first);
  axes.forEach((axis, i) => {
    if (Object.hasOwn(index, axis)) return;
    const [length, stride, starts] = [shape[i] as number, strides[i] as number, places];
    places = new Uint32Array(starts.length * length);
    for (let at = 0; at < places.length; at++) {
      places[at] = (starts[Math.floor(at / length)] as number) + (at % length) * stride;
    }
  });
  return places;
}
