// Arrays cut, and put together again, along one axis.
import { backend_util } from "@tensorflow/tfjs-core";
import { assemble, constant, type Graph, type Node } from "./graph.js";
import { NotRecordable } from "./recorded-kernel.js";
import { slice } from "./slices.js";

/** The shape with another length along an axis. */
export function withLength(shape: readonly number[], axis: number, length: number): number[] {
  return shape.map((one, index) => (index === axis ? length : one));
}

/** `length` positions along an axis, from `start`. */
export function piece(graph: Graph, node: Node, axis: number, start: number, length: number): Node {
  return slice(
    graph,
    node,
    withLength(Array(node.shape.length).fill(0), axis, start),
    withLength(node.shape, axis, length),
  );
}

/** Pieces of these lengths, one after the other along an axis. */
export function pieces(graph: Graph, node: Node, axis: number, lengths: readonly number[]): Node[] {
  let start = 0;
  return lengths.map((length) => {
    start += length;
    return piece(graph, node, axis, start - length, length);
  });
}

/**
 * Arrays one after the other along an axis; at least one.
 *
 * @throws if they differ along another axis
 */
export function joined(graph: Graph, nodes: readonly Node[], axis: number): Node {
  backend_util.assertParamsConsistent(
    nodes.map(({ shape }) => [...shape]),
    axis,
  );
  const { shape } = nodes[0] as Node;
  let at = 0;
  const placed = nodes.map((node) => {
    const start = withLength(Array(shape.length).fill(0), axis, at);
    at += node.shape[axis] as number;
    return { node, start };
  });
  return assemble(graph, withLength(shape, axis, at), placed);
}

/** 0, 1, 2, … of a shape that has so many places. @throws NotRecordable where float32 does not hold them all */
export function upTo(graph: Graph, length: number, shape: readonly number[]): Node {
  if (length > mostCounted) throw new NotRecordable(`The places of an axis of ${length} are counted; float32 cannot.`);
  return constant(
    graph,
    Float32Array.from({ length }, (_, at) => at),
    shape,
  );
}

/** Whole numbers up to here are exact in float32. */
export const mostCounted: number = 2 ** 24;
