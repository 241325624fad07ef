import { axisIndex, type NamedArray, type Position, stridesOf } from "../tensors/named-array.js";

/**
 * Where the numbers stand that are left when positions along some axes are fixed: row-major, in the array's order.
 *
 * @throws if an axis is unknown or a position is not a whole number within it.
 */
export function placesOf(
  { name, axes, shape }: Pick<NamedArray, "name" | "axes" | "shape">,
  index: Position,
): Uint32Array {
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
