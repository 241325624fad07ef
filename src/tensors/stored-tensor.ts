import { quoted } from "./quoted.js";

/**
 * Element types of the safetensors format (those of its reference implementation, release 0.8.0, in its order, by which
 * tensors are laid out in a file) and their widths in bits.
 */
export const elementBits = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;
export type Dtype = keyof typeof elementBits;
export const dtypes: readonly Dtype[] = Object.keys(elementBits) as Dtype[];

/** A tensor as a file holds it: row-major, little-endian. `bytes` may be a view at any offset of a larger buffer. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * Number of bytes that a type and a shape need. `name` is for messages.
 *
 * @throws if the type is unknown, a length is no whole number, the sizes multiply beyond 2^53 − 1 (even where a length
 * of zero makes the tensor empty), or the bits fill no whole number of bytes.
 */
export function byteLength(name: string, dtype: Dtype, shape: readonly number[]): number {
  if (!Object.hasOwn(elementBits, dtype)) {
    throw new Error(
      `Tensor ${quoted(name)}: the type ${quoted(dtype)} is unknown; the types are ${dtypes.join(", ")}.`,
    );
  }
  let bits: number = elementBits[dtype];
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) {
      const given = `the shape ${shapeText(shape)} has the length ${length}`;
      throw new Error(`Tensor ${quoted(name)}: ${given}, but lengths are whole numbers from 0.`);
    }
    bits *= length || 1; // exact up to 2^53 − 1, and beyond that never a safe integer again
    if (!Number.isSafeInteger(bits)) {
      throw new Error(`Tensor ${quoted(name)}: the shape ${shapeText(shape)} is too large to count in 53 bits.`);
    }
  }
  if (shape.includes(0)) return 0;
  if (bits % 8 === 0) return bits / 8;
  throw new Error(
    `Tensor ${quoted(name)}: the shape ${shapeText(shape)} of ${dtype} takes ${bits} bits, but must fill whole bytes.`,
  );
}

/** @throws if the tensor's bytes are more or fewer than its type and shape need. */
export function checkBytes(name: string, { dtype, shape, bytes }: StoredTensor): void {
  const needed = byteLength(name, dtype, shape);
  if (bytes.length === needed) return;
  const described = `the shape ${shapeText(shape)} of ${dtype} takes ${needed} bytes`;
  throw new Error(`Tensor ${quoted(name)}: ${described}, but ${bytes.length} were given.`);
}

/**
 * The values of a tensor of type F32, F16 or BF16, exactly, or of F64, rounded to the nearest 32-bit float (beyond its
 * range: infinite). The result is a copy.
 *
 * @throws if the tensor has another type, or its bytes do not fit its shape.
 */
export function toFloat32(name: string, tensor: StoredTensor): Float32Array {
  const { dtype, bytes } = tensor;
  checkBytes(name, tensor);
  if (dtype !== "F32" && dtype !== "F64" && dtype !== "F16" && dtype !== "BF16") {
    throw new Error(`Tensor ${quoted(name)} is ${dtype}, but only F32, F64, F16 and BF16 become numbers; convert it.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.length / (elementBits[dtype] / 8));
  const patterns = new Uint32Array(values.buffer); // the bits of the same values: copied as bits, a NaN stays as it is
  for (let i = 0; i < values.length; i++) {
    if (dtype === "F32") patterns[i] = view.getUint32(4 * i, true);
    else if (dtype === "BF16") patterns[i] = view.getUint16(2 * i, true) << 16;
    else values[i] = dtype === "F16" ? float16(view.getUint16(2 * i, true)) : view.getFloat64(8 * i, true);
  }
  return values;
}

/** The value of a 16-bit float: 1 bit of sign, 5 of exponent, 10 of fraction. */
function float16(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 0x1f;
  const fraction = (pattern & 0x3ff) / 1024;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** An F32 tensor from values in row-major order; a copy. @throws if the shape holds another number of values. */
export function fromFloat32(shape: readonly number[], data: Float32Array): StoredTensor {
  const needed = byteLength("values", "F32", shape) / 4;
  if (needed !== data.length) {
    throw new Error(`The shape ${shapeText(shape)} holds ${needed} values, but ${data.length} were given.`);
  }
  const bytes = new Uint8Array(data.byteLength);
  const view = new DataView(bytes.buffer);
  const patterns = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < patterns.length; i++) view.setUint32(4 * i, patterns[i] as number, true);
  return { dtype: "F32", shape: [...shape], bytes };
}

/** A shape in a message: at most eight lengths. */
function shapeText(shape: readonly number[]): string {
  return `[${shape.slice(0, 8).join(", ")}${shape.length > 8 ? ", …" : ""}]`;
}
