import { littleEndian } from "../tensors/endianness.js";
import { fromFloat32, toFloat32 } from "../tensors/stored-tensor.js";

/** How values are kept: as they are, as 16-bit floats, or as 256 even levels from a value's least to its greatest number. */
export const storedTypes = ["float32", "float16", "uint8"] as const;
export type StoredType = (typeof storedTypes)[number];

/** Bytes of one number. */
export const storedWidth: Readonly<Record<StoredType, number>> = { float32: 4, float16: 2, uint8: 1 };

/** Values as a file keeps them, little-endian. Of uint8, a value is q·scale + offset; of floats both are null. */
export interface StoredValues {
  readonly dtype: StoredType;
  readonly bytes: Uint8Array;
  readonly scale: number | null;
  readonly offset: number | null;
}

const largestFloat16 = 65504;

/**
 * Values as bytes of the type that is wished; of float32 they may be the values' own.
 *
 * float32 is exact. float16 is off by at most |x|·2⁻¹¹, or 2⁻²⁵ where |x| is below 2⁻¹⁴. uint8 is off by at most half a
 * level, (max − min) / 510, and the rounding of a 32-bit float. Values that would break the bound are kept as float32: of
 * float16 those that hold a number beyond ±65504, of uint8 those that hold NaN or ∞.
 *
 * @param least, greatest of the values; NaN where one of them is not finite
 */
export function storeValues(values: Float32Array, wish: StoredType, least: number, greatest: number): StoredValues {
  const finite = Number.isFinite(least) && Number.isFinite(greatest);
  if (wish === "float16" && (finite ? Math.max(-least, greatest) <= largestFloat16 : fitsFloat16(values))) {
    return { dtype: "float16", bytes: float16Bytes(values), scale: null, offset: null };
  }
  if (wish === "uint8" && finite) {
    const scale = (greatest - least) / 255;
    const bytes = new Uint8Array(values.length);
    if (scale > 0)
      for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round(((values[i] as number) - least) / scale);
    return { dtype: "uint8", bytes, scale, offset: least };
  }
  const bytes = littleEndian
    ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    : fromFloat32([values.length], values).bytes;
  return { dtype: "float32", bytes, scale: null, offset: null };
}

/** The values again. @throws if the bytes fill no whole number of values. */
export function restoreValues({ dtype, bytes, scale, offset }: StoredValues): Float32Array {
  if (dtype === "uint8") return Float32Array.from(bytes, (level) => level * (scale as number) + (offset as number));
  const shape = [bytes.length / storedWidth[dtype]];
  return toFloat32("values", { dtype: dtype === "float32" ? "F32" : "F16", shape, bytes });
}

/** NaN and ∞ are 16-bit floats too. */
function fitsFloat16(values: Float32Array): boolean {
  return values.every((value) => !(Math.abs(value) > largestFloat16) || Math.abs(value) === Number.POSITIVE_INFINITY);
}

function float16Bytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  const view = new DataView(bytes.buffer);
  const patterns = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < patterns.length; i++) view.setUint16(2 * i, float16Pattern(patterns[i] as number), true);
  return bytes;
}

/** The bits of the nearest 16-bit float, ties to even, from the bits of a 32-bit float of at most 65504, NaN or ∞. */
function float16Pattern(pattern: number): number {
  const sign = (pattern >>> 16) & 0x8000;
  const size = pattern & 0x7fffffff;
  if (size > 0x7f800000) return 0x7e00; // NaN
  if (size === 0x7f800000) return sign | 0x7c00;
  const half = (digit: number): number => (1 << (digit - 1)) - 1; // just below half a unit of what is kept
  if (size >= 0x38800000) {
    // From 2⁻¹⁴ on: 112 less in the exponent, 13 digits fewer, and a carry may well run into the exponent.
    return sign | ((size - 0x38000000 + half(13) + ((size >>> 13) & 1)) >>> 13);
  }
  const lost = 126 - (size >>> 23); // digits beyond units of 2⁻²⁴
  if (lost > 24) return sign;
  const digits = (size & 0x7fffff) | 0x800000;
  return sign | ((digits + half(lost) + ((digits >>> lost) & 1)) >>> lost);
}
