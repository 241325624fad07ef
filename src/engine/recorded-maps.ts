// Kernels of TensorFlow.js that work element by element, in terms of the graph.

import type { DataType } from "@tensorflow/tfjs-core";
import { type Graph, map, type Node, uniform } from "./graph.js";
import type { MapOperation } from "./operations.js";
import { first, type Note, type RecordedKernel, type RecordedKernels } from "./recorded-kernel.js";

const kernels: Record<string, RecordedKernel> = {};
const define = (name: string, note: Note, dtype?: DataType): void => {
  kernels[name] = dtype ? { note, dtype } : { note };
};

const elementWise: Readonly<Record<string, MapOperation>> = {
  Abs: "absolute",
  Add: "add",
  Exp: "exp",
  Floor: "floor",
  Log: "log",
  Maximum: "maximum",
  Minimum: "minimum",
  Multiply: "multiply",
  Neg: "negate",
  Pow: "power",
  RealDiv: "divide",
  Select: "select",
  Sigmoid: "sigmoid",
  Softplus: "softplus",
  Sqrt: "squareRoot",
  Sub: "subtract",
  Tanh: "tanh",
};
for (const [name, operation] of Object.entries(elementWise)) {
  define(name, (graph, inputs) => map(graph, operation, inputs));
}

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
  define(name, (graph, inputs) => map(graph, operation, inputs), "bool");
}

const one = (graph: Graph): Node => uniform(graph, 1, []);
const square = (graph: Graph, node: Node): Node => map(graph, "multiply", [node, node]);

define("AddN", (graph, inputs) => inputs.reduce((sum, node) => map(graph, "add", [sum, node])));
define("ClipByValue", (graph, inputs, { clipValueMin, clipValueMax }) => {
  const above = map(graph, "maximum", [first(inputs), uniform(graph, clipValueMin, [])]);
  return map(graph, "minimum", [above, uniform(graph, clipValueMax, [])]);
});
define("Reciprocal", (graph, inputs) => map(graph, "divide", [one(graph), first(inputs)]));
define("Relu", (graph, inputs) => map(graph, "maximum", [first(inputs), uniform(graph, 0, [])]));
define("Rsqrt", (graph, inputs) => map(graph, "divide", [one(graph), map(graph, "squareRoot", inputs)]));
define("Square", (graph, inputs) => square(graph, first(inputs)));
define("SquaredDifference", (graph, inputs) => square(graph, map(graph, "subtract", inputs)));
define("OnesLike", (graph, inputs) => uniform(graph, 1, first(inputs).shape));
define("ZerosLike", (graph, inputs) => uniform(graph, 0, first(inputs).shape));
define("Fill", (graph, _inputs, { value, shape }) => uniform(graph, value, shape));
define("Cast", (graph, inputs, { dtype }) => {
  if (dtype === "bool") return map(graph, "notEqual", [first(inputs), uniform(graph, 0, [])]);
  return dtype === "int32" ? map(graph, "truncate", inputs) : first(inputs);
});

/** Element-wise kernels, by name. */
export const recordedMaps: RecordedKernels = kernels;
