// A tile of a matrix product: a few rows of a few vectors, which stay in registers while the inner axis passes by.
import { mostAtOnce } from "./sums.js";
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

/** A few rows of a few vectors of the result; the sum of each vector has a local. */
interface Tile extends ProductEmitter {
  readonly rows: number;
  readonly columns: number;
}

/** Compute and store a tile, from where the emitter's addresses are. */
export function tile(emitter: ProductEmitter, rows: number, columns: number): void {
  const { to, pattern, addresses, leftAt, rightAt, block } = emitter;
  const part: Tile = { ...emitter, rows, columns };
  get(to, addresses[1] as number);
  set(to, leftAt);
  get(to, addresses[2] as number);
  set(to, rightAt);
  // A long inner axis goes block by block. The first has what is left over; each other adds to what is stored by then.
  const first = Math.min(pattern.inner, pattern.inner % mostAtOnce || mostAtOnce);
  const others = (pattern.inner - first) / mostAtOnce;
  eachSum(part, (sum, row, index) => {
    addendOrZero(part, row, index);
    set(to, sum);
  });
  addProducts(part, first);
  storeSums(part);
  if (others === 0) return;
  loop(to, block, 0, others, 1, () => {
    eachSum(part, (sum) => {
      splat(to, 0);
      set(to, sum);
    });
    addProducts(part, mostAtOnce);
    eachSum(part, (sum, row, index) => {
      get(to, addresses[0] as number);
      vector(to, "v128.load", outOffset(part, row, index));
      get(to, sum);
      vector(to, "f32x4.add");
      set(to, sum);
    });
    storeSums(part);
  });
}

const vectorsIn = ({ columns }: Tile): number => Math.ceil(columns / 4);

function eachSum(part: Tile, body: (sum: number, row: number, index: number) => void): void {
  const count = vectorsIn(part);
  for (let row = 0; row < part.rows; row++)
    for (let index = 0; index < count; index++) body(part.sums[row * count + index] as number, row, index);
}

/** Bytes from the beginning of the tile in the result. */
function outOffset({ pattern }: Tile, row: number, index: number): number {
  return 4 * row * (pattern.strides[0]?.at(-2) as number) + 16 * index;
}

/** Push what a sum begins with. */
function addendOrZero({ to, pattern, addresses }: Tile, row: number, index: number): void {
  const addend = pattern.strides[3];
  if (!addend) {
    splat(to, 0);
    return;
  }
  const same = addend.at(-1) === 0;
  get(to, addresses[3] as number);
  const offset = 4 * row * (addend.at(-2) as number) + (same ? 0 : 16 * index);
  vector(to, same ? "v128.load32_splat" : "v128.load", offset);
}

/** Add products along the inner axis to the sums, from where `leftAt` and `rightAt` are; both go on. */
function addProducts(part: Tile, length: number): void {
  const { to, pattern, rightAt, counter } = part;
  const rightDown = pattern.strides[2]?.at(-2) as number;
  const body = () => addOneProduct(part);
  if (rightDown === 0) {
    loop(to, counter, 0, length, 1, body);
    return;
  }
  // Where the right matrix ends, no other counter is needed.
  get(to, rightAt);
  i32(to, 4 * rightDown * length);
  add(to);
  set(to, counter);
  loopUntil(to, rightAt, counter, body);
}

function addOneProduct(part: Tile): void {
  const { to, pattern, leftAt, rightAt, element, vectors, sums } = part;
  const [leftDown, leftOn] = (pattern.strides[1] as number[]).slice(-2) as [number, number];
  const count = vectorsIn(part);
  for (let index = 0; index < count; index++) {
    get(to, rightAt);
    vector(to, "v128.load", 16 * index);
    set(to, vectors[index] as number);
  }
  for (let row = 0; row < part.rows; row++) {
    get(to, leftAt);
    vector(to, "v128.load32_splat", 4 * row * leftDown);
    set(to, element);
    for (let index = 0; index < count; index++) {
      const sum = sums[row * count + index] as number;
      get(to, sum);
      get(to, element);
      get(to, vectors[index] as number);
      vector(to, "f32x4.mul");
      vector(to, "f32x4.add");
      set(to, sum);
    }
  }
  for (const [at, step] of [
    [leftAt, leftOn],
    [rightAt, pattern.strides[2]?.at(-2) as number],
  ] as const) {
    get(to, at);
    i32(to, 4 * step);
    add(to);
    set(to, at);
  }
}

function storeSums(part: Tile): void {
  const { to, addresses, columns } = part;
  eachSum(part, (sum, row, index) => {
    const offset = outOffset(part, row, index);
    const lanes = Math.min(4, columns - 4 * index);
    for (let one = 0; one < (lanes === 4 ? 1 : lanes); one++) {
      get(to, addresses[0] as number);
      get(to, sum);
      if (lanes === 4) vector(to, "v128.store", offset);
      else lane(to, "store", offset + 4 * one, one);
    }
  });
}
