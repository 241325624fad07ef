// From the graph to steps: element-wise work, and reductions of it, are gathered into loops, so that numbers stay in
// registers from one operation to the next and only what is needed elsewhere is stored.
import { sizeOf } from "../tensors/named-array.js";
import { type Node, type ProductNode, type StoredNode, sourceOf } from "./graph.js";
import { argumentsOf, findLive, type Live, listOf } from "./live.js";
import {
  compute,
  finishLoop,
  type Leaf,
  type LoopDraft,
  leavesOf,
  newLoop,
  valueIn,
  withoutOnes,
} from "./loop-draft.js";
import type { Operand, ProductStep, Step } from "./steps.js";
import { broadcastLayout, sliceLayout, wholeLayout } from "./views.js";

// A loop beyond these sizes would run out of registers.
const mostOperands = 40;
const mostInstructions = 120;

/** A step under construction. Steps run in the order of their positions. */
interface Draft {
  position: number;
  /** Whether another step reads what this one computes: from then on it keeps its position. */
  read: boolean;
  readonly loop?: LoopDraft;
  readonly product?: ProductStep;
}

/**
 * The steps that compute the outputs, in the order in which they run.
 *
 * @param shown outputs that are only looked at. How loops are gathered decides in which order numbers are summed, and so
 * how they are rounded; what is shown joins no loop of the outputs, which are the same to the bit without it
 */
export function fuse(outputs: Iterable<Node>, shown: readonly Node[] = []): readonly Step[] {
  const wanted = [...outputs];
  const live = findLive(wanted);
  const plan: Plan = {
    live,
    drafts: [],
    byShape: new Map(),
    makers: new Map(),
    settled: new Map(),
    stored: new Set(),
    count: 0,
  };
  for (const node of [...wanted, ...shown]) plan.stored.add(sourceOf(node).source);
  const inSums = new Map([...live.sums].map(([product, { sum, addend }]) => [sum, { product, addend }]));
  for (const node of live.nodes) {
    const sum = node.kind === "map" ? inSums.get(node) : undefined;
    if (sizeOf(node.shape) === 0 || live.inlined.has(node) || (node.kind === "product" && live.sums.has(node)))
      continue;
    if (sum) placeProduct(plan, sum.product, node, sum.addend);
    else place(plan, node);
  }
  const after: Plan = { ...plan, live: { ...live, inlined: new Set() }, byShape: new Map() };
  for (const node of shown) placeMissing(after, sourceOf(node).source);
  return plan.drafts
    .sort((a, b) => a.position - b.position)
    .map(({ loop, product }) => (loop ? finishLoop(loop, plan.stored) : (product as ProductStep)));
}

function place(plan: Plan, node: StoredNode): void {
  if (node.kind === "product") placeProduct(plan, node, node);
  else if (node.kind === "map") placeInLoop(plan, node, node.shape, node);
  else if (node.kind === "reduce") placeInLoop(plan, node, node.argument.shape, node.argument);
  else if (node.kind === "assemble") {
    for (const { node: piece, start } of node.pieces) {
      if (sizeOf(piece.shape) > 0) placeInLoop(plan, node, piece.shape, piece, start);
    }
  }
}

/** Place a node that is nowhere stored yet, after what it is computed from. */
function placeMissing(plan: Plan, node: StoredNode): void {
  if (plan.makers.has(node) || sizeOf(node.shape) === 0) return;
  for (const argument of argumentsOf(node)) placeMissing(plan, sourceOf(argument).source);
  place(plan, node);
}

interface Plan {
  readonly live: Live;
  readonly drafts: Draft[];
  readonly byShape: Map<string, Draft[]>;
  /** The steps that write a node's storage. */
  readonly makers: Map<StoredNode, Set<Draft>>;
  /** Of nodes whose makers are all read, so that they keep their positions: the last of these. */
  readonly settled: Map<StoredNode, number>;
  /** Nodes that some step reads from memory. */
  readonly stored: Set<StoredNode>;
  count: number;
}

function placeProduct(plan: Plan, node: ProductNode, out: StoredNode, addend?: Node): void {
  const batch = node.shape.slice(0, -2);
  const [rows, columns] = node.shape.slice(-2) as [number, number];
  const operand = (one: Node, shape: readonly number[]): Operand => {
    const { source, layout } = sourceOf(one);
    const { strides, offset } = broadcastLayout(layout, shape);
    return { of: source, offset, strides };
  };
  const read = [operand(node.left, node.left.shape), operand(node.right, node.right.shape)];
  if (addend) read.push(operand(addend, node.shape));
  const draft: Draft = {
    position: plan.count++,
    read: false,
    product: {
      kind: "product",
      batch,
      rows,
      inner: node.left.shape.at(-1) as number,
      columns,
      operands: [{ of: out, offset: 0, strides: wholeLayout(node.shape).strides }, ...read],
    },
  };
  for (const { of } of read) noteRead(plan, of, draft);
  plan.drafts.push(draft);
  plan.makers.set(out, new Set([draft]));
}

/** Compute `value` at every position of `shape`, and store, place or reduce it as `node` says. */
function placeInLoop(
  plan: Plan,
  node: StoredNode,
  shape: readonly number[],
  value: Node,
  start?: readonly number[],
): void {
  const leaves = leavesOf(plan.live.inlined, node.kind === "map" ? node.arguments : [value], shape);
  const drafts = listOf(plan.byShape, `${withoutOnes(shape, shape)}`);
  const draft =
    drafts
      .slice(-8)
      .reverse()
      .find((one) => mayJoin(plan, one, leaves)) ?? newDraft(plan, shape, drafts);
  const { loop } = draft as { loop: LoopDraft };
  const { inlined } = plan.live;
  for (const { source, own } of leaves) {
    if (own && loop.values.has(source)) continue;
    if (lastPosition(plan, source) > draft.position) draft.position = plan.count++;
    noteRead(plan, source, draft);
  }
  const index = node.kind === "map" ? compute(inlined, loop, node, shape) : valueIn(inlined, loop, value, shape);
  if (node.kind === "map") {
    loop.values.set(node, index);
  } else {
    const whole = wholeLayout(node.shape);
    const { strides, offset } = start ? sliceLayout(whole, start, shape) : broadcastLayout(whole, shape);
    const operand = loop.operands.push({ of: node, offset, strides: withoutOnes(strides, shape) }) - 1;
    const kind = node.kind === "reduce" ? node.operation : "store";
    loop.body.push({ kind, argument: index, operand });
  }
  const makers = plan.makers.get(node);
  if (makers) makers.add(draft);
  else plan.makers.set(node, new Set([draft]));
}

function newDraft(plan: Plan, shape: readonly number[], drafts: Draft[]): Draft {
  const draft: Draft = { position: plan.count++, read: false, loop: newLoop(shape) };
  plan.drafts.push(draft);
  drafts.push(draft);
  return draft;
}

/** Whether a statement that reads these leaves can be part of a loop: they must be there when it runs. */
function mayJoin(plan: Plan, draft: Draft, leaves: readonly Leaf[]): boolean {
  const loop = draft.loop as LoopDraft;
  if (loop.operands.length + leaves.length > mostOperands || loop.body.length > mostInstructions) return false;
  let shared = false;
  for (const { source, key, own } of leaves) {
    if (own && loop.values.has(source)) {
      shared = true;
      continue;
    }
    shared ||= loop.keys.has(key);
    if (plan.makers.get(source)?.has(draft)) return false;
    if (draft.read && lastPosition(plan, source) > draft.position) return false;
  }
  return shared;
}

function noteRead(plan: Plan, source: StoredNode, reader: Draft): void {
  plan.stored.add(source);
  const makers = plan.makers.get(source);
  if (!makers || plan.settled.has(source)) return;
  for (const maker of makers) if (maker !== reader) maker.read = true;
  if (!makers.has(reader)) plan.settled.set(source, lastPosition(plan, source));
}

/** Position of the last step that writes a node; −1 if none does. */
function lastPosition(plan: Plan, node: StoredNode): number {
  const known = plan.settled.get(node);
  if (known !== undefined) return known;
  let last = -1;
  for (const { position } of plan.makers.get(node) ?? []) last = Math.max(last, position);
  return last;
}
