// A step in parts that several threads compute side by side: each a step of its own, together the same numbers to the bit.
import { type LoopStep, type Operand, type ProductStep, type Step, writtenBy } from "./steps.js";

/** All ways to divide a step into as many parts, along its outer axes first. */
export function divisions(step: Step, count: number): (readonly Step[])[] {
  return step.kind === "loop" ? loopDivisions(step, count) : productDivisions(step, count);
}

function loopDivisions(step: LoopStep, count: number): (readonly Step[])[] {
  const innermost = step.shape.length - 1;
  return step.shape.flatMap((length, axis) => {
    const ranges = rangesOf(length, count, axis === innermost ? vectorsApart : 1);
    const divides = writtenBy(step).every((index) => maybeDivided(step, index, axis, ranges));
    return ranges.length > 1 && divides ? [ranges.map((range) => loopPart(step, axis, range))] : [];
  });
}

function productDivisions(step: ProductStep, count: number): (readonly Step[])[] {
  const { batch, rows, columns } = step;
  const along = (length: number, unit: number, axis: number, operands: readonly number[], change: Change) => {
    const ranges = rangesOf(length, count, unit);
    return ranges.length > 1 ? [ranges.map((range) => productPart(step, axis, operands, range, change))] : [];
  };
  const all = [0, 1, 2, 3];
  return [
    ...batch.flatMap((length, axis) =>
      along(length, 1, axis, all, (size) => ({ batch: batch.map((one, at) => (at === axis ? size : one)) })),
    ),
    ...along(rows, rows >= 8 * count ? 4 : 1, batch.length, [0, 1, 3], (size) => ({ rows: size })),
    ...along(columns, vectorsApart, batch.length + 1, [0, 2, 3], (size) => ({ columns: size })),
  ];
}

const vectorsApart = 16; // a cache line: threads that write to one take turns

type Range = readonly [from: number, to: number];
type Change = (size: number) => Partial<Pick<ProductStep, "batch" | "rows" | "columns">>;

/** Equal ranges, but for the last, whose lengths are multiples of the unit. */
function rangesOf(length: number, count: number, unit: number): Range[] {
  const size = Math.ceil(length / count / unit) * unit;
  return Array.from({ length: Math.ceil(length / size) }, (_, part) => [
    part * size,
    Math.min(length, (part + 1) * size),
  ]);
}

/** An axis that has length one now stays: without it, a sum over another axis might be taken in another order. */
function loopPart(step: LoopStep, axis: number, [from, to]: Range): LoopStep {
  return {
    ...step,
    shape: step.shape.map((length, at) => (at === axis ? to - from : length)),
    operands: step.operands.map((operand) => moved(operand, axis, from)),
  };
}

function productPart(
  step: ProductStep,
  axis: number,
  operands: readonly number[],
  [from, to]: Range,
  change: Change,
): ProductStep {
  const divided = step.operands.map((operand, index) =>
    operands.includes(index) ? moved(operand, axis, from) : operand,
  );
  return { ...step, ...change(to - from), operands: divided };
}

function moved(operand: Operand, axis: number, by: number): Operand {
  return { ...operand, offset: operand.offset + by * (operand.strides[axis] as number) };
}

/**
 * Whether parts along an axis write different numbers of an operand. What is gathered in memory is emptied first, in whole
 * vectors from where the part begins: its parts must each be one stretch of whole vectors.
 */
function maybeDivided(step: LoopStep, operand: number, axis: number, ranges: readonly Range[]): boolean {
  const { strides } = step.operands[operand] as Operand;
  const stride = strides[axis] as number;
  if (stride === 0) return false;
  const stored = step.body.some((one) => one.kind === "store" && one.operand === operand);
  if (stored) return true;
  const outermost = strides.every((other, at) => at === axis || other < stride);
  const [from, to] = ranges[0] as Range;
  return outermost && ((to - from) * stride) % 4 === 0;
}
