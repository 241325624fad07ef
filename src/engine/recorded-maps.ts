// Kernels of TensorFlow.js that work element by element, in terms of the graph.

import { constant, type Graph, map, type Node, uniform } from "./graph.js";
import type { MapOperation } from "./operations.js";
import {
  first,
  knownNumbers,
  type Note,
  NotRecordable,
  type RecordedKernel,
  type RecordedKernels,
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
  define(name, (graph, inputs) => map(graph, operation, inputs));
}

const breaking: Readonly<Record<string, MapOperation>> = {
  Log: "log",
  Pow: "power",
  RealDiv: "divide",
  Sigmoid: "sigmoid",
  Softplus: "softplus",
  Sqrt: "squareRoot",
  Tanh: "tanh",
};
for (const [name, operation] of Object.entries(breaking)) {
  define(name, (graph, inputs) => map(graph, operation, inputs), { breaks: true });
}
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

define("Select", (graph, inputs) => {
  const [condition, ...others] = inputs.map(({ shape }) => `[${shape}]`);
  if (others.some((shape) => shape !== condition)) {
    // An axis that is empty in one of them only: TensorFlow.js then makes up a number.
    throw new NotRecordable(`The shapes ${condition} and ${others.join(" and ")} of a selection differ.`);
  }
  return map(graph, "select", inputs);
});

const number = (graph: Graph, value: number): Node => uniform(graph, value, []);
const square = (graph: Graph, node: Node): Node => map(graph, "multiply", [node, node]);

define("AddN", (graph, inputs) => inputs.reduce((sum, node) => map(graph, "add", [sum, node])));
define(
  "ClipByValue",
  (graph, inputs, { clipValueMin, clipValueMax }) => {
    const above = map(graph, "maximum", [first(inputs), number(graph, clipValueMin)]);
    return map(graph, "minimum", [above, number(graph, clipValueMax)]);
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
/** eˣ − 1 = tanh(x/2)·(eˣ + 1), which does not cancel near 0. */
define(
  "Expm1",
  (graph, [x]) => {
    const half = map(graph, "tanh", [map(graph, "multiply", [x as Node, number(graph, 0.5)])]);
    return map(graph, "multiply", [half, map(graph, "add", [map(graph, "exp", [x as Node]), number(graph, 1)])]);
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
define("Fill", (graph, _inputs, { value, shape }) => uniform(graph, value, shape));
define("Range", (graph, _inputs, { start, stop, step, dtype }) => {
  const by = stop < start && step === 1 ? -1 : step; // as TensorFlow.js reads it
  const length = Math.max(0, Math.ceil((stop - start) / by));
  if (Math.max(Math.abs(start), Math.abs(stop)) > mostCounted && dtype === "int32")
    throw new NotRecordable(`The whole numbers from ${start} to ${stop} are met; float32 does not hold them all.`);
  return constant(
    graph,
    Float32Array.from({ length }, (_, at) => start + at * by),
    [length],
  );
});

/** Element-wise kernels, by name. */
export const recordedMaps: RecordedKernels = kernels;
