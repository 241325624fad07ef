import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { shapesOf } from "../tensors/tensors.js";
import type { Checkpoint } from "./checkpoint.js";
import { nsmFromMetadata } from "./nsm-metadata.js";

/**
 * A Neural State Machine without its less important state nodes: nothing is routed to them, nobody listens to them, and
 * they say nothing. The parameters are those of the checkpoint, not copies.
 *
 * @param importance a score for each state [state], such as the learned importance or the attention it receives
 * @param below states whose score is smaller are pruned; those pruned before stay so
 * @throws if the checkpoint holds another model, the scores are not one for each state, one is NaN, or no state is left.
 * @example prune(checkpoint, [0.9, 0.1, 0.8, 0.7, 0.9, 0.6], 0.5) // without state 1
 */
export function prune(checkpoint: Checkpoint, importance: ArrayInput, below: number): Checkpoint {
  const { model, parameters } = checkpoint;
  if (model.name !== "nsm") throw new Error(`prune takes a Neural State Machine ("nsm"); "${model.name}" was given.`);
  const scores = toNamedArray(importance, "importance", ["state"]);
  const states = model.shapes["importance.learned"]?.[0] as number;
  if (`${scores.shape}` !== `${states}` || scores.data.some(Number.isNaN) || Number.isNaN(below)) {
    throw new Error(
      `prune takes a number for each of ${states} states, and a threshold; "${scores.name}" of [${scores.shape}] was given.`,
    );
  }
  const before = (model.metadata.pruned ?? "").split(",").filter(Boolean).map(Number);
  const less = [...scores.data.keys()].filter((state) => (scores.data[state] as number) < below);
  const pruned = [...new Set([...before, ...less])].sort((a, b) => a - b);
  if (pruned.length === 0) return checkpoint;
  if (pruned.length === states) {
    throw new Error(`prune: every importance is below ${below}; the largest is ${Math.max(...scores.data)}.`);
  }
  const metadata = new Map(Object.entries({ ...model.metadata, pruned: pruned.join(",") }));
  return { ...checkpoint, model: nsmFromMetadata(metadata, shapesOf(parameters)) };
}
