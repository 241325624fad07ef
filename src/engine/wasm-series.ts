// The series that exp, log and powers share, of four float32 at a time. Coefficients are those of the Cephes library
// (Moshier, single precision).
import { bits, get, local, set, splat, vector, type Writer, write } from "./wasm.js";

/** ln 2 in two parts: whole numbers times the first, which has few digits, are exact. */
export const ln2 = { high: 0.693359375, low: -2.1219444e-4 } as const;

/**
 * Push c₀·xⁿ + c₁·xⁿ⁻¹ + ... , two coefficients at a time: what waits for one another is half as long as by Horner's rule.
 *
 * @param square the local that holds x²
 */
export function polynomial(to: Writer, x: number, square: number, coefficients: readonly number[]): void {
  for (let at = -(coefficients.length % 2); at < coefficients.length; at += 2) {
    const [high, low] = [coefficients[at], coefficients[at + 1]] as [number | undefined, number];
    const started = at > 0;
    if (started) write(to, () => get(to, square), "f32x4.mul");
    if (high !== undefined)
      write(
        to,
        () => get(to, x),
        () => splat(to, high),
        "f32x4.mul",
      );
    splat(to, low);
    if (high !== undefined) vector(to, "f32x4.add");
    if (started) vector(to, "f32x4.add");
  }
}

const rounding = 1.5 * 2 ** 23; // adding it leaves a float32 no digit after the point, and its bits count up with it

/** Set `k` to the whole number next to the vector on the stack, and `whole` to that as an int32. */
export function nearest(to: Writer, k: number, whole: number): void {
  const magic = new Int32Array(Float32Array.of(rounding).buffer)[0] as number;
  write(
    to,
    () => splat(to, rounding),
    "f32x4.add",
    () => set(to, whole),
  );
  write(
    to,
    () => get(to, whole),
    () => splat(to, rounding),
    "f32x4.sub",
    () => set(to, k),
  );
  write(
    to,
    () => get(to, whole),
    () => bits(to, magic),
    "i32x4.sub",
    () => set(to, whole),
  );
}

/** Push eʳ·2ᵏ for |r| ≤ ln 2 / 2 and an int32 k; 2ᵏ in two factors, so that small results round to denormals and zero. */
export function exponential(to: Writer, r: number, k: number): void {
  const half = local(to, "v128");
  const $ = (index: number) => () => get(to, index);
  const shift = (by: number) => () => to.bytes.push(0x41, by); // i32.const
  powerSeries(to, r);
  write(to, $(k), shift(1), "i32x4.shr_s", () => set(to, half));
  write(to, $(half), () => bits(to, 127), "i32x4.add", shift(23), "i32x4.shl", "f32x4.mul");
  write(to, $(k), $(half), "i32x4.sub", () => bits(to, 127), "i32x4.add", shift(23), "i32x4.shl", "f32x4.mul");
}

/** Push eˣ of the local x from −87 to 89; it is ∞ from 88.4. */
export function exponentialWithin(to: Writer, x: number): void {
  const [whole, k, r] = [local(to, "v128"), local(to, "v128"), local(to, "v128")];
  const $ = (index: number) => () => get(to, index);
  const f = (value: number) => () => splat(to, value);
  write(to, $(x), f(Math.LOG2E), "f32x4.mul", f(rounding), "f32x4.add", () => set(to, whole));
  write(to, $(whole), f(rounding), "f32x4.sub", () => set(to, k));
  write(to, $(x), $(k), f(ln2.high), "f32x4.mul", "f32x4.sub");
  write(to, $(k), f(ln2.low), "f32x4.mul", "f32x4.sub", () => set(to, r));
  powerSeries(to, r);
  // Shifted to the place of exponents, of `whole` only k is left.
  const shift = () => to.bytes.push(0x41, 23);
  write(to, $(whole), shift, "i32x4.shl", f(1), "i32x4.add", "f32x4.mul");
}

/** Push eʳ for |r| ≤ ln 2 / 2. */
function powerSeries(to: Writer, r: number): void {
  const square = local(to, "v128");
  const $ = (index: number) => () => get(to, index);
  write(to, $(r), $(r), "f32x4.mul", () => set(to, square));
  polynomial(
    to,
    r,
    square,
    [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1],
  );
  write(to, $(square), "f32x4.mul", $(r), "f32x4.add", () => splat(to, 1), "f32x4.add");
}

/**
 * Set e and m to x = 2ᵉ·(1 + m), √½ ≤ 1 + m < √2, for x above zero, and push log(1 + m) − m. All are locals.
 */
export function logarithm(to: Writer, x: number, e: number, m: number): void {
  const [scaled, small, z] = [local(to, "v128"), local(to, "v128"), local(to, "v128")];
  const $ = (index: number) => () => get(to, index);
  const put = (index: number) => () => set(to, index);
  const f = (value: number) => () => splat(to, value);
  write(to, $(x), f(1.17549435e-38), "f32x4.lt", put(small)); // denormals are scaled by 2²³ first
  write(to, $(x), f(8388608), "f32x4.mul", $(x), $(small), "v128.bitselect", put(scaled));
  write(
    to,
    $(scaled),
    () => to.bytes.push(0x41, 23),
    "i32x4.shr_u",
    () => bits(to, 126),
    "i32x4.sub",
  );
  write(to, "f32x4.convert_i32x4_s", $(small), f(23), "v128.and", "f32x4.sub", put(e));
  write(to, $(scaled), () => bits(to, 0x007fffff), "v128.and", f(0.5), "v128.or", put(m)); // 0.5 to 1
  write(to, $(m), f(Math.SQRT1_2), "f32x4.lt", put(small));
  write(to, $(e), $(small), f(1), "v128.and", "f32x4.sub", put(e));
  write(to, $(m), f(1), "f32x4.sub", $(m), $(small), "v128.and", "f32x4.add", put(m));
  write(to, $(m), $(m), "f32x4.mul", put(z));
  polynomial(
    to,
    m,
    z,
    [
      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
      2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
  );
  write(to, $(m), "f32x4.mul", $(z), "f32x4.mul", $(z), f(0.5), "f32x4.mul", "f32x4.sub");
}
