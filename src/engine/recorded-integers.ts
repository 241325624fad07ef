// Kernels of TensorFlow.js that make numbers whole, or need whole ones, in terms of the graph.
import type { DataType } from "@tensorflow/tfjs-core";
import { type Graph, map, type Node, uniform } from "./graph.js";
import { first, type Note, NotRecordable, type RecordedKernel, type RecordedKernels } from "./recorded-kernel.js";

const kernels: Record<string, RecordedKernel> = {};
const define = (name: string, note: Note, how: Omit<RecordedKernel, "note"> = {}): void => {
  kernels[name] = { note, ...how };
};

const number = (graph: Graph, value: number): Node => uniform(graph, value, []);

define("Ceil", (graph, inputs) => {
  return map(graph, "negate", [map(graph, "floor", [map(graph, "negate", inputs)])]);
});
define("Round", (graph, inputs) => rounded(graph, first(inputs)));
define(
  "FloorDiv",
  (graph, inputs, _, types) => {
    onlyIntegers("FloorDiv", types);
    return map(graph, "floor", [map(graph, "divide", inputs)]);
  },
  { dtype: "int32", breaks: true },
);
define(
  "Mod",
  (graph, inputs, _, types) => {
    onlyIntegers("Mod", types);
    const whole = map(graph, "floor", [map(graph, "divide", inputs)]);
    return map(graph, "subtract", [first(inputs), map(graph, "multiply", [whole, inputs[1] as Node])]);
  },
  { breaks: true },
);
define("Cast", (graph, inputs, { dtype }, types) => {
  if (dtype === "bool") return map(graph, "notEqual", [first(inputs), number(graph, 0)]);
  if (dtype === "int32") return integer(graph, first(inputs));
  return types[0] === "int32" ? map(graph, "add", [first(inputs), number(graph, 0)]) : first(inputs); // int32 has no −0
});

/** Kernels of whole numbers, by name. */
export const recordedIntegers: RecordedKernels = kernels;

/** A number as an int32 keeps it: without what stands after the point; 0 for −0, for what is no number, or infinite. */
export function integer(graph: Graph, node: Node): Node {
  const whole = map(graph, "truncate", [node]);
  const isOther = map(graph, "equal", [map(graph, "divide", [whole, whole]), number(graph, 1)]); // finite and not 0
  return map(graph, "select", [isOther, whole, number(graph, 0)]);
}

/** To the nearest whole number, halves to the even one: float32 from 2²³ on have no digit after the point. */
export function rounded(graph: Graph, x: Node): Node {
  const [size, whole] = [map(graph, "absolute", [x]), number(graph, 2 ** 23)];
  const near = map(graph, "subtract", [map(graph, "add", [size, whole]), whole]);
  const signed = map(graph, "select", [map(graph, "less", [x, number(graph, 0)]), map(graph, "negate", [near]), near]);
  const isBroken = map(graph, "multiply", [
    map(graph, "less", [size, whole]),
    map(graph, "greater", [size, number(graph, 0)]),
  ]);
  return map(graph, "select", [isBroken, signed, x]);
}

/** Quotients of whole numbers that float32 holds are never rounded up to the next whole one; of others they may be. */
function onlyIntegers(name: string, types: readonly DataType[]): void {
  if (types.some((type) => type !== "int32")) throw new NotRecordable(`${name} can be replayed of int32 only.`);
}
