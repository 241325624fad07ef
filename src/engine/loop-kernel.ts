// A loop over elements, written as a WebAssembly function: four elements at a time along the innermost axis, one at a time
// for what is left of it. The function takes the address of a list of its operands' addresses.

import { type LoopEmitter, store, writeValue } from "./loop-elements.js";
import type { LoopPattern } from "./loop-pattern.js";
import type { Instruction } from "./steps.js";
import {
  add,
  f32,
  firstLane,
  get,
  i32,
  loadF32,
  loadI32,
  local,
  loop,
  scalar,
  set,
  shuffle,
  splat,
  storeF32,
  vector,
  type Writer,
  writer,
} from "./wasm.js";

export function loopKernel(pattern: LoopPattern): Writer {
  const to = writer(["i32"]);
  const { shape, strides, body } = pattern;
  const addresses = strides.map(() => local(to, "i32"));
  const counters = shape.map(() => local(to, "i32"));
  const sums = new Map<Instruction, { many: number; one: number }>();
  const innermost = shape.length - 1;
  const strideOf = (operand: number) => (strides[operand] as readonly number[])[innermost] as number;
  for (const one of body) {
    if ((one.kind === "sum" || one.kind === "max") && strideOf(one.operand) === 0) {
      sums.set(one, { many: local(to, "v128"), one: local(to, "f32") });
    }
  }
  const values = body.map(() => local(to, "v128"));
  const at = counters[innermost] as number;
  const emitter: LoopEmitter = { to, pattern, inner: innermost, addresses, values, sums, at };
  addresses.forEach((address, index) => {
    get(to, 0);
    loadI32(to, 4 * index);
    set(to, address);
  });
  emptyResults(emitter);
  const nest = (axis: number): void => {
    if (axis === innermost) {
      row(emitter);
      return;
    }
    loop(to, counters[axis] as number, 0, shape[axis] as number, 1, () => {
      nest(axis + 1);
      strides.forEach((all, operand) => {
        advance(emitter, operand, all[axis] as number);
      });
    });
    strides.forEach((all, operand) => {
      advance(emitter, operand, -(all[axis] as number) * (shape[axis] as number));
    });
  };
  nest(0);
  return to;
}

function advance({ to, addresses }: LoopEmitter, operand: number, elements: number): void {
  if (elements === 0) return;
  get(to, addresses[operand] as number);
  i32(to, 4 * elements);
  add(to);
  set(to, addresses[operand] as number);
}

/** Whether a reduction gathers along the innermost axis alone, so that each result is written once. */
function writtenOnce({ pattern: { strides }, inner }: LoopEmitter, operand: number): boolean {
  return (strides[operand] as readonly number[]).every((stride, axis) => (stride === 0) === (axis === inner));
}

/** What results begin with that are gathered in memory: 0, or for the largest −∞. */
function emptyResults(emitter: LoopEmitter): void {
  const { to, pattern, addresses, at } = emitter;
  for (const one of pattern.body) {
    if ((one.kind !== "sum" && one.kind !== "max") || writtenOnce(emitter, one.operand)) continue;
    const strides = pattern.strides[one.operand] as readonly number[];
    const size = pattern.shape.reduce((product, length, axis) => (strides[axis] === 0 ? product : product * length), 1);
    loop(to, at, 0, 4 * size, 16, () => {
      get(to, addresses[one.operand] as number);
      get(to, at);
      add(to);
      splat(to, one.kind === "sum" ? 0 : Number.NEGATIVE_INFINITY);
      vector(to, "v128.store", 0);
    });
  }
}

/** The innermost axis: first what is the same along it, then its elements, then what was gathered along it. */
function row(emitter: LoopEmitter): void {
  const { to, pattern, inner, sums, at } = emitter;
  const varies = varying(emitter);
  const length = pattern.shape[inner] as number;
  pattern.body.forEach((one, index) => {
    if (!varies[index]) instruction(emitter, one, index, 4);
  });
  for (const [one, sum] of sums) {
    const start = one.kind === "sum" ? 0 : Number.NEGATIVE_INFINITY;
    splat(to, start);
    set(to, sum.many);
    f32(to, start);
    set(to, sum.one);
  }
  const whole = roundedUp(emitter) ? Math.ceil(length / 4) * 4 : length - (length % 4);
  const elements = (lanes: 1 | 4) => () =>
    pattern.body.forEach((one, index) => {
      if (varies[index]) instruction(emitter, one, index, lanes);
    });
  if (whole > 0) loop(to, at, 0, 4 * whole, 16, elements(4));
  if (whole < length) loop(to, at, 4 * whole, 4 * length, 4, elements(1));
  for (const [one, sum] of sums) gather(emitter, one, sum);
}

/** Whether rows may be filled up to a multiple of four: nothing is reduced, and no other row follows. */
function roundedUp({ pattern, inner }: LoopEmitter): boolean {
  const reduces = pattern.body.some(({ kind }) => kind === "sum" || kind === "max");
  const stepwise = pattern.strides.every((all) => (all[inner] as number) <= 1);
  return pattern.roomy && inner === 0 && !reduces && stepwise;
}

/** Which instructions differ from element to element of a row. */
function varying({ pattern, inner }: LoopEmitter): boolean[] {
  const varies: boolean[] = [];
  for (const one of pattern.body) {
    if (one.kind === "constant") varies.push(false);
    else if (one.kind === "load") varies.push((pattern.strides[one.operand] as readonly number[])[inner] !== 0);
    else if (one.kind === "compute") varies.push(one.arguments.some((index) => varies[index]));
    else varies.push(true);
  }
  return varies;
}

function instruction(emitter: LoopEmitter, one: Instruction, index: number, lanes: 1 | 4): void {
  if (one.kind === "load" || one.kind === "constant" || one.kind === "compute") {
    writeValue(emitter, one, index, lanes);
    return;
  }
  const value = emitter.values[one.argument] as number;
  const sum = emitter.sums.get(one);
  if (sum) into(emitter.to, one.kind === "sum" ? "add" : "max", sum, value, lanes);
  else store(emitter, one.kind, one.operand, value, lanes);
}

/** Take a value into what is gathered along the row. */
function into(
  to: Writer,
  operation: "add" | "max",
  sum: { readonly many: number; readonly one: number },
  value: number,
  lanes: 1 | 4,
): void {
  const target = lanes === 4 ? sum.many : sum.one;
  get(to, target);
  get(to, value);
  if (lanes === 4) vector(to, `f32x4.${operation}`);
  else {
    firstLane(to);
    scalar(to, operation);
  }
  set(to, target);
}

/** Write what was gathered along a row. */
function gather(emitter: LoopEmitter, one: Instruction, sum: { readonly many: number; readonly one: number }): void {
  if (one.kind !== "sum" && one.kind !== "max") return;
  const { to, addresses } = emitter;
  const operation = one.kind === "sum" ? "add" : "max";
  for (const lanes of [
    [2, 3, 0, 1],
    [1, 0, 3, 2],
  ] as const) {
    for (let times = 0; times < 3; times++) get(to, sum.many);
    shuffle(to, lanes);
    vector(to, `f32x4.${operation}`);
    set(to, sum.many);
  }
  get(to, addresses[one.operand] as number);
  get(to, sum.many);
  firstLane(to);
  get(to, sum.one);
  scalar(to, operation);
  if (!writtenOnce(emitter, one.operand)) {
    get(to, addresses[one.operand] as number);
    loadF32(to);
    scalar(to, operation);
  }
  storeF32(to);
}
