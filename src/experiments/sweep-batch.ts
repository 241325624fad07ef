import { carryOut } from "../model/carry-out.js";
import { numbersOf, packed } from "../model/edit-values.js";
import type { SiteEdit } from "../model/edits.js";
import type { Model } from "../model/model.js";
import type { State } from "../model/run-request.js";
import { type NamedArray, namedArray } from "../tensors/named-array.js";
import type { Tensors } from "../tensors/tensors.js";
import type { Cell } from "./sweep-cells.js";

/** Runs cells of a sweep, each as one sequence of a batch. Outputs are [step, output]. */
export interface Batches {
  /** To be called first: the run without any cell's edits, and beside it, in the same batch, one cell fewer than fit. */
  readonly first: (cells: readonly Cell[]) => { original: NamedArray; outputs: NamedArray[] };
  /** As many cells as fit, in the order of their steps: begun where the first of them begins to differ. */
  readonly next: (cells: readonly Cell[]) => NamedArray[];
}

/**
 * @param input [step, 1, input]
 * @param everywhere edits of every run, the original's too
 */
export function openBatches(
  { model, parameters, input }: { readonly model: Model; readonly parameters: Tensors; readonly input: NamedArray },
  batch: number,
  everywhere: readonly SiteEdit[],
): Batches {
  const inputs = repeatInput(input, batch);
  const steps = input.shape[0] as number;
  const all = { model, parameters, inputs, steps, batch, recorded: [] };
  const states = new Map<number, State>(); // of the original, before each step but the first
  let original = namedArray("outputs", ["step", "output"], [0, model.outputs], []);
  return {
    // The original is computed in the same batch as the others are, so that it differs from none by rounding alone.
    first(cells) {
      const edits = editsOfBatch(model, batch, everywhere, cells, 1);
      const { outputs } = carryOut({ ...all, edits, keep: (step, state) => void states.set(step, state) });
      original = { ...original, shape: [steps, model.outputs], data: new Float32Array(steps * model.outputs) };
      original = outputsOf(outputs, 0, original);
      return { original, outputs: cells.map((_, i) => outputsOf(outputs, 1 + i, original)) };
    },
    next(cells) {
      const step = cells[0]?.step ?? 0;
      const state = states.get(step);
      const edits = editsOfBatch(model, batch, everywhere, cells, 0);
      const { outputs } = carryOut({ ...all, edits, ...(state && { from: { step, state } }) });
      return cells.map((_, i) => outputsOf(outputs, i, original));
    },
  };
}

/** One sequence [step, 1, input], so many times beside each other: [step, batch, input]. */
function repeatInput({ name, shape, data }: NamedArray, batch: number): NamedArray {
  const [steps, , width] = shape as [number, number, number];
  const all = new Float32Array(steps * batch * width);
  for (let row = 0; row < steps * batch; row++) {
    const step = Math.floor(row / batch);
    all.set(data.subarray(step * width, (step + 1) * width), row * width);
  }
  return namedArray(name, ["step", "batch", "input"], [steps, batch, width], all);
}

/**
 * The edits of a batch: those of all its sequences, each for itself, so that noise is the same in all; then each cell's own.
 *
 * @param offset the sequence of the first cell
 */
function editsOfBatch(
  model: Model,
  batch: number,
  everywhere: readonly SiteEdit[],
  cells: readonly Cell[],
  offset: number,
): SiteEdit[] {
  const sequences = Array.from({ length: batch }, (_, sequence) => sequence);
  return [
    ...everywhere.flatMap((one) => sequences.map((sequence) => inSequence(model, one, sequence))),
    ...cells.flatMap(({ edits }, i) => edits.map((one) => inSequence(model, one, offset + i))),
  ];
}

/** An edit of a run of one sequence, for one sequence of many. */
function inSequence(model: Model, one: SiteEdit, sequence: number): SiteEdit {
  const index = { ...one.index, batch: sequence };
  if (one.operation === "noise" || one.operation === "clamp" || typeof one.value === "number") return { ...one, index };
  const axes = model.sites.find(({ name }) => name === one.site)?.axes ?? [];
  const free = axes.filter((axis) => !Object.hasOwn(index, axis)).length;
  const { shape, numbers } = numbersOf(one.value);
  if (shape.length === free) return { ...one, index };
  return { ...one, index, value: packed(shape.slice(1), Float32Array.from(numbers)) }; // without the batch of one
}

/**
 * The outputs of one sequence of a batch, [step, output].
 *
 * @param outputs of the steps from where the batch began, [step, batch, output]
 * @param original those of the run that it began from, for the steps before
 */
function outputsOf(outputs: NamedArray, sequence: number, original: NamedArray): NamedArray {
  const [steps, batch, width] = outputs.shape as [number, number, number];
  const data = original.data.slice();
  const before = data.length - steps * width;
  for (let step = 0; step < steps; step++) {
    const from = (step * batch + sequence) * width;
    data.set(outputs.data.subarray(from, from + width), before + step * width);
  }
  return { ...original, data };
}
