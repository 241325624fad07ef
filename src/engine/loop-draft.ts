// A loop under construction: nodes are computed at each of its positions, and read no more than once.
import { type MapNode, type Node, type StoredNode, sourceOf } from "./graph.js";
import { sameAxes } from "./live.js";
import type { Instruction, LoopStep, Operand } from "./steps.js";
import { broadcastLayout, type Layout, wholeLayout } from "./views.js";

export interface LoopDraft {
  readonly shape: readonly number[];
  readonly operands: Operand[];
  readonly body: Instruction[];
  /** Values of nodes at the loop's position, as indices of instructions. */
  readonly values: Map<StoredNode, number>;
  readonly keys: Map<string, number>;
}

/** What a statement reads, at the positions of its loop. */
export interface Leaf {
  readonly source: StoredNode;
  readonly key: string;
  readonly own: boolean;
}

/** An empty loop over all positions of a shape. */
export function newLoop(shape: readonly number[]): LoopDraft {
  return { shape: withoutOnes(shape, shape), operands: [], body: [], values: new Map(), keys: new Map() };
}

/** What the value of a node, or of the arguments of one, is read from at the positions of `shape`. */
export function leavesOf(inlined: ReadonlySet<StoredNode>, nodes: readonly Node[], shape: readonly number[]): Leaf[] {
  return nodes.flatMap((node) => {
    const { source, layout } = sourceOf(node);
    if (source.kind === "constant" && typeof source.values === "number") return [];
    if (source.kind === "map" && inlined.has(source)) return leavesOf(inlined, source.arguments, source.shape);
    const seen = seenFrom(layout, shape);
    return [{ source, key: loadKey(source, seen), own: isOwn(source, seen, shape) }];
  });
}

/** The value of a node at the positions of the loop, as an instruction's index. */
export function valueIn(
  inlined: ReadonlySet<StoredNode>,
  loop: LoopDraft,
  node: Node,
  shape: readonly number[],
): number {
  const { source, layout } = sourceOf(node);
  if (source.kind === "constant" && typeof source.values === "number") {
    return keyed(loop, `constant ${source.id}`, { kind: "constant", value: source.values });
  }
  if (inlined.has(source) && source.kind === "map") return compute(inlined, loop, source, source.shape);
  const seen = seenFrom(layout, shape);
  const known = isOwn(source, seen, shape) ? loop.values.get(source) : undefined;
  if (known !== undefined) return known;
  const key = loadKey(source, seen);
  const loaded = loop.keys.get(key);
  if (loaded !== undefined) return loaded;
  const operand = loop.operands.push({ of: source, offset: seen.offset, strides: seen.strides }) - 1;
  return keyed(loop, key, { kind: "load", operand });
}

/** The value of a map's operation at the positions of the loop. */
export function compute(
  inlined: ReadonlySet<StoredNode>,
  loop: LoopDraft,
  node: MapNode,
  shape: readonly number[],
): number {
  const args = node.arguments.map((argument) => valueIn(inlined, loop, argument, shape));
  return keyed(loop, `${node.operation} ${args}`, { kind: "compute", operation: node.operation, arguments: args });
}

function keyed(loop: LoopDraft, key: string, instruction: Instruction): number {
  const known = loop.keys.get(key);
  if (known !== undefined) return known;
  const index = loop.body.push(instruction) - 1;
  loop.keys.set(key, index);
  return index;
}

/** The loop with stores for the nodes that are read elsewhere. */
export function finishLoop(loop: LoopDraft, read: ReadonlySet<StoredNode>): LoopStep {
  for (const [node, argument] of loop.values) {
    if (!read.has(node)) continue;
    const strides = withoutOnes(wholeLayout(node.shape).strides, node.shape);
    const operand = loop.operands.push({ of: node, offset: 0, strides }) - 1;
    loop.body.push({ kind: "store", argument, operand });
  }
  return { kind: "loop", shape: loop.shape, operands: loop.operands, body: loop.body };
}

/** A layout as a loop over `shape` sees it: repeated where the loop is wider, without axes of length one. */
function seenFrom(layout: Layout, shape: readonly number[]): Layout {
  const { strides, offset } = broadcastLayout(layout, shape);
  return { shape: withoutOnes(shape, shape), strides: withoutOnes(strides, shape), offset };
}

/** Whether a loop over `shape` meets the numbers of a node in the order in which they are stored, each once. */
function isOwn(source: StoredNode, seen: Layout, shape: readonly number[]): boolean {
  return (
    seen.offset === 0 &&
    `${seen.strides}` === `${withoutOnes(wholeLayout(shape).strides, shape)}` &&
    sameAxes(source.shape, shape)
  );
}

export function withoutOnes(values: readonly number[], shape: readonly number[]): number[] {
  return values.filter((_, axis) => shape[axis] !== 1);
}

const loadKey = (source: StoredNode, { strides, offset }: Layout): string => `load ${source.id} ${strides}|${offset}`;
