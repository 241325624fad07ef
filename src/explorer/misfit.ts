import type { Checkpoint } from "../model/checkpoint.js";
import type { History } from "../tracker/history.js";
import { modelDifference } from "../tracker/same-model.js";

/** Why the states of a history do not fit a checkpoint, in one sentence; undefined if they do, or there is no history. */
export function misfitOf(
  history: Pick<History, "model" | "sites"> | undefined,
  { model, metadata }: Pick<Checkpoint, "model" | "metadata">,
): string | undefined {
  if (!history) return undefined;
  const tensors = new Map(Object.entries(model.shapes).map(([name, shape]) => [name, { shape }]));
  const difference = modelDifference(history, { metadata: new Map(Object.entries(metadata)), tensors });
  return (
    difference && `The training history's states do not fit this checkpoint, which is of another model: ${difference}.`
  );
}
