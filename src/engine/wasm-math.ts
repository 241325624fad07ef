// Elementary functions of four float32 at a time. Polynomials of exp, log and tanh are those of the Cephes library (Moshier,
// single precision). Where a loop needs one it is written into it: a call would cost a third as much again.
import { get, local, set, splat, type Writer, write, writer } from "./wasm.js";
import { pow } from "./wasm-power.js";
import { exponential, exponentialWithin, ln2, logarithm, nearest, polynomial } from "./wasm-series.js";

/** Functions that every kernel module begins with; their place in this list is their index. */
export const mathFunctions = ["exp", "log", "tanh", "sigmoid", "softplus", "pow"] as const;
export type MathFunction = (typeof mathFunctions)[number];

/** Writes instructions that push a function's value; the locals that hold its arguments stay as they are. */
type Body = (to: Writer, x: number, y: number) => void;

const bodies: Record<MathFunction, Body> = { exp, log, tanh, sigmoid, softplus, pow };

export const mathIndex = (name: MathFunction): number => mathFunctions.indexOf(name);

/** Push a function's value of the locals x and, for a power, y. */
export function writeMathHere(to: Writer, name: MathFunction, x: number, y = 0): void {
  bodies[name](to, x, y);
}

/** `mathFunctions` as functions to call. */
export function writeMath(): Writer[] {
  return mathFunctions.map((name) => {
    const to = writer(name === "pow" ? ["v128", "v128"] : ["v128"], "v128");
    writeMathHere(to, name, 0, 1);
    return to;
  });
}

const reader = (to: Writer) => ({
  $: (index: number) => () => get(to, index),
  put: (index: number) => () => set(to, index),
  f: (value: number) => () => splat(to, value),
});

/** eˣ; what is beyond the ends rounds to 0 or ∞. (pmin and pmax are cheap, and keep their first argument if it is a NaN.) */
function exp(to: Writer, given: number): void {
  const { $, put, f } = reader(to);
  const [x, k, r, whole] = [local(to, "v128"), local(to, "v128"), local(to, "v128"), local(to, "v128")];
  write(to, $(given), f(100), "f32x4.pmin", f(-110), "f32x4.pmax", put(x));
  write(to, $(x), f(Math.LOG2E), "f32x4.mul", () => nearest(to, k, whole));
  write(to, $(x), $(k), f(ln2.high), "f32x4.mul", "f32x4.sub");
  write(to, $(k), f(ln2.low), "f32x4.mul", "f32x4.sub", put(r));
  exponential(to, r, whole);
}

/** log x = e·ln 2 + log(1 + m). */
function log(to: Writer, x: number): void {
  const { $, put, f } = reader(to);
  const [e, m, rest] = [local(to, "v128"), local(to, "v128"), local(to, "v128")];
  logarithm(to, x, e, m);
  write(to, $(e), f(ln2.low), "f32x4.mul", "f32x4.add", $(m), "f32x4.add");
  write(to, $(e), f(ln2.high), "f32x4.mul", "f32x4.add", put(rest));
  write(to, f(Number.NEGATIVE_INFINITY), $(rest), $(x), f(0), "f32x4.eq", "v128.bitselect", put(rest));
  write(to, $(x), $(rest), $(x), f(Number.POSITIVE_INFINITY), "f32x4.eq", "v128.bitselect");
  // All bits set are a NaN: for what is below zero, or no number.
  write(to, $(x), f(0), "f32x4.lt", "v128.or", $(x), $(x), "f32x4.ne", "v128.or");
}

/** 1 − 2/(e²ˣ + 1), which is 1 beyond 10; a polynomial near zero, where that would cancel. */
function tanh(to: Writer, x: number): void {
  const { $, put, f } = reader(to);
  const [size, twice, far] = [local(to, "v128"), local(to, "v128"), local(to, "v128")];
  const [z, square] = [local(to, "v128"), local(to, "v128")];
  write(to, $(x), "f32x4.abs", put(size), $(size), $(size), "f32x4.add", f(20), "f32x4.pmin", put(twice));
  write(to, f(1), f(2), () => exponentialWithin(to, twice), f(1), "f32x4.add", "f32x4.div", "f32x4.sub");
  write(to, $(x), f(-0), "v128.and", "v128.or", put(far));
  write(to, $(x), $(x), "f32x4.mul", put(z), $(z), $(z), "f32x4.mul", put(square), $(far));
  const series = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1];
  polynomial(to, z, square, series);
  write(to, $(z), "f32x4.mul", $(x), "f32x4.mul", $(x), "f32x4.add");
  write(to, $(size), f(0.625), "f32x4.ge", "v128.bitselect");
  write(to, $(x), f(-0), "v128.and", "v128.or"); // also of −0 the sign
}

/** 1 / (1 + e⁻ˣ). */
function sigmoid(to: Writer, x: number): void {
  const { $, put, f } = reader(to);
  const power = local(to, "v128");
  write(to, $(x), "f32x4.neg", f(89), "f32x4.pmin", f(-87), "f32x4.pmax", put(power));
  write(to, f(1), () => exponentialWithin(to, power), f(1), "f32x4.add", "f32x4.div");
}

/** log(1 + eˣ) = max(x, 0) + log(1 + u) with u = e^−|x|; what 1 + u rounds away is added back. */
function softplus(to: Writer, x: number): void {
  const { $, put, f } = reader(to);
  const [u, w] = [local(to, "v128"), local(to, "v128")];
  write(to, $(x), "f32x4.abs", "f32x4.neg", put(u), () => exp(to, u), put(u), $(u), f(1), "f32x4.add", put(w));
  write(to, () => log(to, w), $(u), $(w), f(1), "f32x4.sub", "f32x4.sub", $(w), "f32x4.div", "f32x4.add");
  write(to, $(x), f(0), "f32x4.pmax", "f32x4.add");
}
