// A writer of WebAssembly binaries: just what the engine's kernels need (core specification 2.0, chapter 5).

/** Types of locals: addresses and counters, single numbers, and vectors of four float32. */
export type ValueType = "i32" | "f32" | "v128";

const typeBytes: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** Instructions of vectors, by the names that the specification gives them; all but a few take no immediate. */
const simd = {
  "v128.load": 0x00,
  "v128.load32_splat": 0x09,
  "v128.store": 0x0b,
  "v128.and": 0x4e,
  "v128.andnot": 0x4f,
  "v128.or": 0x50,
  "v128.xor": 0x51,
  "v128.bitselect": 0x52,
  "v128.load32_zero": 0x5c,
  "f32x4.splat": 0x13,
  "f32x4.eq": 0x41,
  "f32x4.ne": 0x42,
  "f32x4.lt": 0x43,
  "f32x4.gt": 0x44,
  "f32x4.le": 0x45,
  "f32x4.ge": 0x46,
  "f32x4.floor": 0x68,
  "f32x4.trunc": 0x69,
  "f32x4.abs": 0xe0,
  "f32x4.neg": 0xe1,
  "f32x4.sqrt": 0xe3,
  "f32x4.add": 0xe4,
  "f32x4.sub": 0xe5,
  "f32x4.mul": 0xe6,
  "f32x4.div": 0xe7,
  "f32x4.min": 0xe8,
  "f32x4.max": 0xe9,
  "f32x4.pmin": 0xea,
  "f32x4.pmax": 0xeb,
  "f32x4.convert_i32x4_s": 0xfa,
  "i32x4.shl": 0xab,
  "i32x4.shr_s": 0xac,
  "i32x4.shr_u": 0xad,
  "i32x4.add": 0xae,
  "i32x4.sub": 0xb1,
} as const;

export type VectorInstruction = keyof typeof simd;

/** One function being written. Instructions are appended in the order of WebAssembly's stack machine. */
export interface Writer {
  readonly bytes: number[];
  readonly locals: ValueType[];
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
}

export function writer(parameters: readonly ValueType[], result?: ValueType): Writer {
  return { bytes: [], locals: [], parameters, result };
}

/** A new local; its index. */
export function local(to: Writer, type: ValueType): number {
  return to.parameters.length + to.locals.push(type) - 1;
}

export const get = (to: Writer, index: number): number => to.bytes.push(0x20, ...unsigned(index));
export const set = (to: Writer, index: number): number => to.bytes.push(0x21, ...unsigned(index));
export const i32 = (to: Writer, value: number): number => to.bytes.push(0x41, ...signed(value));
export const add = (to: Writer): number => to.bytes.push(0x6a);
export const call = (to: Writer, index: number): number => to.bytes.push(0x10, ...unsigned(index));
export const loadI32 = (to: Writer, offset: number): number => to.bytes.push(0x28, 2, ...unsigned(offset));

/** A vector instruction; `offset` in bytes for those that load and store. */
export function vector(to: Writer, name: VectorInstruction, offset?: number): void {
  to.bytes.push(0xfd, ...unsigned(simd[name]));
  if (offset !== undefined) to.bytes.push(0, ...unsigned(offset)); // alignment 1: rows may start anywhere
}

/** Load or store one lane of a vector: [address, vector] are on the stack. */
export function lane(to: Writer, kind: "load" | "store", offset: number, index: number): void {
  to.bytes.push(0xfd, ...unsigned(kind === "load" ? 0x56 : 0x5a), 0, ...unsigned(offset), index);
}

/** Push four float32 of one value. */
export function splat(to: Writer, value: number): void {
  to.bytes.push(0xfd, 0x0c, ...new Uint8Array(Float32Array.of(value, value, value, value).buffer));
}

/** Push four int32 of one bit pattern. */
export function bits(to: Writer, value: number): void {
  to.bytes.push(0xfd, 0x0c, ...new Uint8Array(Uint32Array.of(value, value, value, value).buffer));
}

/** Do what `body` writes only where a lane of the vector on the stack has a bit set. */
export function whereAny(to: Writer, body: () => void): void {
  to.bytes.push(0xfd, 0x53, 0x04, 0x40); // v128.any_true, if
  body();
  to.bytes.push(0x0b);
}

/** Rearrange the float32 of two vectors: 0 to 3 are lanes of the first, 4 to 7 of the second. */
export function shuffle(to: Writer, lanes: readonly [number, number, number, number]): void {
  to.bytes.push(0xfd, 0x0d, ...lanes.flatMap((one) => [0, 1, 2, 3].map((byte) => 4 * one + byte)));
}

/** The first lane of a vector as a float32. */
export const firstLane = (to: Writer): number => to.bytes.push(0xfd, 0x1f, 0);

/** Arithmetic of single float32. */
export const scalar = (to: Writer, name: "add" | "max"): number => to.bytes.push(name === "add" ? 0x92 : 0x97);
export const storeF32 = (to: Writer, offset = 0): number => to.bytes.push(0x38, 2, ...unsigned(offset));
export const loadF32 = (to: Writer, offset = 0): number => to.bytes.push(0x2a, 2, ...unsigned(offset));

export function f32(to: Writer, value: number): void {
  to.bytes.push(0x43, ...new Uint8Array(Float32Array.of(value).buffer));
}

/** A vector instruction, or a function that writes some. */
export type Piece = VectorInstruction | (() => unknown);

/** Write instructions one after the other. */
export function write(to: Writer, ...steps: readonly Piece[]): void {
  for (const step of steps) {
    if (typeof step === "string") vector(to, step);
    else step();
  }
}

/** Repeat `body` while `counter` goes from `from` to `to` (not included, at least one round) in steps of `by`. */
export function loop(on: Writer, counter: number, from: number, to: number, by: number, body: () => void): void {
  i32(on, from);
  set(on, counter);
  on.bytes.push(0x03, 0x40);
  body();
  get(on, counter);
  i32(on, by);
  add(on);
  on.bytes.push(0x22, ...unsigned(counter)); // local.tee
  i32(on, to);
  on.bytes.push(0x48, 0x0d, 0, 0x0b); // i32.lt_s, br_if, end
}

/** Run the body, which moves `at` on, until that is `end`: once at least. */
export function loopUntil(on: Writer, at: number, end: number, body: () => void): void {
  on.bytes.push(0x03, 0x40);
  body();
  get(on, at);
  get(on, end);
  on.bytes.push(0x47, 0x0d, 0, 0x0b); // i32.ne, br_if, end
}

/**
 * The bytes of a module that works on the memory it is given as "engine"."memory" (and, where it calls through it,
 * "engine"."table"), and exports its functions as "0", "1", ... in their order.
 *
 * @param sharedPages the most pages of a memory that threads share; undefined for one that they do not
 */
export function wasmModule(
  functions: readonly Writer[],
  withTable: boolean,
  sharedPages: number | undefined,
): Uint8Array<ArrayBuffer> {
  const list = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()];
  const section = (id: number, content: readonly number[]) => [[id, ...unsigned(content.length)], content];
  const types = functions.map(({ parameters, result }) => [
    0x60,
    ...list(parameters.map((type) => [typeBytes[type]])),
    ...list(result ? [[typeBytes[result]]] : []),
  ]);
  types.push([0x60, 1, typeBytes.i32, 0]); // the last, a kernel's: takes the address of its operands
  const limits = sharedPages === undefined ? [0x00, 1] : [0x03, 1, ...unsigned(sharedPages)];
  const imports = [[...text("engine"), ...text("memory"), 0x02, ...limits]];
  if (withTable) imports.push([...text("engine"), ...text("table"), 0x01, 0x70, 0x00, 0x00]);
  const bodies = functions.map(({ bytes, locals }) => {
    const declared = list(locals.map((type) => [1, typeBytes[type]]));
    return [[...unsigned(declared.length + bytes.length + 1), ...declared], bytes, [0x0b]];
  });
  const code = bodies.flat();
  const codeLength = code.reduce((sum, part) => sum + part.length, 0) + unsigned(functions.length).length;
  const parts = [
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(2, list(imports)),
    ...section(3, list(functions.map((_, index) => unsigned(index)))),
    ...section(7, list(functions.map((_, index) => [...text(`${index}`), 0x00, ...unsigned(index)]))),
    [10, ...unsigned(codeLength), ...unsigned(functions.length)],
    ...code,
  ];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function text(value: string): number[] {
  return [...unsigned(value.length), ...[...value].map((one) => one.charCodeAt(0))];
}

/** LEB128 (section 5.2.2). */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  bytes.push(rest & 0x7f);
  return bytes;
}
