// What a recorded function computes, as a graph of seven kinds of nodes.
import type { MapOperation } from "./operations.js";
import type { Layout } from "./views.js";

interface Numbered {
  /** Nodes are numbered as they are made: what a node is computed from has smaller numbers. */
  readonly id: number;
  readonly shape: readonly number[];
}

/** Given anew at each replay. */
export interface InputNode extends Numbered {
  readonly kind: "input";
  readonly name: string;
}

/** Known when the function was recorded: one number everywhere, or its numbers. */
export interface ConstantNode extends Numbered {
  readonly kind: "constant";
  readonly values: number | Float32Array;
}

/** Numbers of another node (never a view itself), seen with another layout. */
export interface ViewNode extends Numbered {
  readonly kind: "view";
  readonly of: StoredNode;
  readonly layout: Layout;
}

/** An operation on each element; arguments broadcast. */
export interface MapNode extends Numbered {
  readonly kind: "map";
  readonly operation: MapOperation;
  readonly arguments: readonly Node[];
}

/** The sum or the largest along axes, which stay with length one. */
export interface ReduceNode extends Numbered {
  readonly kind: "reduce";
  readonly operation: "sum" | "max";
  readonly argument: Node;
}

/** Matrix products [...batch, M, K] · [...batch, K, N], of equal batches (a view may repeat one). */
export interface ProductNode extends Numbered {
  readonly kind: "product";
  readonly left: Node;
  readonly right: Node;
}

/** An array put together from pieces that cover it without overlap. */
export interface AssembleNode extends Numbered {
  readonly kind: "assemble";
  readonly pieces: readonly { readonly node: Node; readonly start: readonly number[] }[];
}

export type StoredNode = InputNode | ConstantNode | MapNode | ReduceNode | ProductNode | AssembleNode;
export type Node = StoredNode | ViewNode;
