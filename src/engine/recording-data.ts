// A recording as plain data, which JSON keeps: so that what was recorded in one place can be replayed in another, where the
// function that it was recorded from is not known. Numbers keep their bits.
import { fromBase64, toBase64 } from "../tensors/base64.js";
import { sizeOf } from "../tensors/named-array.js";
import type { AssembleNode, ConstantNode, Node, StoredNode } from "./graph.js";
import { argumentsOf } from "./live.js";
import { isMapOperation } from "./operations.js";
import type { Recording } from "./recorder.js";
import { broadcastShape, type Layout } from "./views.js";

/** Nodes stand for each other by their places in a list, the arguments first. */
export interface RecordingData {
  readonly nodes: readonly NodeData[];
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
}

type NodeData = { readonly shape: readonly number[] } & (
  | { readonly input: string }
  | { readonly constant: string }
  | { readonly view: number; readonly strides: readonly number[]; readonly offset: number }
  | { readonly map: string; readonly of: readonly number[] }
  | { readonly reduce: "sum" | "max"; readonly of: number }
  | { readonly product: readonly [left: number, right: number] }
  | { readonly assemble: readonly { readonly of: number; readonly start: readonly number[] }[] }
);

/** A recording as plain data: its inputs, and what its outputs are computed from. */
export function recordingData({ inputs, outputs }: Recording): RecordingData {
  const wanted = new Set<Node>();
  const waiting = [...inputs.values(), ...outputs.values()];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (wanted.has(node)) continue;
    wanted.add(node);
    waiting.push(...(node.kind === "view" ? [node.of] : argumentsOf(node)));
  }
  const nodes = [...wanted].sort((one, other) => one.id - other.id); // as they were recorded, so that they are fused alike
  const places = new Map(nodes.map((node, place) => [node, place]));
  const place = (node: Node): number => places.get(node) as number;
  const named = (all: ReadonlyMap<string, Node>) =>
    Object.fromEntries([...all].map(([name, node]) => [name, place(node)]));
  return { nodes: nodes.map((node) => dataOf(node, place)), inputs: named(inputs), outputs: named(outputs) };
}

function dataOf(node: Node, place: (node: Node) => number): NodeData {
  const { shape } = node;
  switch (node.kind) {
    case "input":
      return { shape, input: node.name };
    case "constant":
      return { shape, constant: toBase64(typeof node.values === "number" ? [node.values] : node.values) };
    case "view":
      return { shape, view: place(node.of), strides: node.layout.strides, offset: node.layout.offset };
    case "map":
      return { shape, map: node.operation, of: node.arguments.map(place) };
    case "reduce":
      return { shape, reduce: node.operation, of: place(node.argument) };
    case "product":
      return { shape, product: [place(node.left), place(node.right)] };
    case "assemble":
      return { shape, assemble: node.pieces.map((piece) => ({ of: place(piece.node), start: piece.start })) };
  }
}

/**
 * The recording that data describe.
 *
 * @throws if they describe none: every shape must follow from those before it, so that no replay reads or writes beside
 * what is its own.
 */
export function recordingFrom({ nodes, inputs, outputs }: RecordingData): Recording {
  const made: Node[] = [];
  const at = (place: number): Node => {
    const node = made[place];
    if (!node) throw damaged(`there is no node ${place} before it`, made.length);
    return node;
  };
  for (const data of nodes) made.push(nodeOf(data, made.length, at));
  const named = (all: Readonly<Record<string, number>>): Map<string, Node> =>
    new Map(Object.entries(all).map(([name, place]) => [name, at(place)]));
  const [given, computed] = [named(inputs), named(outputs)];
  for (const [name, node] of given) {
    if (node.kind !== "input" || node.name !== name) throw new Error(`Its input "${name}" is none.`);
  }
  const inner = made.find((node) => node.kind === "input" && given.get(node.name) !== node);
  if (inner?.kind === "input") throw damaged(`the input "${inner.name}" is not listed`, inner.id);
  return { graph: { nodes: new Map(), count: made.length }, inputs: given, outputs: computed };
}

function nodeOf(data: NodeData, id: number, at: (place: number) => Node): Node {
  const { shape } = data;
  if (!isShape(shape)) throw damaged("its shape is none", id);
  const expect = (holds: boolean, what: string): void => {
    if (!holds) throw damaged(`${what} does not fit the shape [${shape}]`, id);
  };
  if ("input" in data) return { kind: "input", name: data.input, shape, id };
  if ("constant" in data) return constantOf(data.constant, shape, id);
  if ("view" in data) {
    const of = at(data.view);
    const layout = { shape, strides: data.strides, offset: data.offset };
    if (of.kind === "view") throw damaged("it looks at a view", id);
    expect(staysWithin(layout, of), "what it looks at");
    return { kind: "view", of, layout, shape, id };
  }
  if ("map" in data) {
    const args = data.of.map(at);
    const { map: operation } = data;
    if (typeof operation !== "string" || !isMapOperation(operation, args.length))
      throw damaged(`"${operation}" is no operation of ${args.length}`, id);
    expect(`${broadcastShape(args.map((one) => one.shape))}` === `${shape}`, "an argument");
    return { kind: "map", operation, arguments: args, shape, id };
  }
  if ("reduce" in data) {
    const argument = at(data.of);
    const { reduce: operation } = data;
    if (operation !== "sum" && operation !== "max") throw damaged(`"${operation}" is no reduction`, id);
    const kept = shape.every((length, axis) => length === 1 || length === argument.shape[axis]);
    const fits = kept && shape.length === argument.shape.length;
    expect(fits && (sizeOf(argument.shape) > 0 || sizeOf(shape) === 0), "what it reduces");
    return { kind: "reduce", operation, argument, shape, id };
  }
  if ("product" in data) {
    const [left, right] = data.product.map(at) as [Node, Node];
    const inner = left.shape.at(-1);
    expect(shape.length >= 2 && `${left.shape}` === `${[...shape.slice(0, -1), inner]}`, "the left matrix");
    expect(`${right.shape}` === `${[...shape.slice(0, -2), inner, shape.at(-1)]}`, "the right matrix");
    expect(inner !== 0 || sizeOf(shape) === 0, "a product over nothing");
    return { kind: "product", left, right, shape, id };
  }
  const pieces = data.assemble.map(({ of, start }) => ({ node: at(of), start }));
  for (const { node, start } of pieces) {
    const inside = shape.every((length, axis) => {
      const from = start[axis] as number;
      return Number.isSafeInteger(from) && from >= 0 && from + (node.shape[axis] as number) <= length;
    });
    expect(inside && node.shape.length === shape.length && start.length === shape.length, "a piece");
    expect(sizeOf(node.shape) > 0, "an empty piece"); // a loop runs once at least
  }
  expect(arePartition(pieces, sizeOf(shape)), "the pieces together");
  return { kind: "assemble", pieces, shape, id };
}

/** Whether pieces fill so many places without overlap. */
function arePartition(pieces: AssembleNode["pieces"], size: number): boolean {
  const apart = (one: AssembleNode["pieces"][0], other: AssembleNode["pieces"][0]): boolean =>
    one.start.some((from, axis) => {
      const [otherFrom = 0, length = 0, otherLength = 0] = [
        other.start[axis],
        one.node.shape[axis],
        other.node.shape[axis],
      ];
      return from + length <= otherFrom || otherFrom + otherLength <= from;
    });
  const filled = pieces.reduce((sum, { node }) => sum + sizeOf(node.shape), 0);
  return filled === size && pieces.every((one, i) => pieces.slice(i + 1).every((other) => apart(one, other)));
}

function constantOf(text: string, shape: readonly number[], id: number): ConstantNode {
  const values = fromBase64(text);
  if (values?.length !== sizeOf(shape)) throw damaged(`its numbers do not fill the shape [${shape}]`, id);
  return { kind: "constant", values: shape.length === 0 ? (values[0] as number) : values, shape, id };
}

function isShape(shape: readonly number[]): boolean {
  return Array.isArray(shape) && shape.every((length) => Number.isSafeInteger(length) && length >= 0);
}

/** Whether a layout sees nothing but the numbers of a node. */
function staysWithin({ shape, strides, offset }: Layout, of: StoredNode): boolean {
  if (strides.length !== shape.length || ![...strides, offset].every((one) => Number.isSafeInteger(one) && one >= 0)) {
    return false;
  }
  if (shape.includes(0)) return true;
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * (strides[axis] as number), offset);
  return last < sizeOf(of.shape);
}

function damaged(what: string, id: number): Error {
  return new Error(`The recording of the step is damaged at node ${id}: ${what}.`);
}
