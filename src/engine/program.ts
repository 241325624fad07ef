import { sizeOf } from "../tensors/named-array.js";
import { crowd } from "./crowd.js";
import { fuse } from "./fuse.js";
import { copy, type Graph, type Node, type StoredNode, sourceOf } from "./graph.js";
import { loopPattern } from "./loop-pattern.js";
import type { Machine } from "./machine.js";
import { planMemory } from "./plan-memory.js";
import { OutOfMemory } from "./recorded-kernel.js";
import type { Recording } from "./recorder.js";
import { shareOut } from "./share-out.js";
import type { Step } from "./steps.js";
import { isContiguous } from "./views.js";
import { newWay, type Way } from "./way.js";

/** A recorded function in the memory of a machine, ready to be replayed. */
export interface Program {
  /** Run all steps on what the inputs' storage holds. */
  run(): void;
  /** Address, in float32 from the start of memory, where an output stands until the next program runs. */
  output(name: string): number;
  /** Give back the program's storage. */
  dispose(): void;
  readonly steps: number;
  /** Bytes of scratch storage that it needs. */
  readonly bytes: number;
}

/**
 * @param inputs addresses in bytes where the inputs of the recording will stand
 * @param isShown outputs that are only looked at: the others are the same to the bit without them
 * @throws OutOfMemory; what was reserved until then stays reserved, unless it is an `attempt` of the machine
 */
export function buildProgram(
  machine: Machine,
  recording: Recording,
  inputs: ReadonlyMap<string, number>,
  isShown: (output: string) => boolean = () => false,
): Program {
  const outputs = new Map([...recording.outputs].map(([name, node]) => [name, stored(recording.graph, node)]));
  const [shown, wanted] = [true, false].map((which) =>
    [...outputs].flatMap(([name, node]) => (isShown(name) === which ? [node] : [])),
  ) as [Node[], Node[]];
  const steps = fuse(wanted, shown);
  checkSizes(steps);
  const plan = planMemory(steps, new Set([...outputs.values()].map((node) => sourceOf(node).source)));
  const constants = storeConstants(machine, [
    ...steps.flatMap(({ operands }) => operands.map(({ of }) => of)),
    ...[...outputs.values()].map((node) => sourceOf(node).source),
  ]);
  const shares = shareOut(steps, plan.places, machine.threads);
  // Together where that seems to pay; alone too, for other programs may need the cores.
  const lists = shares.length > 1 && machine.isHelped() ? [shares, [steps]] : [[steps]];
  const ways = lists.map((list) => newWay(machine, list));
  machine.prepare();
  machine.scratch(plan.bytes); // where there is not as much, that is said now
  const [first, alone = first] = ways as [Way, Way | undefined];
  const ends = new Map(
    [...outputs].map(([name, node]) => {
      const { source, layout } = sourceOf(node); // computed, as `stored` sees to it
      return [name, (plan.places.get(source) ?? 0) / 4 + layout.offset]; // an empty one stands nowhere
    }),
  );
  let linked = -1; // the scratch address that the table was written for
  const link = (scratch: number): void => {
    const address = (node: StoredNode): number => {
      const place = plan.places.get(node);
      if (place !== undefined) return scratch + place;
      return (node.kind === "input" ? inputs.get(node.name) : constants.get(node)) as number;
    };
    for (const way of ways) way.link(({ of, offset }) => address(of) + 4 * offset);
    linked = scratch;
  };
  return {
    steps: steps.length,
    bytes: plan.bytes,
    run() {
      const scratch = machine.scratch(plan.bytes);
      if (linked !== scratch) link(scratch);
      if (steps.length > 0) (crowd.isCrowded() ? alone : first).run();
    },
    output: (name) => linked / 4 + (ends.get(name) as number),
    dispose() {
      for (const way of ways) way.release();
      for (const place of constants.values()) machine.release(place);
    },
  };
}

/** Addresses and counters are whole numbers of 32 bits, in bytes. */
const mostNumbers = 2 ** 29;

/** @throws OutOfMemory if an array, or an axis of a loop, is too long to be counted */
function checkSizes(steps: readonly Step[]): void {
  for (const step of steps) {
    const sizes = step.operands.map(({ of }) => sizeOf(of.shape));
    const lengths = step.kind === "loop" ? loopPattern(step, false).shape : [step.rows, step.inner, step.columns];
    const most = Math.max(...sizes, ...lengths);
    if (most < mostNumbers) continue;
    throw new OutOfMemory(`An array of ${most.toLocaleString("en")} numbers is met; the engine counts to 536,870,911.`);
  }
}

/** The node itself if its numbers are computed and stand row by row, else a copy that does. */
function stored(graph: Graph, node: Node): Node {
  const { source, layout } = sourceOf(node);
  const computed = source.kind !== "constant" && source.kind !== "input";
  if (sizeOf(node.shape) === 0) return node; // it needs no storage
  return isContiguous(layout) && computed ? node : copy(graph, node);
}

function storeConstants(machine: Machine, nodes: readonly StoredNode[]): Map<StoredNode, number> {
  const places = new Map<StoredNode, number>();
  for (const node of nodes) {
    if (node.kind !== "constant" || places.has(node)) continue;
    const size = sizeOf(node.shape);
    const place = machine.reserve(4 * size);
    const values = machine.floats().subarray(place / 4, place / 4 + size);
    if (typeof node.values === "number") values.fill(node.values);
    else values.set(node.values);
    places.set(node, place);
  }
  return places;
}
