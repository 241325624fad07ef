// Matrix products as a WebAssembly function. A tile of the result, a few rows of a few vectors, stays in registers while
// the inner axis passes by. The function takes the address of a list of its operands' addresses.
import type { ProductStep } from "./steps.js";
import {
  add,
  get,
  i32,
  lane,
  loadI32,
  local,
  loop,
  loopUntil,
  set,
  splat,
  vector,
  type Writer,
  writer,
} from "./wasm.js";

/** A product without its operands' places: what kernels are told apart by. */
export interface ProductPattern {
  readonly batch: readonly number[];
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Of out, left, right and perhaps the addend, over the batch axes and two more. */
  readonly strides: readonly (readonly number[])[];
}

export function productPattern({ batch, rows, inner, columns, operands }: ProductStep): ProductPattern {
  return { batch, rows, inner, columns, strides: operands.map(({ strides }) => strides) };
}

interface Emitter {
  readonly to: Writer;
  readonly pattern: ProductPattern;
  /** Locals with the addresses of out, left, right and the addend, where the tile under way begins. */
  readonly addresses: readonly number[];
  readonly leftAt: number;
  readonly rightAt: number;
  readonly counter: number;
  readonly element: number;
  readonly sums: readonly number[];
  readonly vectors: readonly number[];
}

// Vectors in a tile, by its rows. Sums, what they are made of and a product on its way must fit sixteen registers: a tile
// of twelve sums, or a loop unrolled, whose loads are then moved ahead, is half as fast.
const vectorsOf = [0, 8, 4, 2, 2];
const mostRows = 4;

export function productKernel(pattern: ProductPattern): Writer {
  const to = writer(["i32"]);
  const [address, counter] = [() => local(to, "i32"), () => local(to, "i32")];
  const addresses = pattern.strides.map(address);
  const vectors = (count: number) => Array.from({ length: count }, () => local(to, "v128"));
  const emitter: Emitter = {
    to,
    pattern,
    addresses,
    leftAt: address(),
    rightAt: address(),
    counter: counter(),
    element: local(to, "v128"),
    sums: vectors(8),
    vectors: vectors(8),
  };
  addresses.forEach((one, index) => {
    get(to, 0);
    loadI32(to, 4 * index);
    set(to, one);
  });
  const nest = (axis: number): void => {
    if (axis === pattern.batch.length) {
      matrix(emitter, counter);
      return;
    }
    const length = pattern.batch[axis] as number;
    loop(to, counter(), 0, length, 1, () => {
      nest(axis + 1);
      advance(emitter, (strides) => strides[axis] as number);
    });
    advance(emitter, (strides) => -(strides[axis] as number) * length);
  };
  nest(0);
  return to;
}

/** Move operands on by a number of elements each. */
function advance(
  { to, addresses, pattern }: Emitter,
  by: (strides: readonly number[], operand: number) => number,
): void {
  pattern.strides.forEach((strides, operand) => {
    const elements = by(strides, operand);
    if (elements === 0) return;
    const address = addresses[operand] as number;
    get(to, address);
    i32(to, 4 * elements);
    add(to);
    set(to, address);
  });
}

/** Blocks of rows; out, left and addend go on with them. */
function matrix(emitter: Emitter, counter: () => number): void {
  const { rows } = emitter.pattern;
  const blocks = Math.floor(rows / mostRows);
  const down = (count: number) =>
    advance(emitter, (strides, operand) => (operand === 2 ? 0 : count * (strides.at(-2) as number)));
  if (blocks > 0) {
    loop(emitter.to, counter(), 0, blocks, 1, () => {
      rowBlock(emitter, mostRows, counter());
      down(mostRows);
    });
  }
  if (rows % mostRows > 0) rowBlock(emitter, rows % mostRows, counter());
  down(-blocks * mostRows);
}

/** Blocks of columns; out, right and addend go on with them. */
function rowBlock(emitter: Emitter, rows: number, counter: number): void {
  const { columns } = emitter.pattern;
  const width = 4 * (vectorsOf[rows] as number);
  const blocks = Math.floor(columns / width);
  const along = (count: number) =>
    advance(emitter, (strides, operand) => (operand === 1 ? 0 : count * (strides.at(-1) as number)));
  if (blocks > 0) {
    loop(emitter.to, counter, 0, blocks, 1, () => {
      tile(emitter, rows, width);
      along(width);
    });
  }
  if (columns % width > 0) tile(emitter, rows, columns % width);
  along(-blocks * width);
}

function tile(emitter: Emitter, rows: number, columns: number): void {
  const { to, pattern, addresses, sums, leftAt, rightAt } = emitter;
  const count = Math.ceil(columns / 4);
  const [out, left, right, addend] = pattern.strides as [number[], number[], number[], number[] | undefined];
  const sumOf = (row: number, index: number) => sums[row * count + index] as number;
  const each = (body: (row: number, index: number) => void) => {
    for (let row = 0; row < rows; row++) for (let index = 0; index < count; index++) body(row, index);
  };
  each((row, index) => {
    if (!addend) splat(to, 0);
    else {
      const same = addend.at(-1) === 0;
      get(to, addresses[3] as number);
      vector(
        to,
        same ? "v128.load32_splat" : "v128.load",
        4 * row * (addend.at(-2) as number) + (same ? 0 : 16 * index),
      );
    }
    set(to, sumOf(row, index));
  });
  get(to, addresses[1] as number);
  set(to, leftAt);
  get(to, addresses[2] as number);
  set(to, rightAt);
  const [leftDown, leftOn] = left.slice(-2) as [number, number];
  const rightDown = right.at(-2) as number;
  const onward = () => {
    for (let index = 0; index < count; index++) {
      get(to, rightAt);
      vector(to, "v128.load", 16 * index);
      set(to, emitter.vectors[index] as number);
    }
    for (let row = 0; row < rows; row++) {
      get(to, leftAt);
      vector(to, "v128.load32_splat", 4 * row * leftDown);
      set(to, emitter.element);
      for (let index = 0; index < count; index++) {
        get(to, sumOf(row, index));
        get(to, emitter.element);
        get(to, emitter.vectors[index] as number);
        vector(to, "f32x4.mul");
        vector(to, "f32x4.add");
        set(to, sumOf(row, index));
      }
    }
    for (const [at, step] of [
      [leftAt, leftOn],
      [rightAt, rightDown],
    ] as const) {
      get(to, at);
      i32(to, 4 * step);
      add(to);
      set(to, at);
    }
  };
  if (rightDown === 0) loop(to, emitter.counter, 0, pattern.inner, 1, onward);
  else {
    // Where the right matrix ends, no other counter is needed.
    get(to, rightAt);
    i32(to, 4 * rightDown * pattern.inner);
    add(to);
    set(to, emitter.counter);
    loopUntil(to, rightAt, emitter.counter, onward);
  }
  each((row, index) => {
    const offset = 4 * row * (out.at(-2) as number) + 16 * index;
    const lanes = Math.min(4, columns - 4 * index);
    for (let one = 0; one < (lanes === 4 ? 1 : lanes); one++) {
      get(to, addresses[0] as number);
      get(to, sumOf(row, index));
      if (lanes === 4) vector(to, "v128.store", offset);
      else lane(to, "store", offset + 4 * one, one);
    }
  });
}
