// Kernels of TensorFlow.js that work element by element, in terms of the graph.

import { constant, type Graph, map, type Node, uniform } from "./graph.js";
import type { MapOperation } from "./operations.js";
import { rounded } from "./recorded-integers.js";
import {
  first,
  knownNumbers,
  type Note,
  NotRecordable,
  type RecordedKernel,
  type RecordedKernels,
  refuseMixed,
} from "./recorded-kernel.js";
import { mostCounted } from "./recorded-pieces.js";

const kernels: Record<string, RecordedKernel> = {};
const define = (name: string, note: Note, how: Omit<RecordedKernel, "note"> = {}): void => {
  kernels[name] = { note, ...how };
};

const elementWise: Readonly<Record<string, MapOperation>> = {
  Abs: "absolute",
  Add: "add",
  Floor: "floor",
  Maximum: "maximum",
  Minimum: "minimum",
  Multiply: "multiply",
  Neg: "negate",
  Sub: "subtract",
};
for (const [name, operation] of Object.entries(elementWise)) {
  define(name, (graph, inputs, _, types) => {
    // TensorFlow.js counts in bytes there: 1 + 1 is 2, which is neither true nor false, and 0 − 1 is 255.
    if (types.includes("bool")) throw new NotRecordable(`${name} of bool is met; cast it to float32 first.`);
    return map(graph, operation, inputs);
  });
}

const breaking: Readonly<Record<string, MapOperation>> = {
  Log: "log",
  RealDiv: "divide",
  Sigmoid: "sigmoid",
  Softplus: "softplus",
  Sqrt: "squareRoot",
  Tanh: "tanh",
};
for (const [name, operation] of Object.entries(breaking)) {
  define(name, (graph, inputs) => map(graph, operation, inputs), { breaks: true });
}
/** Of whole numbers too: a power that is a rounding below a whole number would be cut to the one before. */
define(
  "Pow",
  (graph, inputs, _, types) => {
    const power = map(graph, "power", inputs);
    return types.includes("int32") ? rounded(graph, power) : power;
  },
  { breaks: true },
);
define("Exp", (graph, inputs) => map(graph, "exp", inputs), { dtype: "float32" });

const comparisons: Readonly<Record<string, MapOperation>> = {
  Equal: "equal",
  Greater: "greater",
  GreaterEqual: "greaterEqual",
  Less: "less",
  LessEqual: "lessEqual",
  LogicalAnd: "multiply", // of 0 and 1
  LogicalNot: "not",
  LogicalOr: "maximum",
  NotEqual: "notEqual",
};
for (const [name, operation] of Object.entries(comparisons)) {
  define(name, (graph, inputs) => map(graph, operation, inputs), { dtype: "bool" });
}

define("Select", (graph, inputs, _, types) => {
  refuseMixed("Select", types.slice(1));
  const [condition, ...others] = inputs.map(({ shape }) => `[${shape}]`);
  if (others.some((shape) => shape !== condition)) {
    // It broadcasts all three, but not to an axis of length 0: then it takes numbers that are not there.
    throw new NotRecordable(`The shapes ${condition} and ${others.join(" and ")} of a selection differ.`);
  }
  return map(graph, "select", inputs);
});

const number = (graph: Graph, value: number): Node => uniform(graph, value, []);
const square = (graph: Graph, node: Node): Node => map(graph, "multiply", [node, node]);

define("AddN", (graph, inputs) => inputs.reduce((sum, node) => map(graph, "add", [sum, node]), number(graph, 0)));
define(
  "ClipByValue",
  (graph, [x], { clipValueMin, clipValueMax }) => {
    const [least, most] = [number(graph, clipValueMin), number(graph, clipValueMax)];
    if (clipValueMin !== 0 && clipValueMax !== 0) {
      return map(graph, "minimum", [map(graph, "maximum", [x as Node, least]), most]);
    }
    // Of ±0 the sign is kept.
    const below = map(graph, "select", [map(graph, "greater", [x as Node, most]), most, x as Node]);
    return map(graph, "select", [map(graph, "less", [x as Node, least]), least, below]);
  },
  { breaks: true },
);
define("Reciprocal", (graph, inputs) => map(graph, "divide", [number(graph, 1), first(inputs)]), { breaks: true });
define("Rsqrt", (graph, inputs) => map(graph, "divide", [number(graph, 1), map(graph, "squareRoot", inputs)]), {
  breaks: true,
});
define("Square", (graph, inputs) => square(graph, first(inputs)));
define("SquaredDifference", (graph, inputs) => square(graph, map(graph, "subtract", inputs)));
define("Sign", (graph, inputs) => {
  const [above, under] = (["greater", "less"] as const).map((side) => {
    return map(graph, side, [first(inputs), number(graph, 0)]);
  }) as [Node, Node];
  return map(graph, "subtract", [above, under]);
});
define("IsNan", (graph, inputs) => map(graph, "notEqual", [first(inputs), first(inputs)]), { dtype: "bool" });
/** log(1 + x), with what 1 + x rounds away added back where that counts. */
define(
  "Log1p",
  (graph, [x]) => {
    const sum = map(graph, "add", [x as Node, number(graph, 1)]);
    const lost = map(graph, "subtract", [x as Node, map(graph, "subtract", [sum, number(graph, 1)])]);
    const small = map(graph, "less", [map(graph, "absolute", [x as Node]), number(graph, 1)]);
    const correction = map(graph, "select", [small, map(graph, "divide", [lost, sum]), number(graph, 0)]);
    const isZero = map(graph, "equal", [x as Node, number(graph, 0)]); // of which the sign is kept
    return map(graph, "select", [isZero, x as Node, map(graph, "add", [map(graph, "log", [sum]), correction])]);
  },
  { breaks: true },
);
for (const [name, compute] of [
  ["Sin", Math.sin],
  ["Cos", Math.cos],
] as const) {
  define(name, (graph, inputs) => {
    const known = knownNumbers(first(inputs));
    if (!known) throw new NotRecordable(`The operation ${name} can be replayed of constants only.`);
    return constant(graph, known.map(compute), first(inputs).shape);
  });
}
define("OnesLike", (graph, inputs) => uniform(graph, 1, first(inputs).shape));
define("ZerosLike", (graph, inputs) => uniform(graph, 0, first(inputs).shape));
define("Fill", (graph, _inputs, { value, shape }) => uniform(graph, value, shape), { breaks: true });
define("Range", (graph, _inputs, { start, stop, step, dtype }) => {
  const given = [start, stop, step];
  if (dtype === "int32" && !given.every((one) => Number.isInteger(one) && Math.abs(one) <= mostCounted)) {
    throw new NotRecordable(
      `Whole numbers from ${start} to ${stop} by ${step} are met; float32 does not hold them all.`,
    );
  }
  const numbers = rangeOf(start, stop, step);
  return constant(graph, numbers, [numbers.length]);
});

/** As TensorFlow.js has it: step by step in float32, downwards by 1 where the step is 1 or was left out. */
function rangeOf(start: number, stop: number, step: number): Float32Array {
  const isNone = start === stop || (start < stop && step < 0) || (stop < start && step > 1);
  const numbers = new Float32Array(isNone ? 0 : Math.abs(Math.ceil((stop - start) / step)));
  const by = stop < start && step === 1 ? -1 : step;
  for (let at = 0; at < numbers.length; at++) numbers[at] = at === 0 ? start : (numbers[at - 1] as number) + by;
  return numbers;
}

/** Element-wise kernels, by name. */
export const recordedMaps: RecordedKernels = kernels;
