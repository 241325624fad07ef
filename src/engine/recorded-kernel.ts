import { type DataType, util } from "@tensorflow/tfjs-core";
import { sizeOf } from "../tensors/named-array.js";
import { type Graph, type Node, sourceOf } from "./graph.js";

/** Why a function cannot be recorded; the message says so. */
export class NotRecordable extends Error {}

/** With arrays of these sizes a function does not fit into the engine's memory; with others it may. */
export class OutOfMemory extends NotRecordable {}

/** Attributes of a kernel, as tfjs-core passes them. */
// biome-ignore lint/suspicious/noExplicitAny: every kernel has attributes of its own
export type Attributes = any;
export type Note = (
  graph: Graph,
  inputs: readonly Node[],
  attributes: Attributes,
  types: readonly DataType[],
) => Node | Node[];

/** How a kernel of TensorFlow.js is noted in the graph. */
export interface RecordedKernel {
  readonly note: Note;
  /** Type of the result where it is not that of the last input, by the types of all. */
  readonly dtype?: DataType | ((types: readonly DataType[]) => DataType);
  /** Whether whole numbers may give broken ones: where its result is int32, TensorFlow.js cuts them. */
  readonly breaks?: true;
}

/** Kernels by their names, as tfjs-core registers them. */
export type RecordedKernels = Readonly<Record<string, RecordedKernel>>;

/** An axis as a number from 0; it may be counted from the end. @throws if there is none */
export function axisOf(axis: number, shape: readonly number[]): number {
  return util.parseAxisParam(axis, [...shape])[0] as number;
}

/** @throws NotRecordable where TensorFlow.js gives the result one of several types */
export function refuseMixed(name: string, types: readonly DataType[]): void {
  const [one, other] = new Set(types);
  if (other) throw new NotRecordable(`${name} of ${one} and ${other} is met; of one type it can be replayed.`);
}

export const first = (inputs: readonly Node[]): Node => inputs[0] as Node;

/** Type of a result that is of the first input's type. */
export const typeOfFirst = (types: readonly DataType[]): DataType => types[0] as DataType;

/** A new array of the numbers of a constant, or of a view of one; undefined for what is only known at replay. */
export function knownNumbers(node: Node): Float32Array | undefined {
  const { source, layout } = sourceOf(node);
  if (source.kind !== "constant") return undefined;
  const { values } = source;
  const numbers = new Float32Array(sizeOf(node.shape));
  if (typeof values === "number") return numbers.fill(values);
  let count = 0;
  const read = (axis: number, at: number): void => {
    if (axis === layout.shape.length) numbers[count++] = values[at] as number;
    else
      for (let i = 0; i < (layout.shape[axis] as number); i++)
        read(axis + 1, at + i * (layout.strides[axis] as number));
  };
  read(0, layout.offset);
  return numbers;
}
