// Which numbers in memory a step reads or writes, told exactly enough to see whether two threads meet there.
import { sizeOf } from "../tensors/named-array.js";
import { fills, type Operand, type Step } from "./steps.js";

/** Numbers from `from` to before `to`; if `stride` is not 0, only the first `width` of every `stride` numbers. */
export interface Region {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly width: number;
}

/**
 * What an operand touches, with its largest stride told apart from the others.
 *
 * @param start where its node's storage begins, in float32
 * @param lengths of the axes that the operand's strides are for
 * @param beyond how many numbers after the last are touched too
 */
export function regionOf(
  { offset, strides }: Operand,
  start: number,
  lengths: readonly number[],
  beyond: number = 0,
): Region {
  let from = start + offset;
  let extent = 1 + beyond;
  let [outer, outerLength] = [0, 1];
  strides.forEach((stride, axis) => {
    const length = lengths[axis] as number;
    const size = Math.abs(stride);
    extent += size * (length - 1);
    if (stride < 0) from += stride * (length - 1);
    if (length > 1 && size > outer) [outer, outerLength] = [size, length];
  });
  const width = extent - outer * (outerLength - 1);
  return { from, to: from + extent, ...(width < outer ? { stride: outer, width } : { stride: 0, width: extent }) };
}

/** Whether two regions may have a number in common; they have none where this is false. */
export function overlap(one: Region, other: Region): boolean {
  if (one.to <= other.from || other.to <= one.from) return false;
  const stride = one.stride || other.stride;
  const fits = ({ stride: own, width }: Region) => own === stride || (own === 0 && width <= stride);
  if (stride === 0 || !fits(one) || !fits(other)) return true;
  // Seen round the stride, each is one stretch: where does the second begin after the first?
  const after = (((other.from - one.from) % stride) + stride) % stride;
  return after < one.width || after + other.width > stride;
}

/**
 * How many numbers after the last of an operand a step may write too: whole vectors are stored where a loop fills an
 * operand's storage from end to end, and where it empties what it gathers sums or maxima in.
 */
export function writtenBeyond(step: Step, operand: number): number {
  if (step.kind === "product") return 0;
  const { strides } = step.operands[operand] as Operand;
  const gathers = step.body.some((one) => (one.kind === "sum" || one.kind === "max") && one.operand === operand);
  if (!gathers && !fills(step, operand)) return 0;
  const size = sizeOf(step.shape.filter((_, axis) => strides[axis] !== 0));
  return Math.ceil(size / 4) * 4 - size;
}

/** Lengths of the axes that an operand's strides are for. */
export function axesOf(step: Step, operand: number): readonly number[] {
  if (step.kind === "loop") return step.shape;
  const { batch, rows, inner, columns } = step;
  if (operand === 1) return [...batch, rows, inner];
  return operand === 2 ? [...batch, inner, columns] : [...batch, rows, columns];
}
