import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { useBackend } from "../../src/tensors/backend.js";
import { random } from "../../src/tensors/random.js";

beforeAll(() => useBackend("cpu"));

/** Values of a function of one or two arguments, as the engine computes them. */
function replayed(compute: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor, x: ArrayLike<number>, y: ArrayLike<number> = x) {
  return tf.tidy(() => {
    const inputs = { x: tf.tensor1d(Float32Array.from(x)), y: tf.tensor1d(Float32Array.from(y)) };
    const compiled = compile((given) => ({ value: compute(given.x as tf.Tensor, given.y as tf.Tensor) }));
    return (compiled(inputs).value as tf.Tensor).dataSync();
  });
}

/** The distance of a float32 from the exact value, in units of its last place. */
function ulps(found: number, exact: number): number {
  if (Object.is(found, Math.fround(exact))) return 0;
  const unit = Math.max(2 ** (Math.floor(Math.log2(Math.abs(exact))) - 23), 2 ** -149);
  return Math.abs(found - exact) / unit;
}

function halvesToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** Float32 from `low` to `high`, evenly and also crowded towards zero. */
function spread(low: number, high: number, count = 20_000): Float32Array {
  const source = random(7);
  return Float32Array.from({ length: count }, (_, index) => {
    const one = low + (high - low) * source.uniform();
    return index % 2 === 0 ? one : one * 2 ** (-30 * source.uniform());
  });
}

describe("elementary functions keep to the exact value within a few units of the last place", () => {
  const functions: [string, (x: tf.Tensor) => tf.Tensor, (x: number) => number, number, number, number][] = [
    ["exp", tf.exp, Math.exp, -103, 88.7, 2],
    ["log", tf.log, Math.log, 0, 3e38, 2],
    ["log near one", tf.log, Math.log, 0.5, 2, 2],
    ["tanh", tf.tanh, Math.tanh, -12, 12, 3],
    ["sigmoid", tf.sigmoid, (x) => 1 / (1 + Math.exp(-x)), -87, 87, 4],
    ["softplus", tf.softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), -80, 100, 4],
    ["log1p", tf.log1p, Math.log1p, -1, 3e38, 4],
    ["log1p near zero", tf.log1p, Math.log1p, -0.7, 1.5, 4],
    ["expm1", tf.expm1, Math.expm1, -20, 88.5, 6],
    ["expm1 near zero", tf.expm1, Math.expm1, -1, 1, 6],
    ["round", tf.round, halvesToEven, -100, 1e9, 0.5],
    [
      "round, of halves",
      (x) => tf.round(tf.div(tf.round(x), 2)),
      (x) => halvesToEven(halvesToEven(x) / 2),
      -100,
      100,
      0.5,
    ],
    ["ceil", tf.ceil, Math.ceil, -1e5, 1e5, 0.5],
  ];
  test.each(functions)("%s", (_name, compute, exact, low, high, most) => {
    const x = spread(low, high).filter((one) => one >= low || low < 0);
    const found = replayed(compute, x);
    const worst = x.reduce((so, one, index) => Math.max(so, ulps(found[index] as number, exact(one))), 0);
    expect(worst).toBeLessThan(most);
  });

  test("power, also where a factor of the exponent would magnify an error of the logarithm", () => {
    const [x, y] = [spread(1e-6, 10), spread(-20, 20).reverse()];
    const found = replayed(tf.pow, x, y);
    const worst = x.reduce((so, one, index) => {
      const exact = one ** (y[index] as number);
      return Math.abs(exact) > 3.4e38 ? so : Math.max(so, ulps(found[index] as number, exact));
    }, 0);
    expect(worst).toBeLessThan(4);
  });
});

describe("the ends of the range", () => {
  const [infinity, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
  const special = [0, -0, 1, -1, infinity, -infinity, nan, 1e-40, -1e-40, 3e38, -3e38];
  test.each([
    ["exp", tf.exp, Math.exp],
    ["log", tf.log, Math.log],
    ["tanh", tf.tanh, Math.tanh],
    ["sigmoid", tf.sigmoid, (x: number) => 1 / (1 + Math.exp(-x))],
    ["softplus", tf.softplus, (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))],
    ["log1p", tf.log1p, Math.log1p],
    ["expm1", tf.expm1, Math.expm1],
    ["round", tf.round, halvesToEven],
    ["ceil", tf.ceil, Math.ceil],
  ] as const)("%s", (_name, compute, exact) => {
    const found = replayed(compute as (x: tf.Tensor) => tf.Tensor, special);
    special.forEach((x, index) => {
      const wanted = Math.fround(exact(Math.fround(x)));
      if (Number.isNaN(wanted)) expect(found[index], `at ${x}`).toBeNaN();
      else if (!Number.isFinite(wanted)) expect(found[index], `at ${x}`).toBe(wanted);
      else expect(Math.abs((found[index] as number) - wanted), `at ${x}`).toBeLessThanOrEqual(2e-7 * Math.abs(wanted));
    });
  });

  test("power of zero, of negative numbers, to whole, broken and infinite exponents", () => {
    const bases = [...special.filter((x) => Math.abs(x) < 3e38), infinity, -infinity, 2, -2, -8, 10, 0.5, 0.999];
    const exponents = [...special, 2, 3, -2, 0.5, -0.5, 60, -60, 1e4, -1e4, 1e30, -1e30];
    const cases = bases.flatMap((x) => exponents.map((y) => [x, y] as const));
    const found = replayed(
      tf.pow,
      cases.map(([x]) => x),
      cases.map(([, y]) => y),
    );
    cases.forEach(([x, y], index) => {
      const one = Math.abs(x) === 1 && Math.abs(y) === infinity; // 1 by IEEE 754, as in Python and C; NaN in JavaScript
      const exact = one ? 1 : Math.fround(x) ** Math.fround(y);
      const wanted = Math.fround(exact);
      if (Number.isFinite(wanted) && wanted !== 0) expect(ulps(found[index] as number, exact)).toBeLessThan(4);
      else expect(Math.abs(found[index] as number), `${x} to the ${y}`).toBe(Math.abs(wanted));
    });
  });

  test("power where the one above it is known, as in its gradient", () => {
    const bases = [...special, 2, -2, 10, 0.5, 0.999, 1e-3, 1e-20, 1e-30];
    const exponents = [...special, 2, 3, 1.5, 20, -2, 0.5, 60, 1e4];
    const cases = bases.flatMap((x) => exponents.map((y) => [x, y] as const));
    const below = (x: tf.Tensor, y: tf.Tensor) => {
      const above = tf.pow(x, y);
      return tf.stack([tf.pow(x, tf.sub(y, 1)), above]);
    };
    const [x, y] = [cases.map(([x]) => x), cases.map(([, y]) => y)];
    const [found, wanted] = [
      replayed(below, x, y),
      replayed(
        tf.pow,
        x,
        y.map((one) => Math.fround(one) - 1),
      ),
    ];
    cases.forEach(([x, y], index) => {
      const [one, other] = [found[index] as number, wanted[index] as number];
      if (Number.isFinite(other) && other !== 0) expect(ulps(one, other), `${x} to the ${y} − 1`).toBeLessThan(6);
      else expect(one, `${x} to the ${y} − 1`).toEqual(other);
    });
  });
});
