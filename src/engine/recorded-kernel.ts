import type { DataType } from "@tensorflow/tfjs-core";
import type { Graph, Node } from "./graph.js";

/** Attributes of a kernel, as tfjs-core passes them. */
// biome-ignore lint/suspicious/noExplicitAny: every kernel has attributes of its own
export type Attributes = any;
export type Note = (graph: Graph, inputs: readonly Node[], attributes: Attributes) => Node | Node[];

/** How a kernel of TensorFlow.js is noted in the graph. */
export interface RecordedKernel {
  readonly note: Note;
  /** Type of the result where it is not that of the last input. */
  readonly dtype?: DataType;
}

/** Kernels by their names, as tfjs-core registers them. */
export type RecordedKernels = Readonly<Record<string, RecordedKernel>>;

export const first = (inputs: readonly Node[]): Node => inputs[0] as Node;
