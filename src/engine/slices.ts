import { type Graph, type Node, sourceOf, view } from "./graph.js";
import { product } from "./sums.js";
import { sliceLayout } from "./views.js";

/** A box of a node: `size` numbers from `start` along each axis. */
export function slice(graph: Graph, node: Node, start: readonly number[], size: readonly number[]): Node {
  const columns = size.length - 1;
  if (node.kind === "product" && size.every((length, axis) => axis === columns || length === node.shape[axis])) {
    // Columns of a product that are not looked at need not be computed.
    const right = slice(graph, node.right, start, [...node.right.shape.slice(0, -1), size[columns] as number]);
    return size[columns] === node.shape[columns] ? node : product(graph, node.left, right);
  }
  const { source, layout } = sourceOf(node);
  return view(graph, source, sliceLayout(layout, start, size));
}
