import { toNamedArray } from "./array-input.js";
import { type NamedArray, sizeOf } from "./named-array.js";
import { isNpy, readNpy } from "./npy.js";
import { isZip, readNpz } from "./npz.js";
import { quoted } from "./quoted.js";
import { readSafetensors } from "./safetensors.js";
import { elementBits, type StoredTensor, toFloat32 } from "./stored-tensor.js";

/** Arrays by name. */
export type Arrays = Readonly<Record<string, NamedArray>>;

/**
 * The arrays in the bytes of a .npy, .npz or .safetensors file; which of them it is, its first bytes tell.
 *
 * @param name of the one array of a .npy file, which has no name of its own.
 * @param axes names for the axes of arrays that have so many; the axes of others are "axis 0", "axis 1", ...
 * @throws an Error of one line that says what is wrong; the caller adds the file's name.
 * @example readArrays(new Uint8Array(await file.arrayBuffer()), "attention", ["head", "query", "key"])
 */
export function readArrays(bytes: Uint8Array, name: string, axes: readonly string[]): Arrays {
  const tensors = tensorsOf(bytes, name);
  return Object.fromEntries(
    [...tensors].map(([key, tensor]) => {
      return [key, toNamedArray({ shape: tensor.shape, data: numbersOf(key, tensor) }, key, axes)];
    }),
  );
}

function tensorsOf(bytes: Uint8Array, name: string): ReadonlyMap<string, StoredTensor> {
  if (isNpy(bytes)) return new Map([[name, readNpy(bytes)]]);
  if (!isZip(bytes)) {
    // A safetensors file begins with a length of 8 bytes and then its header's brace.
    if (bytes[8] !== 0x7b)
      throw new Error("It begins as none of .npy, .npz and .safetensors, which are what is read here.");
    return readSafetensors(bytes).tensors;
  }
  return new Map([...readNpz(bytes)].map(([key, file]) => [key, within(key, () => readNpy(file))]));
}

/** How each type of whole numbers is read; true is 1 and false 0. */
const whole: Readonly<Record<string, (view: DataView, at: number) => number | bigint>> = {
  BOOL: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
  U8: (view, at) => view.getUint8(at),
  I8: (view, at) => view.getInt8(at),
  U16: (view, at) => view.getUint16(at, true),
  I16: (view, at) => view.getInt16(at, true),
  U32: (view, at) => view.getUint32(at, true),
  I32: (view, at) => view.getInt32(at, true),
  U64: (view, at) => view.getBigUint64(at, true),
  I64: (view, at) => view.getBigInt64(at, true),
};

/** The values as 32-bit floats: exact but for 8-byte floats, and for whole numbers beyond ±2^24, which are rounded. */
function numbersOf(name: string, tensor: StoredTensor): Float32Array {
  const read = whole[tensor.dtype];
  if (!read) return toFloat32(name, tensor);
  const { dtype, shape, bytes } = tensor;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = elementBits[dtype] / 8;
  return Float32Array.from({ length: sizeOf(shape) }, (_, index) => Number(read(view, index * width)));
}

/** Say which array of several a problem is about. */
function within<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${quoted(name)}: ${(error as Error).message}`);
  }
}
