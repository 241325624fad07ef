// What is replayed: a list of steps, each a loop over elements or a matrix product.
import { sizeOf } from "../tensors/named-array.js";
import type { StoredNode } from "./graph.js";
import type { MapOperation } from "./operations.js";
import { wholeLayout } from "./views.js";

/** Numbers that a step reads or writes: where they are stored, and how far apart along each axis of the step. */
export interface Operand {
  readonly of: StoredNode;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** One instruction of a loop's body; `arguments` are indices of earlier instructions, `operand` of operands. */
export type Instruction =
  | { readonly kind: "load"; readonly operand: number }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "compute"; readonly operation: MapOperation; readonly arguments: readonly number[] }
  | { readonly kind: "store" | "sum" | "max"; readonly argument: number; readonly operand: number };

/** A loop over all positions of `shape`. Operands that it reduces into have strides of 0. */
export interface LoopStep {
  readonly kind: "loop";
  readonly shape: readonly number[];
  readonly operands: readonly Operand[];
  readonly body: readonly Instruction[];
}

/** out = left·right (+ addend), for every position of the batch axes. */
export interface ProductStep {
  readonly kind: "product";
  readonly batch: readonly number[];
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** out, left, right and perhaps the addend; strides over the batch axes, then two. */
  readonly operands: readonly Operand[];
}

export type Step = LoopStep | ProductStep;

/** Indices of the operands that a step writes. */
export function writtenBy(step: Step): readonly number[] {
  if (step.kind === "product") return [0];
  return step.body.flatMap((one) =>
    one.kind === "store" || one.kind === "sum" || one.kind === "max" ? [one.operand] : [],
  );
}

/** Whether a loop writes all of an operand's storage, position by position. */
export function fills(step: LoopStep, operand: number): boolean {
  const { of, strides, offset } = step.operands[operand] as Operand;
  return (
    offset === 0 &&
    sizeOf(step.shape) === sizeOf(of.shape) &&
    `${strides}` === `${wholeLayout(step.shape).strides}` &&
    step.body.some((one) => one.kind === "store" && one.operand === operand)
  );
}
