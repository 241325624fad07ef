// A recording in two: what depends on some inputs alone is computed when they change, the rest at every replay.
import type { InputNode, Node, StoredNode } from "./graph.js";
import { argumentsOf } from "./live.js";
import type { Recording } from "./recorder.js";

/** Two recordings that are replayed one after the other. */
export interface Halves {
  /** What `after` needs of the early inputs; its outputs are inputs of `after` under the same names. */
  readonly before: Recording;
  /** The outputs of the whole. */
  readonly after: Recording;
}

/**
 * Split a recording by its inputs, so that work such as turning a weight matrix is not done again at every replay.
 *
 * @param isEarly whether an input is known before the others and stays for many replays
 */
export function splitRecording(recording: Recording, isEarly: (input: string) => boolean): Halves {
  const early = new Map<StoredNode, boolean>();
  const isKnown = (node: StoredNode): boolean => {
    const found = early.get(node);
    if (found !== undefined) return found;
    const known = node.kind === "input" ? isEarly(node.name) : argumentsOf(node).every((one) => isKnown(storedIn(one)));
    early.set(node, known);
    return known;
  };
  const outputs = new Map<string, Node>();
  const inputs = new Map(recording.inputs);
  const rebuilt = new Map<StoredNode, StoredNode>();
  const rebuildStored = (node: StoredNode): StoredNode => {
    const found = rebuilt.get(node);
    if (found) return found;
    const made = handOver(node) ?? withArguments(node, rebuild);
    rebuilt.set(node, made);
    return made;
  };
  const handOver = (node: StoredNode): StoredNode | undefined => {
    if (node.kind === "input" || node.kind === "constant") return node;
    if (!isKnown(node)) return undefined;
    const name = `before.${node.id}`;
    const given: InputNode = { kind: "input", name, id: node.id, shape: node.shape };
    outputs.set(name, node);
    inputs.set(name, given);
    return given;
  };
  const rebuild = (node: Node): Node =>
    node.kind === "view" ? { ...node, of: rebuildStored(node.of) } : rebuildStored(node);

  const wanted = new Map([...recording.outputs].map(([name, node]) => [name, rebuild(node)]));
  return {
    before: { ...recording, outputs },
    // Nodes keep their numbers, but none may be taken for one of the graph that they came from.
    after: { graph: { nodes: new Map(), count: recording.graph.count }, inputs, outputs: wanted },
  };
}

function storedIn(node: Node): StoredNode {
  return node.kind === "view" ? node.of : node;
}

function withArguments(node: StoredNode, change: (node: Node) => Node): StoredNode {
  switch (node.kind) {
    case "map":
      return { ...node, arguments: node.arguments.map(change) };
    case "reduce":
      return { ...node, argument: change(node.argument) };
    case "product":
      return { ...node, left: change(node.left), right: change(node.right) };
    case "assemble":
      return { ...node, pieces: node.pieces.map((piece) => ({ ...piece, node: change(piece.node) })) };
    default:
      return node;
  }
}
