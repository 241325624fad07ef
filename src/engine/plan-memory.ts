// Where every array of a program stands: arrays that are not needed at the same time share storage.

import { sizeOf } from "../tensors/named-array.js";
import type { StoredNode } from "./graph.js";
import { fills, type Step, writtenBy } from "./steps.js";

export interface MemoryPlan {
  /** Bytes from the start of the scratch storage, of all that steps write. */
  readonly places: ReadonlyMap<StoredNode, number>;
  readonly bytes: number;
}

const unit = 64; // bytes: a cache line, and room for a vector beyond an end

/** @param kept nodes whose numbers are read after the last step */
export function planMemory(steps: readonly Step[], kept: ReadonlySet<StoredNode>): MemoryPlan {
  const last = new Map<StoredNode, number>();
  steps.forEach((step, index) => {
    for (const { of } of step.operands) last.set(of, index);
  });
  for (const node of kept) last.set(node, steps.length);
  const ending = steps.map(() => [] as StoredNode[]);
  for (const [node, index] of last) ending[index]?.push(node);

  const places = new Map<StoredNode, number>();
  const lengths = new Map<StoredNode, number>();
  const free: { at: number; length: number }[] = [];
  let bytes = 0;
  const take = (length: number): number => {
    const fitting = free.filter((one) => one.length >= length);
    const best = fitting.reduce((a, b) => (b.length < (a?.length ?? Number.POSITIVE_INFINITY) ? b : a), fitting[0]);
    if (!best) {
      bytes += length;
      return bytes - length;
    }
    const at = best.at;
    best.at += length;
    best.length -= length;
    if (best.length === 0) free.splice(free.indexOf(best), 1);
    return at;
  };
  const give = (at: number, length: number): void => {
    const before = free.find((one) => one.at + one.length === at);
    const after = free.find((one) => one.at === at + length);
    if (before) {
      before.length += length + (after?.length ?? 0);
      if (after) free.splice(free.indexOf(after), 1);
    } else if (after) {
      after.at = at;
      after.length += length;
    } else free.push({ at, length });
  };
  steps.forEach((step, index) => {
    const handedOn = new Set<StoredNode>();
    for (const operand of writtenBy(step)) {
      const node = step.operands[operand]?.of as StoredNode;
      if (places.has(node)) continue;
      const length = Math.ceil((4 * sizeOf(node.shape)) / unit) * unit;
      const heir = inPlace(step, operand, (other) => {
        return last.get(other) === index && places.has(other) && !handedOn.has(other) && lengths.get(other) === length;
      });
      if (heir) handedOn.add(heir);
      places.set(node, heir ? (places.get(heir) as number) : take(length));
      lengths.set(node, length);
    }
    for (const node of ending[index] ?? []) {
      const at = places.get(node);
      if (at !== undefined && !handedOn.has(node)) give(at, lengths.get(node) as number);
    }
  });
  return { places, bytes };
}

/** A node whose storage the operand may take over: one that ends here and is read only where the operand is written. */
function inPlace(step: Step, operand: number, ends: (node: StoredNode) => boolean): StoredNode | undefined {
  const written = step.operands[operand] as Step["operands"][number];
  if (step.kind === "loop" && !fills(step, operand)) return undefined;
  const same = (other: Step["operands"][number]) =>
    (step.kind === "loop" || other === step.operands[3]) &&
    other.offset === written.offset &&
    `${other.strides}` === `${written.strides}`;
  const outputs = new Set(writtenBy(step));
  const candidates = step.operands.filter(
    (_, index) => (step.kind === "loop" ? !outputs.has(index) : index === 3), // a product reads its addend where it writes
  );
  return candidates.find(
    ({ of }) => ends(of) && step.operands.every((other) => other.of !== of || (other !== written && same(other))),
  )?.of;
}
