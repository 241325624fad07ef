// Matrix products as a WebAssembly function, tile by tile. The function takes the address of a list of its operands' addresses.
import { type ProductEmitter, type ProductPattern, tile } from "./product-tile.js";
import type { ProductStep } from "./steps.js";
import { add, get, i32, loadI32, local, loop, set, type Writer, writer } from "./wasm.js";

export function productPattern({ batch, rows, inner, columns, operands }: ProductStep): ProductPattern {
  return { batch, rows, inner, columns, strides: operands.map(({ strides }) => strides) };
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
  const emitter: ProductEmitter = {
    to,
    pattern,
    addresses,
    leftAt: address(),
    rightAt: address(),
    counter: counter(),
    block: counter(),
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
  { to, addresses, pattern }: ProductEmitter,
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
function matrix(emitter: ProductEmitter, counter: () => number): void {
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
function rowBlock(emitter: ProductEmitter, rows: number, counter: number): void {
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
