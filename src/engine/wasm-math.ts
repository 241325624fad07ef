// Elementary functions of four float32 at a time. Polynomials of exp, log and tanh are those of the Cephes library (Moshier,
// single precision).
import { call, get, local, set, splat, type Writer, write, writer } from "./wasm.js";
import { pow } from "./wasm-power.js";
import { exponential, ln2, logarithm, nearest, polynomial } from "./wasm-series.js";

/** Functions that every kernel module begins with; their place in this list is their index. */
export const mathFunctions = ["exp", "log", "tanh", "sigmoid", "softplus", "pow"] as const;
export type MathFunction = (typeof mathFunctions)[number];

export const mathIndex = (name: MathFunction): number => mathFunctions.indexOf(name);

/** The bodies of `mathFunctions`. */
export function writeMath(): Writer[] {
  return [exp(), log(), tanh(), sigmoid(), softplus(), pow()];
}

/** eˣ; what is beyond the ends rounds to 0 or ∞. (pmin and pmax are cheap, and keep their first argument if it is a NaN.) */
function exp(): Writer {
  const to = writer(["v128"], "v128");
  const [x, k, r, whole] = [0, local(to, "v128"), local(to, "v128"), local(to, "v128")];
  const $ = (index: number) => () => get(to, index);
  const put = (index: number) => () => set(to, index);
  const f = (value: number) => () => splat(to, value);
  write(to, $(x), f(100), "f32x4.pmin", f(-110), "f32x4.pmax", put(x));
  write(to, $(x), f(Math.LOG2E), "f32x4.mul", () => nearest(to, k, whole));
  write(to, $(x), $(k), f(ln2.high), "f32x4.mul", "f32x4.sub");
  write(to, $(k), f(ln2.low), "f32x4.mul", "f32x4.sub", put(r));
  exponential(to, r, whole);
  return to;
}

/** log x = e·ln 2 + log(1 + m). */
function log(): Writer {
  const to = writer(["v128"], "v128");
  const [x, e, m, rest] = [0, local(to, "v128"), local(to, "v128"), local(to, "v128")];
  const $ = (index: number) => () => get(to, index);
  const put = (index: number) => () => set(to, index);
  const f = (value: number) => () => splat(to, value);
  logarithm(to, x, e, m);
  write(to, $(e), f(ln2.low), "f32x4.mul", "f32x4.add", $(m), "f32x4.add");
  write(to, $(e), f(ln2.high), "f32x4.mul", "f32x4.add", put(rest));
  write(to, f(Number.NEGATIVE_INFINITY), $(rest), $(x), f(0), "f32x4.eq", "v128.bitselect", put(rest));
  write(to, $(x), $(rest), $(x), f(Number.POSITIVE_INFINITY), "f32x4.eq", "v128.bitselect");
  // All bits set are a NaN: for what is below zero, or no number.
  write(to, $(x), f(0), "f32x4.lt", "v128.or", $(x), $(x), "f32x4.ne", "v128.or");
  return to;
}

/** 1 − 2/(e²ˣ + 1); a polynomial near zero, where that would cancel. */
function tanh(): Writer {
  const to = writer(["v128"], "v128");
  const [x, size, far, z] = [0, local(to, "v128"), local(to, "v128"), local(to, "v128")];
  const $ = (index: number) => () => get(to, index);
  const put = (index: number) => () => set(to, index);
  const f = (value: number) => () => splat(to, value);
  write(to, $(x), "f32x4.abs", put(size));
  write(to, f(1), f(2), $(size), $(size), "f32x4.add", () => call(to, mathIndex("exp")), f(1), "f32x4.add");
  write(to, "f32x4.div", "f32x4.sub", $(x), f(-0), "v128.and", "v128.or", put(far));
  write(to, $(x), $(x), "f32x4.mul", put(z), $(far));
  polynomial(to, z, [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1]);
  write(to, $(z), "f32x4.mul", $(x), "f32x4.mul", $(x), "f32x4.add");
  write(to, $(size), f(0.625), "f32x4.ge", "v128.bitselect");
  return to;
}

/** 1 / (1 + e⁻ˣ). */
function sigmoid(): Writer {
  const to = writer(["v128"], "v128");
  splat(to, 1);
  get(to, 0);
  write(
    to,
    "f32x4.neg",
    () => call(to, mathIndex("exp")),
    () => splat(to, 1),
    "f32x4.add",
    "f32x4.div",
  );
  return to;
}

/** log(1 + eˣ) = max(x, 0) + log(1 + u) with u = e^−|x|; what 1 + u rounds away is added back. */
function softplus(): Writer {
  const to = writer(["v128"], "v128");
  const [x, u, w] = [0, local(to, "v128"), local(to, "v128")];
  const $ = (index: number) => () => get(to, index);
  const put = (index: number) => () => set(to, index);
  const f = (value: number) => () => splat(to, value);
  write(to, $(x), "f32x4.abs", "f32x4.neg", () => call(to, mathIndex("exp")), put(u));
  write(to, $(u), f(1), "f32x4.add", put(w));
  write(to, $(w), () => call(to, mathIndex("log")));
  write(to, $(u), $(w), f(1), "f32x4.sub", "f32x4.sub", $(w), "f32x4.div", "f32x4.add");
  write(to, $(x), f(0), "f32x4.pmax", "f32x4.add");
  return to;
}
