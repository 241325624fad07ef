import type { Instruction, LoopStep } from "./steps.js";

/** A loop without its operands' places: what kernels are told apart by. */
export interface LoopPattern {
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
  readonly body: readonly Instruction[];
  /** Every operand that is written fills storage of its own: a few numbers beyond its end may be written too. */
  readonly roomy: boolean;
}

/** The pattern of a step, with axes joined that need no loops of their own. */
export function loopPattern({ shape, operands, body }: LoopStep, roomy: boolean): LoopPattern {
  const axes: { length: number; strides: readonly number[] }[] = [];
  shape.forEach((length, axis) => {
    const strides = operands.map((operand) => operand.strides[axis] as number);
    const outer = axes.at(-1);
    if (outer?.strides.every((stride, index) => stride === (strides[index] as number) * length)) {
      axes[axes.length - 1] = { length: outer.length * length, strides };
    } else axes.push({ length, strides });
  });
  if (axes.length === 0) axes.push({ length: 1, strides: operands.map(() => 1) });
  return {
    shape: axes.map(({ length }) => length),
    strides: operands.map((_, index) => axes.map(({ strides }) => strides[index] as number)),
    body,
    roomy,
  };
}
