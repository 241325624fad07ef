// A tile of a matrix product: a few rows of a few vectors, which stay in registers while the inner axis passes by.
import { add, get, i32, lane, loop, loopUntil, set, splat, vector, type Writer } from "./wasm.js";

/** A product without its operands' places: what kernels are told apart by. */
export interface ProductPattern {
  readonly batch: readonly number[];
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Of out, left, right and perhaps the addend, over the batch axes and two more. */
  readonly strides: readonly (readonly number[])[];
}

/** A product being written. */
export interface ProductEmitter {
  readonly to: Writer;
  readonly pattern: ProductPattern;
  /** Locals with the addresses of out, left, right and the addend, where the tile under way begins. */
  readonly addresses: readonly number[];
  readonly leftAt: number;
  readonly rightAt: number;
  readonly counter: number;
  readonly block: number;
  readonly element: number;
  readonly sums: readonly number[];
  readonly vectors: readonly number[];
}

/** Products that are added one after the other; more are summed block by block, for what a sum rounds away grows with them. */
const mostAtOnce = 512;

/** Compute and store a tile, from where the emitter's addresses are. */
export function tile(emitter: ProductEmitter, rows: number, columns: number): void {
  const { to, pattern, addresses, sums, leftAt, rightAt } = emitter;
  const count = Math.ceil(columns / 4);
  const [out, left, right, addend] = pattern.strides as [number[], number[], number[], number[] | undefined];
  const sumOf = (row: number, index: number) => sums[row * count + index] as number;
  const each = (body: (row: number, index: number) => void) => {
    for (let row = 0; row < rows; row++) for (let index = 0; index < count; index++) body(row, index);
  };
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
  const { inner } = pattern;
  const first = inner % mostAtOnce || mostAtOnce;
  const sumOver = (length: number, begin: (row: number, index: number) => void, isMore: boolean): void => {
    each((row, index) => {
      begin(row, index);
      set(to, sumOf(row, index));
    });
    if (rightDown === 0) loop(to, emitter.counter, 0, length, 1, onward);
    else {
      // Where the right matrix ends, no other counter is needed.
      get(to, rightAt);
      i32(to, 4 * rightDown * length);
      add(to);
      set(to, emitter.counter);
      loopUntil(to, rightAt, emitter.counter, onward);
    }
    each((row, index) => {
      const offset = 4 * row * (out.at(-2) as number) + 16 * index;
      const lanes = Math.min(4, columns - 4 * index);
      if (isMore) {
        get(to, addresses[0] as number);
        vector(to, "v128.load", offset);
        get(to, sumOf(row, index));
        vector(to, "f32x4.add");
        set(to, sumOf(row, index));
      }
      for (let one = 0; one < (lanes === 4 ? 1 : lanes); one++) {
        get(to, addresses[0] as number);
        get(to, sumOf(row, index));
        if (lanes === 4) vector(to, "v128.store", offset);
        else lane(to, "store", offset + 4 * one, one);
      }
    });
  };
  sumOver(
    Math.min(first, inner),
    (row, index) => {
      if (!addend) {
        splat(to, 0);
        return;
      }
      const same = addend.at(-1) === 0;
      const offset = 4 * row * (addend.at(-2) as number) + (same ? 0 : 16 * index);
      get(to, addresses[3] as number);
      vector(to, same ? "v128.load32_splat" : "v128.load", offset);
    },
    false,
  );
  const blocks = (inner - first) / mostAtOnce;
  if (blocks > 0) loop(to, emitter.block, 0, blocks, 1, () => sumOver(mostAtOnce, () => splat(to, 0), true));
}
