import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { useBackend } from "../../src/tensors/backend.js";
import { random } from "../../src/tensors/random.js";
import type { Tensors } from "../../src/tensors/tensors.js";

beforeAll(() => useBackend("cpu"));

/** Numbers of a shape, from −2 to 2, none of them near 0. */
function drawn(shape: readonly number[], seed: number): tf.Tensor {
  const source = random(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  const one = () => (source.uniform() < 0.5 ? -1 : 1) * (0.1 + 1.9 * source.uniform());
  return tf.tensor(Float32Array.from({ length: size }, one), [...shape]);
}

/** The largest difference between replay and eager, relative to 1 or to the value where that is larger. */
function difference(compute: (inputs: Tensors) => Tensors, shapes: Record<string, readonly number[]>, seed: number) {
  return tf.tidy(() => {
    const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, drawn(shape, seed + i)]));
    const wanted = compute(inputs);
    const compiled = compile(compute);
    compiled(inputs); // a second run meets storage that the first has used
    const found = compiled(inputs);
    expect(compiled.refusal()).toBeUndefined();
    return Math.max(
      ...Object.entries(wanted).map(([name, tensor]) => {
        expect(found[name]?.shape).toEqual(tensor.shape);
        expect(found[name]?.dtype).toBe(tensor.dtype);
        const replayed = (found[name] as tf.Tensor).dataSync();
        return [...tensor.dataSync()].reduce((worst, value, i) => {
          if (Object.is(value, replayed[i])) return worst;
          const error = Math.abs(value - (replayed[i] as number)) / Math.max(1, Math.abs(value));
          return Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
        }, 0);
      }),
    );
  });
}

const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
const seeds = fc.integer({ min: 1, max: 1e6 });
const runs = { numRuns: 25 };

/** Two shapes that broadcast: axes of one become 1, or its first axes are missing. */
const broadcasting = fc
  .tuple(lengths, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.integer({ min: 0, max: 2 }))
  .map(([shape, kept, dropped]) => ({
    whole: shape,
    part: shape.map((length, axis) => (kept[axis] ? length : 1)).slice(Math.min(dropped, shape.length - 1)),
  }));

/** From −40 to 40, also 0. */
const integers = (x: tf.Tensor): tf.Tensor => tf.cast(tf.mul(tf.sub(tf.abs(x), 1), 40), "int32");

describe("element by element, replay is eager", () => {
  const unary: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    abs: tf.abs,
    ceil: (x) => tf.ceil(tf.mul(x, 3)),
    clip: (x) => tf.clipByValue(x, -0.5, 1),
    elu: tf.elu,
    exp: tf.exp,
    expm1: tf.expm1,
    floor: tf.floor,
    isNaN: (x) => tf.cast(tf.isNaN(tf.sqrt(x)), "float32"),
    leakyRelu: (x) => tf.leakyRelu(x, 0.3),
    log1p: (x) => tf.log1p(tf.add(x, 2)),
    log: (x) => tf.log(tf.abs(x)),
    neg: tf.neg,
    not: (x) => tf.cast(tf.logicalNot(tf.greater(x, 0)), "float32"),
    reciprocal: tf.reciprocal,
    relu: tf.relu,
    relu6: (x) => tf.relu6(tf.mul(x, 5)),
    round: (x) => tf.round(tf.div(tf.round(tf.mul(x, 8)), 2)), // halves too
    rsqrt: (x) => tf.rsqrt(tf.abs(x)),
    selu: tf.selu,
    sigmoid: tf.sigmoid,
    sign: tf.sign,
    softplus: (x) => tf.softplus(tf.mul(x, 6)),
    sqrt: (x) => tf.sqrt(tf.abs(x)),
    square: tf.square,
    step: (x) => tf.step(x, 0.2),
    tanh: (x) => tf.tanh(tf.mul(x, 3)),
    toInteger: (x) => tf.cast(tf.cast(tf.mul(x, 3), "int32"), "float32"),
  };
  test.each(Object.keys(unary))("%s, of views with any strides too", (name) => {
    const operation = unary[name] as (x: tf.Tensor) => tf.Tensor;
    fc.assert(
      fc.property(lengths, seeds, (shape, seed) => {
        const compute = ({ x }: Tensors) => {
          const turned = tf.transpose(x as tf.Tensor);
          const part = tf.slice(
            turned,
            turned.shape.map((length) => (length > 1 ? 1 : 0)),
          );
          return { whole: operation(x as tf.Tensor), turned: operation(turned), part: operation(part) };
        };
        expect(difference(compute, { x: shape }, seed)).toBeLessThan(1e-6);
      }),
      runs,
    );
  });

  const binary: Record<string, (x: tf.Tensor, y: tf.Tensor) => tf.Tensor> = {
    add: tf.add,
    and: (x, y) => tf.cast(tf.logicalAnd(tf.greater(x, 0), tf.greater(y, 0)), "float32"),
    div: tf.div,
    equal: (x, y) => tf.cast(tf.equal(tf.floor(x), tf.floor(y)), "float32"),
    floorDiv: (x, y) => tf.cast(tf.floorDiv(integers(x), integers(y)), "float32"),
    greater: (x, y) => tf.cast(tf.greater(x, y), "float32"),
    greaterEqual: (x, y) => tf.cast(tf.greaterEqual(tf.floor(x), tf.floor(y)), "float32"),
    less: (x, y) => tf.cast(tf.less(x, y), "float32"),
    lessEqual: (x, y) => tf.cast(tf.lessEqual(tf.floor(x), tf.floor(y)), "float32"),
    maximum: tf.maximum,
    minimum: tf.minimum,
    mul: tf.mul,
    notEqual: (x, y) => tf.cast(tf.notEqual(tf.floor(x), tf.floor(y)), "float32"),
    mod: (x, y) => tf.cast(tf.mod(integers(x), integers(y)), "float32"),
    or: (x, y) => tf.cast(tf.logicalOr(tf.greater(x, 0), tf.greater(y, 0)), "float32"),
    prelu: tf.prelu,
    pow: (x, y) => tf.pow(tf.abs(x), tf.mul(y, 3)),
    squaredDifference: tf.squaredDifference,
    sub: tf.sub,
    where: (x, y) => tf.where(tf.greater(tf.add(x, y), 0), tf.add(x, tf.zerosLike(y)), tf.add(y, tf.zerosLike(x))),
  };
  test.each(Object.keys(binary))("%s, with every broadcast", (name) => {
    const operation = binary[name] as (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;
    fc.assert(
      fc.property(broadcasting, seeds, ({ whole, part }, seed) => {
        const compute = ({ x, y }: Tensors) => ({
          forth: operation(x as tf.Tensor, y as tf.Tensor),
          back: operation(y as tf.Tensor, x as tf.Tensor),
        });
        expect(difference(compute, { x: whole, y: part }, seed)).toBeLessThan(1e-6);
      }),
      runs,
    );
  });
});

describe("sums and products, replay is eager", () => {
  test("sum, mean, max and min over any axes, with and without keeping them", () => {
    fc.assert(
      fc.property(lengths, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), seeds, (shape, chosen, seed) => {
        const axes = shape.map((_, axis) => axis).filter((axis) => chosen[axis]);
        const compute = ({ x }: Tensors) => ({
          sum: tf.sum(tf.square(x as tf.Tensor), axes),
          mean: tf.mean(x as tf.Tensor, axes, true),
          max: tf.max(x as tf.Tensor, axes),
          min: tf.min(x as tf.Tensor, axes, true),
          total: tf.sum(tf.square(x as tf.Tensor)),
        });
        expect(difference(compute, { x: shape }, seed)).toBeLessThan(2e-6);
      }),
      { numRuns: 60 },
    );
  });

  test("where the largest and the smallest stand along any axis, the first of equal ones", () => {
    fc.assert(
      fc.property(lengths, fc.nat({ max: 3 }), fc.boolean(), seeds, (shape, some, equal, seed) => {
        const axis = some % shape.length;
        const compute = ({ x }: Tensors) => {
          const numbers = equal ? tf.floor(x as tf.Tensor) : (x as tf.Tensor);
          return { largest: tf.argMax(numbers, axis), smallest: tf.cast(tf.argMin(numbers, axis), "float32") };
        };
        expect(difference(compute, { x: shape }, seed)).toBe(0);
      }),
      runs,
    );
  });

  test("columns of a product, some of which nobody looks at", () => {
    const size = fc.integer({ min: 1, max: 9 });
    const sizes = fc.tuple(size, size, size, size, size);
    fc.assert(
      fc.property(sizes, seeds, ([rows, inner, first, second, third], seed) => {
        const compute = ({ a, b }: Tensors) => {
          const [one, , other] = tf.split(tf.matMul(a as tf.Tensor, b as tf.Tensor), [first, second, third], 1);
          return { one: one as tf.Tensor, both: tf.concat([other, one] as [tf.Tensor, tf.Tensor], 1) };
        };
        const shapes = { a: [rows, inner], b: [inner, first + second + third] };
        expect(difference(compute, shapes, seed)).toBeLessThan(2e-6);
      }),
      runs,
    );
  });

  test("softmax and log-softmax", () => {
    fc.assert(
      fc.property(lengths, seeds, (shape, seed) => {
        const compute = ({ x }: Tensors) => ({
          one: tf.softmax(tf.mul(x as tf.Tensor, 20)),
          other: tf.logSoftmax(x as tf.Tensor),
        });
        expect(difference(compute, { x: shape }, seed)).toBeLessThan(2e-6);
      }),
      runs,
    );
  });

  const size = fc.integer({ min: 1, max: 40 });
  test("matrix products of all sizes, transposed or not, with and without a sum", () => {
    fc.assert(
      fc.property(size, size, size, fc.boolean(), fc.boolean(), fc.boolean(), seeds, (m, k, n, ta, tb, wide, seed) => {
        const compute = ({ a, b, c }: Tensors) => {
          const product = tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, ta, tb);
          return {
            product: tf.tanh(product),
            sum: tf.add(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, ta, tb), c as tf.Tensor),
          };
        };
        const shapes = { a: ta ? [k, m] : [m, k], b: tb ? [n, k] : [k, n], c: wide ? [n] : [m, 1] };
        expect(difference(compute, shapes, seed)).toBeLessThan(1e-5);
      }),
      { numRuns: 80 },
    );
  });

  const few = fc.integer({ min: 1, max: 5 });
  test("batches of matrix products", () => {
    fc.assert(
      fc.property(few, few, few, few, few, fc.boolean(), fc.boolean(), seeds, (p, q, m, k, n, ta, tb, seed) => {
        const compute = ({ a, b }: Tensors) => ({ y: tf.matMul(a as tf.Tensor4D, b as tf.Tensor4D, ta, tb) });
        const shapes = { a: [p, q, ...(ta ? [k, m] : [m, k])], b: [p, q, ...(tb ? [n, k] : [k, n])] };
        expect(difference(compute, shapes, seed)).toBeLessThan(1e-5);
      }),
      { numRuns: 60 },
    );
  });
});

describe("rearranging, replay is eager", () => {
  test("concat, stack, pad, tile, split, unstack, slice, transpose and reshape", () => {
    const shapes = fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 2, maxLength: 3 });
    fc.assert(
      fc.property(shapes, seeds, (shape, seed) => {
        const compute = ({ x, y }: Tensors) => {
          const [a, b] = [x as tf.Tensor, y as tf.Tensor];
          const axis = seed % shape.length;
          const [head, ...rest] = tf.split(a, [1, (shape[axis] as number) - 1], axis) as [tf.Tensor, tf.Tensor];
          return {
            concat: tf.concat([a, tf.exp(b), head], axis),
            stack: tf.stack([a, b], axis),
            pad: tf.pad(
              tf.neg(a),
              shape.map((_, i) => [i, seed % 3] as [number, number]),
              seed % 2,
            ),
            tile: tf.tile(
              b,
              shape.map((_, i) => 1 + ((seed + i) % 3)),
            ),
            rest: tf.square(rest[0] as tf.Tensor),
            unstack: tf.unstack(a, axis).at(-1) as tf.Tensor,
            reshape: tf.reshape(tf.transpose(a), [-1]),
            wide: tf.add(tf.reshape(tf.transpose(b), [-1, shape[0] as number]), 1),
          };
        };
        expect(difference(compute, { x: shape, y: shape }, seed)).toBeLessThan(1e-6);
      }),
      { numRuns: 60 },
    );
  });
});

describe("gathering and accumulating, replay is eager", () => {
  const short = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 });
  const several = fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 });

  test("gather with indices that are known, in any order, repeated, evenly spaced or of two axes", () => {
    const kinds = ["any", "spaced", "same", "run", "table"] as const;
    fc.assert(
      fc.property(short, several, fc.constantFrom(...kinds), fc.nat(2), seeds, (shape, some, kind, which, seed) => {
        const axis = which % shape.length;
        const length = 3 * (shape[axis] as number);
        const step = kind === "spaced" ? 1 + (seed % 3) : kind === "run" ? 1 : 0;
        const start = (some[0] as number) % length;
        const even = some.map((_, at) => start + at * step).filter((place) => place < length);
        const places = kind === "any" || kind === "table" ? some.map((one) => one % length) : even;
        const indices = tf.tensor(places, kind === "table" ? [1, places.length] : [places.length], "int32");
        const compute = ({ x, dy }: Tensors) => {
          const gathered = (from: tf.Tensor) => tf.gather(from, indices, axis);
          const [gradient] = tf.grads((from) => gathered(tf.square(from)))(
            [x as tf.Tensor],
            tf.broadcastTo(tf.sum(dy as tf.Tensor), gathered(x as tf.Tensor).shape),
          ) as [tf.Tensor];
          return { y: gathered(x as tf.Tensor), gradient };
        };
        const wide = shape.map((one, at) => (at === axis ? length : one));
        expect(difference(compute, { x: wide, dy: [2] }, seed)).toBeLessThan(1e-5);
        indices.dispose();
      }),
      { numRuns: 80 },
    );
  });

  test("gather with indices that are computed, its gradient, and batches of it", () => {
    fc.assert(
      fc.property(short, several, fc.nat(2), fc.boolean(), seeds, (shape, some, which, batch, seed) => {
        const axis = batch && shape.length > 1 ? 1 : which % shape.length;
        const batchDims = axis === 1 && batch ? 1 : 0;
        const length = shape[axis] as number;
        const compute = ({ x, at }: Tensors) => {
          const indices = tf.cast(tf.mul(tf.sigmoid(at as tf.Tensor), length), "int32");
          const gathered = (from: tf.Tensor) => tf.square(tf.gather(from, indices, axis, batchDims));
          const y = gathered(x as tf.Tensor);
          const gradient = tf.grad((from) => tf.sum(gathered(from)))(x as tf.Tensor);
          const last = tf.gather(x as tf.Tensor, tf.argMax(x as tf.Tensor, -1), -1);
          return { y, gradient, last };
        };
        const places = batchDims ? [shape[0] as number, some.length] : [some.length];
        expect(difference(compute, { x: shape, at: places }, seed)).toBeLessThan(1e-5);
      }),
      { numRuns: 80 },
    );
  });

  test("what is gathered beside infinities and what is no number keeps to itself", () => {
    const compute = ({ x, at }: Tensors) => {
      const wild = tf.concat([
        x as tf.Tensor,
        tf.log(tf.zerosLike(x as tf.Tensor)),
        tf.sqrt(tf.neg(tf.abs(x as tf.Tensor))),
      ]);
      return { y: tf.gather(wild, tf.cast(tf.mul(tf.abs(at as tf.Tensor), 4), "int32")) };
    };
    expect(difference(compute, { x: [3], at: [20] }, 1)).toBe(0);
  });

  test("one-hot vectors, also of what is outside, with any two values", () => {
    fc.assert(
      fc.property(short, fc.integer({ min: 2, max: 9 }), seeds, (shape, depth, seed) => {
        const compute = ({ x }: Tensors) => {
          const indices = tf.cast(tf.mul(x as tf.Tensor, depth), "int32");
          return { plain: tf.oneHot(indices, depth), other: tf.oneHot(indices, depth, 0.3, -2, "float32") };
        };
        expect(difference(compute, { x: shape }, seed)).toBe(0);
      }),
      runs,
    );
  });

  test("reversed along any axes", () => {
    fc.assert(
      fc.property(short, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), seeds, (shape, chosen, seed) => {
        const axes = shape.map((_, axis) => axis).filter((axis) => chosen[axis]);
        const compute = ({ x }: Tensors) => ({
          some: tf.reverse(x as tf.Tensor, axes),
          all: tf.reverse(tf.square(x as tf.Tensor)),
          gradient: tf.grad((from) => tf.sum(tf.mul(tf.reverse(from, axes), x as tf.Tensor)))(x as tf.Tensor),
        });
        expect(difference(compute, { x: shape }, seed)).toBeLessThan(1e-6);
      }),
      runs,
    );
  });

  test("sums and products of all before, exclusive or not, either way", () => {
    fc.assert(
      fc.property(lengths, fc.nat(3), fc.boolean(), fc.boolean(), seeds, (shape, which, exclusive, reverse, seed) => {
        const axis = which % shape.length;
        const last = shape.length - 1;
        const compute = ({ x }: Tensors) => ({
          sums: tf.cumsum(x as tf.Tensor, axis, exclusive, reverse),
          products: tf.cumprod(x as tf.Tensor, axis, exclusive, reverse),
          // Along other axes TensorFlow.js has the gradient's axes in a wrong order.
          gradient: tf.grad((from) => tf.sum(tf.square(tf.cumsum(from, last, exclusive, reverse))))(x as tf.Tensor),
        });
        expect(difference(compute, { x: shape }, seed)).toBeLessThan(1e-5);
      }),
      { numRuns: 60 },
    );
  });

  test("any and all, along any axes", () => {
    fc.assert(
      fc.property(lengths, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), seeds, (shape, chosen, seed) => {
        const axes = shape.map((_, axis) => axis).filter((axis) => chosen[axis]);
        const compute = ({ x }: Tensors) => {
          const positive = tf.greater(x as tf.Tensor, 0);
          return { any: tf.any(positive, axes), all: tf.all(positive, axes, true), every: tf.all(positive) };
        };
        expect(difference(compute, { x: shape }, seed)).toBe(0);
      }),
      runs,
    );
  });

  test.each(["abc,cd->abd", "abc,acd->bda", "abc->b", "abc,abc->", "abc->cab", "a,e->ea"])("einsum %s", (equation) => {
    const sizes: Record<string, number> = { a: 3, b: 4, c: 5, d: 2, e: 6 };
    const shapes = (equation.split("->")[0] as string)
      .split(",")
      .map((axes) => [...axes].map((one) => sizes[one] as number));
    const compute = (inputs: Tensors) => ({ y: tf.einsum(equation, ...Object.values(inputs)) });
    expect(difference(compute, Object.fromEntries(shapes.map((one, at) => [`x${at}`, one])), 5)).toBeLessThan(1e-5);
  });
});

test("gradients of activation functions and of what is rounded", () => {
  const functions: ((x: tf.Tensor) => tf.Tensor)[] = [
    tf.relu,
    tf.relu6,
    tf.elu,
    tf.selu,
    (x) => tf.leakyRelu(x, 0.1),
    (x) => tf.prelu(x, tf.scalar(0.3)),
    tf.log1p,
    tf.expm1,
    (x) => tf.add(x, tf.add(tf.round(x), tf.add(tf.ceil(x), tf.add(tf.sign(x), tf.step(x))))),
  ];
  const compute = ({ x, alpha }: Tensors) => {
    const inner = tf.mul(x as tf.Tensor, 0.4); // log1p(x) wants more than −1
    const gradients = functions.map((one) => tf.grad((from) => tf.sum(tf.square(one(from))))(inner));
    const both = tf.grads((from, slope) => tf.sum(tf.square(tf.prelu(from, slope))));
    const [dx, dalpha] = both([x as tf.Tensor, alpha as tf.Tensor]) as [tf.Tensor, tf.Tensor];
    return { ...Object.fromEntries(gradients.map((one, at) => [`d${at}`, one])), dx, dalpha };
  };
  expect(difference(compute, { x: [5, 7], alpha: [7] }, 3)).toBeLessThan(1e-5);
});

test("integers are cut, floored and divided as TensorFlow.js does it", () => {
  const compute = ({ x, y }: Tensors) => {
    const [a, b] = [integers(x as tf.Tensor), integers(y as tf.Tensor)];
    const results = {
      quotient: tf.div(a, b),
      mean: tf.mean(a),
      power: tf.pow(a, tf.scalar(-1, "int32")),
      clipped: tf.clipByValue(a, -2.5, 7.5),
      reciprocal: tf.reciprocal(a),
      exp: tf.exp(tf.clipByValue(a, -3, 3)),
      count: tf.sum(tf.greater(a, b)),
      positions: tf.add(tf.mul(a, tf.range(0, 40, 1, "int32")), tf.range(40, 0, -1, "int32")),
      counted: tf.cumsum(tf.greater(a, b)),
      none: tf.cast(tf.div(x as tf.Tensor, 0), "int32"),
      zero: tf.reciprocal(tf.cast(tf.cast(tf.mul(x as tf.Tensor, 0.4), "int32"), "float32")),
    };
    const types = Object.fromEntries(Object.entries(results).map(([name, one]) => [name, one.dtype]));
    expect(types).toEqual({ ...integer, mean: "float32", exp: "float32", zero: "float32" });
    return results;
  };
  const integer = Object.fromEntries(
    ["quotient", "power", "clipped", "reciprocal", "count", "positions", "counted", "none"].map((one) => [
      one,
      "int32",
    ]),
  );
  expect(difference(compute, { x: [40], y: [40] }, 8)).toBeLessThan(1e-6);
});

test("any graph of such operations, and its gradients, replays as it runs eagerly", () => {
  // Square matrices, so that anything fits anything, and small numbers, so that rounding stays small: what is tested is
  // fusing, sharing and the planning of memory.
  type Step = (values: readonly tf.Tensor[], pick: (index: number) => tf.Tensor) => tf.Tensor;
  const steps: readonly Step[] = [
    (_, pick) => tf.tanh(tf.add(pick(0), pick(1))),
    (_, pick) => tf.mul(pick(0), pick(1)),
    (_, pick) => tf.tanh(tf.sub(pick(0), tf.sum(pick(1), 0))),
    (_, pick) => tf.tanh(tf.matMul(pick(0) as tf.Tensor2D, pick(1) as tf.Tensor2D)),
    (_, pick) => tf.sigmoid(tf.add(tf.matMul(pick(0) as tf.Tensor2D, pick(1) as tf.Tensor2D, false, true), pick(2))),
    (_, pick) => tf.softmax(pick(0)),
    (_, pick) => tf.transpose(pick(0)),
    (_, pick) => tf.concat([tf.slice(pick(0), [0, 2]), tf.slice(pick(1), [0, 0], [-1, 2])], 1),
    (_, pick) => tf.mul(tf.slice(pick(0), [0, 1], [-1, 1]), tf.slice(pick(1), [1, 0], [1, -1])),
    (_, pick) => tf.div(pick(0), tf.add(1, tf.sum(tf.square(pick(1)), 1, true))),
    (_, pick) => tf.sigmoid(pick(0)),
    (_, pick) => tf.pow(tf.sigmoid(pick(0)), tf.add(1, tf.softplus(pick(1)))),
    (_, pick) => tf.reshape(tf.add(tf.reshape(pick(0), [-1]), 1), pick(0).shape),
    (_, pick) => tf.maximum(pick(0), 0.3),
    (_, pick) => tf.reverse(pick(0), 0),
    (_, pick) => tf.tanh(tf.cumsum(pick(0), 1)),
    (_, pick) => tf.tanh(tf.add(pick(0), tf.sum(tf.gather(pick(1), [2, 0]), 0))),
    (_, pick) => tf.elu(pick(0)),
  ];
  const graphs = fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(100), fc.nat(100), fc.nat(100)), {
    minLength: 3,
    maxLength: 25,
  });
  fc.assert(
    fc.property(graphs, fc.integer({ min: 3, max: 9 }), seeds, (graph, size, seed) => {
      const build = (x: tf.Tensor, y: tf.Tensor) => {
        const values = [x, y];
        for (const [step, ...picks] of graph) {
          values.push((steps[step] as Step)(values, (i) => values[(picks[i] as number) % values.length] as tf.Tensor));
        }
        return values.slice(-3);
      };
      const compute = ({ x, y }: Tensors) => {
        const loss = (a: tf.Tensor, b: tf.Tensor) =>
          tf.mean(tf.addN([tf.add(a, b), ...build(a, b)].map((value) => tf.tanh(value))));
        const [dx, dy] = tf.grads(loss)([x as tf.Tensor, y as tf.Tensor]) as [tf.Tensor, tf.Tensor];
        const [p, q, r] = build(x as tf.Tensor, y as tf.Tensor) as [tf.Tensor, tf.Tensor, tf.Tensor];
        return { p: tf.tanh(p), q: tf.tanh(q), r: tf.tanh(r), dx: tf.tanh(dx), dy: tf.tanh(dy) };
      };
      expect(difference(compute, { x: [size, size], y: [size, size] }, seed)).toBeLessThan(1e-4);
    }),
    { numRuns: 150 },
  );
});
