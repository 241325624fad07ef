// What tests/bench/edited-run.mjs does in Node and, bundled, in a page: edited runs of the multiplication checkpoint.
import { decodeCheckpoint } from "../../../dist/model/checkpoint.js";
import { edit } from "../../../dist/model/edits.js";
import { run } from "../../../dist/model/run.js";
import { multiplicationBatch } from "../../../dist/tasks/multiplication.js";

/**
 * One edited run of 27 × 4, written with two digits each: 10 steps. With a batch each sequence has an edit of its own.
 *
 * @param {Uint8Array} bytes the checkpoint
 * @param {number} batch
 * @param {readonly string[]} record sites
 * @returns a run whose edits have a new value every time, as when a slider is dragged
 */
export function editedRun(bytes, batch, record) {
  const { model, parameters } = decodeCheckpoint(bytes);
  const { inputs } = multiplicationBatch(Array(batch).fill([27, 4]), [2, 2]);
  const [steps] = inputs.shape;
  const [slots] = model.sites.find(({ name }) => name === "memory").shape;
  let value = 0;
  return () => {
    value += 0.01;
    const edits = Array.from({ length: batch }, (_, sequence) => {
      const where = { step: (3 + sequence) % steps, slot: (5 + sequence) % slots };
      return edit("memory", { ...where, ...(batch > 1 && { batch: sequence }) }).set(value);
    });
    return run(model, parameters, inputs, { record, edits });
  };
}
