import { bits, get, local, type Piece, set, splat, type Writer, whereAny, write } from "./wasm.js";
import { exponential, ln2, logarithm, nearest } from "./wasm-series.js";

/**
 * Push aᵇ = e^(b·log a) of two locals. An error of the logarithm grows with the exponent, so it and the product are kept
 * in two parts, the first of few enough digits that it is exact. Special cases are those of IEEE 754.
 */
export function pow(to: Writer, a: number, exponent: number): void {
  const locals = Array.from({ length: 13 }, () => local(to, "v128"));
  const [size = 0, e = 0, m = 0, high = 0, low = 0, short = 0, shortHigh = 0, p = 0, q = 0, k = 0, whole = 0] = locals;
  const [b, result] = locals.slice(11) as [number, number];
  const $ = (index: number) => () => get(to, index);
  const put = (index: number) => () => set(to, index);
  const f = (value: number) => () => splat(to, value);
  const firstDigits = () => bits(to, 0xfffff000); // 12 of 24
  write(to, $(exponent), f(1e30), "f32x4.pmin", f(-1e30), "f32x4.pmax", put(b));
  write(to, $(a), "f32x4.abs", put(size));
  logarithm(to, size, e, m);
  // log |a| = high + low: e·ln 2 and m are exact, and so is what their sum rounds away.
  write(to, $(e), f(ln2.low), "f32x4.mul", "f32x4.add", put(low));
  write(to, $(e), f(ln2.high), "f32x4.mul", put(p), $(p), $(m), "f32x4.add", put(high));
  write(to, $(m), $(high), $(p), "f32x4.sub", "f32x4.sub", $(low), "f32x4.add", put(low));
  // b·log |a| = p + q
  write(to, $(b), firstDigits, "v128.and", put(short), $(high), firstDigits, "v128.and", put(shortHigh));
  write(to, $(short), $(shortHigh), "f32x4.mul", put(p));
  write(to, $(short), $(high), $(shortHigh), "f32x4.sub", "f32x4.mul");
  write(
    to,
    $(b),
    $(short),
    "f32x4.sub",
    $(high),
    "f32x4.mul",
    "f32x4.add",
    $(b),
    $(low),
    "f32x4.mul",
    "f32x4.add",
    put(q),
  );
  write(to, $(p), $(q), "f32x4.add", f(100), "f32x4.pmin", f(-110), "f32x4.pmax", f(Math.LOG2E), "f32x4.mul", () =>
    nearest(to, k, whole),
  );
  write(
    to,
    $(p),
    $(k),
    f(ln2.high),
    "f32x4.mul",
    "f32x4.sub",
    $(q),
    $(k),
    f(ln2.low),
    "f32x4.mul",
    "f32x4.sub",
    "f32x4.add",
  );
  write(to, f(0.4), "f32x4.pmin", f(-0.4), "f32x4.pmax", put(m)); // anything beyond the ends, where 2ᵏ alone is 0 or ∞
  exponential(to, m, whole);
  set(to, result);
  write(
    to,
    $(a),
    f(0),
    "f32x4.gt",
    $(a),
    f(Number.POSITIVE_INFINITY),
    "f32x4.lt",
    "v128.and",
    f(0),
    f(0),
    "f32x4.eq",
    "v128.xor",
  );
  whereAny(to, () => specialCases(to, a, b, size, result));
  get(to, result);
}

/**
 * Push aᵇ = aᵇ⁺¹/a of three locals; `push` pushes aᵇ in full, for where a is not above 0, or the quotient might be
 * inexact.
 */
export function powBelow(to: Writer, a: number, above: number, push: () => void): void {
  const [result, other] = [local(to, "v128"), local(to, "v128")];
  const $ = (index: number) => () => get(to, index);
  const f = (value: number) => () => splat(to, value);
  const isBetween = (index: number, least: number): Piece[] =>
    [...[$(index), f(least), "f32x4.gt", $(index), f(Number.POSITIVE_INFINITY), "f32x4.lt", "v128.and"]] as Piece[];
  write(to, $(above), $(a), "f32x4.div", () => set(to, result));
  write(to, ...isBetween(a, 0), ...isBetween(above, 1e-30), "v128.and", f(0), f(0), "f32x4.eq", "v128.xor");
  write(to, () => set(to, other), $(other));
  whereAny(to, () => write(to, push, $(result), $(other), "v128.bitselect", () => set(to, result)));
  get(to, result);
}

/** Results where a is 0, below 0, infinite or no number. Where b is none, as in JavaScript, there is none for a = 1 either. */
function specialCases(to: Writer, a: number, b: number, size: number, result: number): void {
  const $ = (index: number) => () => get(to, index);
  const f = (value: number) => () => splat(to, value);
  const infinity = Number.POSITIVE_INFINITY;
  /** Where `condition` holds, `value` takes the place of the result. */
  const where = (value: readonly Piece[], condition: readonly Piece[]) =>
    write(to, ...value, $(result), ...condition, "v128.bitselect", () => set(to, result));
  const infiniteWhere = (comparison: "f32x4.lt" | "f32x4.gt"): Piece[] => [
    f(infinity),
    f(0),
    $(b),
    f(0),
    comparison,
    "v128.bitselect",
  ];
  where(infiniteWhere("f32x4.lt"), [$(size), f(0), "f32x4.eq"]);
  where(infiniteWhere("f32x4.gt"), [$(size), f(infinity), "f32x4.eq"]);
  // The sign bit, also that of −0, stays where the exponent is odd. Below zero any that is not whole has no real power.
  const negative: Piece[] = [$(a), f(0), "f32x4.lt"];
  const half: Piece[] = [$(b), f(0.5), "f32x4.mul"];
  const odd: Piece[] = [...half, ...half, "f32x4.floor", "f32x4.ne", $(b), $(b), "f32x4.floor", "f32x4.eq", "v128.and"];
  write(
    to,
    $(a),
    () => bits(to, 0x80000000),
    "v128.and",
    ...odd,
    "v128.and",
    $(result),
    "v128.xor",
    () => set(to, result),
  );
  const finite: Piece[] = [$(size), f(infinity), "f32x4.lt"];
  where([f(Number.NaN)], [...negative, ...finite, "v128.and", $(b), $(b), "f32x4.floor", "f32x4.ne", "v128.and"]);
  where([$(a)], [$(a), $(a), "f32x4.ne"]);
  where([$(b)], [$(b), $(b), "f32x4.ne"]);
  where([f(1)], [$(b), f(0), "f32x4.eq"]);
}
