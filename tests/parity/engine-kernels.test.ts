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
        const replayed = (found[name] as tf.Tensor).dataSync();
        return (tensor.dataSync() as Float32Array).reduce((worst, value, i) => {
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

describe("element by element, replay is eager", () => {
  const unary: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    abs: tf.abs,
    clip: (x) => tf.clipByValue(x, -0.5, 1),
    exp: tf.exp,
    floor: tf.floor,
    log: (x) => tf.log(tf.abs(x)),
    neg: tf.neg,
    not: (x) => tf.cast(tf.logicalNot(tf.greater(x, 0)), "float32"),
    reciprocal: tf.reciprocal,
    relu: tf.relu,
    rsqrt: (x) => tf.rsqrt(tf.abs(x)),
    sigmoid: tf.sigmoid,
    softplus: (x) => tf.softplus(tf.mul(x, 6)),
    sqrt: (x) => tf.sqrt(tf.abs(x)),
    square: tf.square,
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
    greater: (x, y) => tf.cast(tf.greater(x, y), "float32"),
    greaterEqual: (x, y) => tf.cast(tf.greaterEqual(tf.floor(x), tf.floor(y)), "float32"),
    less: (x, y) => tf.cast(tf.less(x, y), "float32"),
    lessEqual: (x, y) => tf.cast(tf.lessEqual(tf.floor(x), tf.floor(y)), "float32"),
    maximum: tf.maximum,
    minimum: tf.minimum,
    mul: tf.mul,
    notEqual: (x, y) => tf.cast(tf.notEqual(tf.floor(x), tf.floor(y)), "float32"),
    or: (x, y) => tf.cast(tf.logicalOr(tf.greater(x, 0), tf.greater(y, 0)), "float32"),
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
          sum: tf.sum(tf.square(x as tf.Tensor), axes.length > 0 ? axes : undefined),
          mean: tf.mean(x as tf.Tensor, axes.length > 0 ? axes : undefined, true),
          max: tf.max(x as tf.Tensor, axes.length > 0 ? axes : undefined),
          min: tf.min(x as tf.Tensor, axes.length > 0 ? axes : undefined, true),
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
