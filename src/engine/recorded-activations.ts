// Kernels of TensorFlow.js that are activation functions, and a derivative that it has a kernel for, in terms of the graph.
import { backend_util } from "@tensorflow/tfjs-core";
import { type Graph, map, type Node, uniform } from "./graph.js";
import { first, type Note, type RecordedKernel, type RecordedKernels } from "./recorded-kernel.js";

const kernels: Record<string, RecordedKernel> = {};
const define = (name: string, note: Note, how: Omit<RecordedKernel, "note"> = {}): void => {
  kernels[name] = { note, ...how };
};

const number = (graph: Graph, value: number): Node => uniform(graph, value, []);

/** The one where x is at least 0 (or above it), the other elsewhere, also where x is no number. */
const bySign = (graph: Graph, x: Node, one: Node, other: Node, compare: "greaterEqual" | "greater" = "greaterEqual") =>
  map(graph, "select", [map(graph, compare, [x, number(graph, 0)]), one, other]);

/** eˣ − 1 = tanh(x/2)·(eˣ + 1), which does not cancel near 0. */
function powerLessOne(graph: Graph, x: Node): Node {
  const half = map(graph, "tanh", [map(graph, "multiply", [x, number(graph, 0.5)])]);
  return map(graph, "multiply", [half, map(graph, "add", [map(graph, "exp", [x]), number(graph, 1)])]);
}
const scaled = (graph: Graph, x: Node, by: number): Node => map(graph, "multiply", [x, number(graph, by)]);

define("Relu", (graph, inputs) => map(graph, "maximum", [first(inputs), number(graph, 0)]));
define("Relu6", (graph, inputs) => {
  return map(graph, "minimum", [map(graph, "maximum", [first(inputs), number(graph, 0)]), number(graph, 6)]);
});
define("Expm1", (graph, [x]) => powerLessOne(graph, x as Node), { breaks: true });
define("Elu", (graph, [x]) => bySign(graph, x as Node, x as Node, powerLessOne(graph, x as Node)), { breaks: true });
define(
  "Selu",
  (graph, [x]) => {
    const below = scaled(graph, powerLessOne(graph, x as Node), backend_util.SELU_SCALEALPHA);
    return bySign(graph, x as Node, scaled(graph, x as Node, backend_util.SELU_SCALE), below);
  },
  { breaks: true },
);
define("LeakyRelu", (graph, [x], { alpha }) => bySign(graph, x as Node, x as Node, scaled(graph, x as Node, alpha)), {
  dtype: "float32",
});
define(
  "Prelu",
  (graph, [x, alpha]) => bySign(graph, x as Node, x as Node, map(graph, "multiply", [x as Node, alpha as Node])),
  { dtype: "float32" },
);
define(
  "Step",
  (graph, [x], { alpha }) => {
    const isNumber = map(graph, "equal", [x as Node, x as Node]);
    const below = map(graph, "select", [isNumber, number(graph, alpha), x as Node]);
    return bySign(graph, x as Node, number(graph, 1), below, "greater");
  },
  { breaks: true },
);
/** Of the function's value y, which is eˣ − 1 below 0. */
define(
  "EluGrad",
  (graph, [dy, y]) => {
    const below = map(graph, "multiply", [dy as Node, map(graph, "add", [y as Node, number(graph, 1)])]);
    return bySign(graph, y as Node, dy as Node, below);
  },
  { dtype: "float32" },
);

/** Activation functions, by name. */
export const recordedActivations: RecordedKernels = kernels;
