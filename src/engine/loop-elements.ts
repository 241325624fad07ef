// What a loop does with one element, or with four at a time.
import type { LoopPattern } from "./loop-pattern.js";
import type { MapOperation } from "./operations.js";
import type { Instruction } from "./steps.js";
import { add, call, get, i32, lane, set, splat, type VectorInstruction, vector, type Writer } from "./wasm.js";
import { type MathFunction, mathIndex, writeMathHere } from "./wasm-math.js";
import { powBelow } from "./wasm-power.js";

/** A loop being written. */
export interface LoopEmitter {
  readonly to: Writer;
  readonly pattern: LoopPattern;
  readonly inner: number;
  /** Locals: operands' addresses, values of instructions, sums over the innermost axis of vectors and of single elements. */
  readonly addresses: readonly number[];
  readonly values: readonly number[];
  readonly sums: ReadonlyMap<Instruction, { readonly many: number; readonly one: number }>;
  /** Bytes from the start of the row. */
  readonly at: number;
}

type ValueInstruction = Extract<Instruction, { kind: "load" | "constant" | "compute" }>;

const vectorInstructions: Partial<Record<MapOperation, VectorInstruction>> = {
  absolute: "f32x4.abs",
  add: "f32x4.add",
  divide: "f32x4.div",
  floor: "f32x4.floor",
  maximum: "f32x4.max",
  minimum: "f32x4.min",
  multiply: "f32x4.mul",
  negate: "f32x4.neg",
  squareRoot: "f32x4.sqrt",
  subtract: "f32x4.sub",
  truncate: "f32x4.trunc",
};
const comparisons: Partial<Record<MapOperation, VectorInstruction>> = {
  equal: "f32x4.eq",
  greater: "f32x4.gt",
  greaterEqual: "f32x4.ge",
  less: "f32x4.lt",
  lessEqual: "f32x4.le",
  notEqual: "f32x4.ne",
};
const functions: Partial<Record<MapOperation, MathFunction>> = {
  exp: "exp",
  log: "log",
  power: "pow",
  sigmoid: "sigmoid",
  softplus: "softplus",
  tanh: "tanh",
};

/** Compute an instruction's value for one or four elements. */
export function writeValue(emitter: LoopEmitter, one: ValueInstruction, index: number, lanes: 1 | 4): void {
  const { to, values } = emitter;
  if (one.kind === "constant") splat(to, one.value);
  else if (one.kind === "load") load(emitter, one.operand, lanes);
  else {
    const from = one.arguments.map((argument) => values[argument] as number);
    compute(to, one.operation, from, lanes === 4);
  }
  set(to, values[index] as number);
}

/** @param often whether it is worth the space to write a function here rather than to call it */
function compute(to: Writer, operation: MapOperation, from: readonly number[], often: boolean): void {
  const [x, y, z] = from as [number, number, number];
  const direct = vectorInstructions[operation];
  const comparison = comparisons[operation];
  const named = functions[operation];
  if (operation === "select" || operation === "not") {
    if (operation === "select") {
      get(to, y);
      get(to, z);
    } else splat(to, 1);
    get(to, x);
    splat(to, 0);
    vector(to, operation === "select" ? "f32x4.ne" : "f32x4.eq");
    vector(to, operation === "select" ? "v128.bitselect" : "v128.and");
    return;
  }
  if (operation === "powerBelow") {
    powBelow(to, x, z, () => {
      get(to, x);
      get(to, y);
      call(to, mathIndex("pow"));
    });
    return;
  }
  if (named && often) {
    writeMathHere(to, named, x, y);
    return;
  }
  for (const value of from) get(to, value);
  if (direct) vector(to, direct);
  else if (named) call(to, mathIndex(named));
  else if (comparison) {
    vector(to, comparison);
    splat(to, 1);
    vector(to, "v128.and");
  }
}

/** Push the address of an operand's element. */
function address({ to, addresses, at, pattern, inner }: LoopEmitter, operand: number): void {
  const stride = (pattern.strides[operand] as readonly number[])[inner] as number;
  get(to, addresses[operand] as number);
  if (stride === 0) return;
  get(to, at);
  if (stride !== 1) {
    i32(to, stride);
    to.bytes.push(0x6c); // i32.mul
  }
  add(to);
}

function load(emitter: LoopEmitter, operand: number, lanes: 1 | 4): void {
  const { to, pattern, inner } = emitter;
  const stride = (pattern.strides[operand] as readonly number[])[inner] as number;
  if (stride > 1 && lanes === 4) {
    for (let index = 0; index < 4; index++) address(emitter, operand);
    vector(to, "v128.load32_zero", 0);
    for (const index of [1, 2, 3]) lane(to, "load", 4 * stride * index, index);
    return;
  }
  address(emitter, operand);
  vector(to, stride === 0 ? "v128.load32_splat" : lanes === 4 ? "v128.load" : "v128.load32_zero", 0);
}

/** Store a value at its place, or add it to what is there. */
export function store(
  emitter: LoopEmitter,
  kind: "store" | "sum" | "max",
  operand: number,
  value: number,
  lanes: 1 | 4,
): void {
  const { to, pattern, inner } = emitter;
  const stride = (pattern.strides[operand] as readonly number[])[inner] as number;
  const push = () => {
    get(to, value);
    if (kind === "store") return;
    load(emitter, operand, lanes);
    vector(to, kind === "sum" ? "f32x4.add" : "f32x4.max");
  };
  if (lanes === 4 && stride === 1) {
    address(emitter, operand);
    push();
    vector(to, "v128.store", 0);
    return;
  }
  for (let index = 0; index < lanes; index++) {
    address(emitter, operand);
    push();
    lane(to, "store", 4 * stride * index, index);
  }
}
