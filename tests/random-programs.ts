// Random small programs of TensorFlow.js operations, with constants, broadcasts and empty axes among their operands.
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { sizeOf } from "../src/tensors/named-array.js";
import { random } from "../src/tensors/random.js";
import type { Tensors } from "../src/tensors/tensors.js";

/** An operation, and numbers by which it chooses its operands, axes and lengths. What does not fit is passed over. */
export interface Instruction {
  readonly operation: string;
  readonly choices: readonly number[];
}

export interface RandomProgram {
  readonly shapes: readonly (readonly number[])[];
  readonly body: readonly Instruction[];
  readonly seed: number;
  readonly gradients: boolean;
}

type Choose = (below: number) => number;
type Operation = (x: tf.Tensor, choose: Choose, pool: readonly tf.Tensor[]) => tf.Tensor | undefined;

const numbers = [0, 1, 2, -1, -0, 0.5, -2, 3];
const flag = (choose: Choose): boolean => choose(2) === 1;
const pick = <T>(choose: Choose, from: readonly T[]): T => from[choose(from.length)] as T;

/** A shape that broadcasts with another: axes of length one or missing, or longer where the other has one. */
function fitting(shape: readonly number[], choose: Choose): number[] {
  const longer = shape.map((length) => (length === 1 && choose(4) === 0 ? choose(4) : length));
  return longer.map((length) => (choose(3) === 0 ? 1 : length)).slice(choose(4) === 0 ? choose(shape.length + 1) : 0);
}

/** Another operand: a tensor at hand that broadcasts, a part of one, or a constant. */
function other(x: tf.Tensor, choose: Choose, pool: readonly tf.Tensor[]): tf.Tensor {
  const found = pick(choose, pool);
  if (choose(3) > 0 && broadcasts(found.shape, x.shape)) return found;
  return tf.fill(fitting(x.shape, choose), pick(choose, numbers));
}

function broadcasts(one: readonly number[], two: readonly number[]): boolean {
  return one.every((length, axis) => {
    const met = two[axis - one.length + two.length] ?? 1;
    return length === met || length === 1 || met === 1;
  });
}

/** Some of the axes, perhaps none, in order. */
const axesOf = (x: tf.Tensor, choose: Choose): number[] => [...x.shape.keys()].filter(() => flag(choose));
const axisOf = (x: tf.Tensor, choose: Choose): number | undefined => (x.rank === 0 ? undefined : choose(x.rank));

const number = (x: tf.Tensor): tf.Tensor => tf.cast(x, "float32");
const unary = (compute: (x: tf.Tensor) => tf.Tensor): Operation => compute;
const binary =
  (compute: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor): Operation =>
  (x, choose, pool) => {
    const y = other(x, choose, pool);
    return flag(choose) ? compute(x, y) : compute(y, x);
  };
const reduction =
  (compute: (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor): Operation =>
  (x, choose) =>
    compute(x, axesOf(x, choose), flag(choose));
const along =
  (compute: (x: tf.Tensor, axis: number, choose: Choose) => tf.Tensor | undefined): Operation =>
  (x, choose) => {
    const axis = axisOf(x, choose);
    return axis === undefined ? undefined : compute(x, axis, choose);
  };

const start = (x: tf.Tensor, choose: Choose): number[] => x.shape.map((length) => choose(length + 1));

const operations: Readonly<Record<string, Operation>> = {
  abs: unary(tf.abs),
  ceil: unary(tf.ceil),
  clip: unary((x) => tf.clipByValue(x, -1, 2)),
  elu: unary(tf.elu),
  exp: unary((x) => tf.exp(tf.clipByValue(x, -9, 9))),
  expm1: unary((x) => tf.expm1(tf.clipByValue(x, -9, 9))),
  floor: unary(tf.floor),
  isNaN: unary((x) => number(tf.isNaN(x))),
  leakyRelu: unary((x) => tf.leakyRelu(x, 0.25)),
  log: unary((x) => tf.log(tf.abs(x))),
  log1p: unary((x) => tf.log1p(tf.abs(x))),
  neg: unary(tf.neg),
  not: unary((x) => number(tf.logicalNot(tf.greater(x, 0)))),
  reciprocal: unary(tf.reciprocal),
  relu: unary(tf.relu),
  round: unary(tf.round),
  rsqrt: unary((x) => tf.rsqrt(tf.abs(x))),
  selu: unary(tf.selu),
  sigmoid: unary(tf.sigmoid),
  sign: unary(tf.sign),
  softplus: unary(tf.softplus),
  sqrt: unary((x) => tf.sqrt(tf.abs(x))),
  square: unary(tf.square),
  step: unary((x) => tf.step(x, 0.5)),
  tanh: unary(tf.tanh),
  toInteger: unary((x) => number(tf.cast(x, "int32"))),
  onesLike: unary(tf.onesLike),
  zerosLike: unary(tf.zerosLike),

  add: binary(tf.add),
  div: binary(tf.div),
  divNoNan: binary(tf.divNoNan),
  equal: binary((x, y) => number(tf.equal(x, y))),
  greater: binary((x, y) => number(tf.greater(x, y))),
  lessEqual: binary((x, y) => number(tf.lessEqual(x, y))),
  maximum: binary(tf.maximum),
  minimum: binary(tf.minimum),
  mul: binary(tf.mul),
  notEqual: binary((x, y) => number(tf.notEqual(x, y))),
  pow: binary((x, y) => tf.pow(tf.abs(x), tf.clipByValue(y, -4, 4))), // of ±1 to an infinite power backends differ
  powOfAny: (x, choose) => tf.pow(x, tf.fill(fitting(x.shape, choose), pick(choose, [0, 1, 2, -1, 3]))),
  prelu: binary((x, y) => tf.prelu(x, y)),
  squaredDifference: binary(tf.squaredDifference),
  sub: binary(tf.sub),
  where: (x, choose, pool) => {
    const y = other(x, choose, pool);
    const condition = tf.greater(other(x, choose, pool), pick(choose, numbers));
    return flag(choose) ? tf.where(condition, x, y) : tf.where(condition, y, x);
  },

  sum: reduction((x, axes, keep) => tf.sum(x, axes, keep)),
  mean: reduction((x, axes, keep) => tf.mean(x, axes, keep)),
  max: reduction((x, axes, keep) => tf.max(x, axes, keep)),
  min: reduction((x, axes, keep) => tf.min(x, axes, keep)),
  prod: reduction((x, axes, keep) => tf.prod(x, axes, keep)),
  any: reduction((x, axes, keep) => number(tf.any(tf.greater(x, 0), axes, keep))),
  all: reduction((x, axes, keep) => number(tf.all(tf.greater(x, 0), axes, keep))),
  argMax: along((x, axis) => number(tf.argMax(x, axis))),
  argMin: along((x, axis) => number(tf.argMin(x, axis))),
  logSumExp: reduction((x, axes, keep) => tf.logSumExp(x, axes, keep)),
  softmax: (x) => (x.rank === 0 ? undefined : tf.softmax(x)),
  logSoftmax: (x) => (x.rank === 0 ? undefined : tf.logSoftmax(x)),
  cumsum: along((x, axis, choose) => tf.cumsum(x, axis, flag(choose), flag(choose))),
  cumprod: along((x, axis, choose) => tf.cumprod(x, axis, flag(choose), flag(choose))),
  norm: along((x, axis, choose) => tf.norm(x, "euclidean", axis, flag(choose))),

  matMul: (x, choose, pool) => {
    if (x.rank < 2) return undefined;
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    const [turnLeft, turnRight] = [flag(choose), flag(choose)];
    const inner = turnLeft ? rows : columns;
    const fits = pool.filter(({ shape }) => {
      return (
        shape.length === x.rank &&
        shape.at(turnRight ? -1 : -2) === inner &&
        `${shape.slice(0, -2)}` === `${x.shape.slice(0, -2)}`
      );
    });
    if (fits.length > 0 && choose(3) > 0) return tf.matMul(x, pick(choose, fits), turnLeft, turnRight);
    const [more, value] = [choose(5), pick(choose, numbers)];
    const batch = x.shape.slice(0, -2).map((length) => (flag(choose) ? 1 : length));
    return tf.matMul(
      x,
      tf.fill([...batch, ...(turnRight ? [more, inner] : [inner, more])], value),
      turnLeft,
      turnRight,
    );
  },
  outer: (x, choose, pool) => {
    const y = pick(choose, pool);
    return x.rank === 1 && y.rank === 1 ? tf.einsum("a,b->ab", x, y) : undefined;
  },

  broadcastTo: (x, choose) => {
    return tf.broadcastTo(x, [
      ...Array(choose(2)).fill(choose(4)),
      ...x.shape.map((one) => (one === 1 ? choose(4) : one)),
    ]);
  },
  concat: along((x, axis, choose) => {
    const cut = choose((x.shape[axis] as number) + 1);
    const parts = tf.split(x, [cut, (x.shape[axis] as number) - cut], axis);
    const border = tf.fill(
      x.shape.map((length, index) => (index === axis ? choose(3) : length)),
      pick(choose, numbers),
    );
    return tf.concat([...parts.reverse(), border], axis);
  }),
  expandDims: (x, choose) => (x.rank > 3 ? undefined : tf.expandDims(x, choose(x.rank + 1))),
  gather: along((x, axis, choose) => {
    const length = x.shape[axis] as number;
    const places = length === 0 ? [] : Array.from({ length: choose(4) }, () => choose(length));
    return tf.gather(x, tf.tensor1d(places, "int32"), axis);
  }),
  pad: (x, choose) => {
    const border = x.shape.map(() => [choose(3), choose(2)] as [number, number]);
    return x.rank === 0 ? undefined : tf.pad(x, border, pick(choose, numbers));
  },
  reshape: (x, choose) => {
    const [cut, size] = [choose(x.rank + 1), x.size];
    const joined = [x.shape.slice(0, cut), x.shape.slice(cut)].map(sizeOf);
    return tf.reshape(x, flag(choose) ? [size] : size % 2 === 0 && flag(choose) ? [2, size / 2] : joined);
  },
  reverse: (x, choose) => (x.rank === 0 ? undefined : tf.reverse(x, axesOf(x, choose))),
  slice: (x, choose) => {
    if (x.rank === 0) return undefined;
    const from = start(x, choose);
    return tf.slice(
      x,
      from,
      x.shape.map((length, axis) => choose(length - (from[axis] as number) + 1)),
    );
  },
  squeeze: (x) => (x.shape.includes(1) ? tf.squeeze(x) : undefined),
  stack: (x, choose, pool) => {
    if (x.rank > 3) return undefined;
    const same = pool.filter(({ shape }) => `${shape}` === `${x.shape}`);
    return tf.stack(
      [x, same.length > 0 ? pick(choose, same) : x, tf.fill(x.shape, pick(choose, numbers))],
      choose(x.rank + 1),
    );
  },
  tile: (x, choose) =>
    x.rank === 0
      ? undefined
      : tf.tile(
          x,
          x.shape.map(() => choose(3)),
        ),
  transpose: (x, choose) => {
    const order = [...x.shape.keys()];
    const chosen = order.map(() => order.splice(choose(order.length), 1)[0] as number);
    return tf.transpose(x, chosen);
  },
  unstack: along((x, axis, choose) => {
    if (x.shape[axis] === 0) return undefined;
    const parts = tf.unstack(x, axis);
    return parts[choose(parts.length)] ?? tf.scalar(1);
  }),
};

export const operationNames: readonly string[] = Object.keys(operations);

/**
 * Operations of which TensorFlow.js knows no gradient (or, of gathering, one that spreads NaN to its neighbours): programs
 * whose gradients are wanted leave them out.
 */
const withoutGradient = new Set(
  "all any argMax argMin cumprod equal gather greater isNaN lessEqual not notEqual outer where".split(" "),
);

const mostNumbers = 400;
const shape = fc.array(fc.constantFrom(0, 1, 1, 2, 2, 3, 4, 5), { minLength: 0, maxLength: 3 });

/** Programs that shrink to few instructions. */
export const randomPrograms: fc.Arbitrary<RandomProgram> = fc.record({
  shapes: fc.array(shape, { minLength: 1, maxLength: 3 }),
  body: fc.array(
    fc.record({
      operation: fc.constantFrom(...operationNames),
      choices: fc.array(fc.nat(59), { minLength: 12, maxLength: 12 }),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  seed: fc.nat(1e6),
  gradients: fc.boolean(),
});

/** Numbers for the inputs: those at which operations are special, and others. */
export function inputsOf({ shapes, seed }: RandomProgram): Record<string, tf.Tensor> {
  const source = random(seed);
  const one = () =>
    source.uniform() < 0.5 ? pick((below) => source.integer(0, below - 1), numbers) : source.uniform() * 4 - 2;
  return Object.fromEntries(
    shapes.map((lengths, index) => [
      `x${index}`,
      tf.tensor(Float32Array.from({ length: sizeOf(lengths) }, one), [...lengths]),
    ]),
  );
}

/** Tensors from outside that a program uses: some share their numbers and differ in shape. */
export function outsideOf({ shapes, seed }: RandomProgram): tf.Tensor[] {
  const [lengths = []] = shapes;
  const outside = inputsOf({ shapes: [lengths], seed: seed + 1, body: [], gradients: false }).x0 as tf.Tensor;
  return [tf.reshape(outside, [...lengths].reverse()), tf.expandDims(outside, 0), outside].slice(seed % 4);
}

/**
 * What a program computes from its inputs: its last results, and perhaps the gradients of their sum.
 *
 * @param outside tensors that are no inputs
 * @param change what becomes of every result on the way
 */
export function computed(
  program: RandomProgram,
  inputs: Tensors,
  outside: readonly tf.Tensor[],
  change = (x: tf.Tensor): tf.Tensor => x,
): Tensors {
  const forward = (given: readonly tf.Tensor[]): tf.Tensor[] => {
    const pool = [...outside, ...given];
    for (const { operation, choices } of program.body) {
      let at = 0;
      // Where the choices are used up they are gone through again, moved on by one.
      const choose: Choose = (below) => ((choices[at++ % choices.length] as number) + at) % Math.max(1, below);
      const x = pool[Math.max(0, pool.length - 1 - choose(3))] as tf.Tensor;
      if (program.gradients && withoutGradient.has(operation)) continue;
      const result = (operations[operation] as Operation)(x, choose, pool);
      if (result && result.size <= mostNumbers && result.rank <= 5) pool.push(change(result));
    }
    return pool.slice(-3);
  };
  const given = Object.values(inputs);
  const outputs = forward(given);
  const named = (name: string, all: readonly tf.Tensor[]) => all.map((one, index) => [`${name}${index}`, one] as const);
  if (!program.gradients) return Object.fromEntries(named("y", outputs));
  const loss = (...all: tf.Tensor[]) => tf.addN([...forward(all), ...all].map((one) => tf.sum(one))) as tf.Scalar;
  return Object.fromEntries([...named("y", outputs), ...named("dx", tf.grads(loss)([...given]))]);
}

/** A program as a person reads it. */
export function described({ shapes, body, gradients, seed }: RandomProgram): string {
  const inputs = shapes.map((lengths, index) => `x${index}[${lengths}]`).join(", ");
  const lines = body.map(({ operation, choices }) => `  ${operation} ${choices}`);
  return [`${inputs}, seed ${seed}${gradients ? ", with gradients" : ""}`, ...lines].join("\n");
}
