import { editedParameters, isParameterEdit, type SiteEdit } from "../model/edits.js";
import type { Model } from "../model/model.js";
import { recordingsOf } from "../model/recorded-model.js";
import { type NamedArray, namedArray } from "../tensors/named-array.js";
import { replaceTensors, type Tensors } from "../tensors/tensors.js";
import { turn } from "../tensors/turn.js";
import { openBatches } from "./sweep-batch.js";
import { planSweep, type SweepPlan } from "./sweep-cells.js";
import { checkBaseline, sweepName, toJson, valuesFrom } from "./sweep-moment.js";
import { checkSweep, type Metric, type Sweep, type SweepOptions } from "./sweep-options.js";

export type { Sweep } from "./sweep-options.js";

/**
 * Make the same edit at each place in turn, each in a run of its own, and map what it does: ablation, or with
 * `(at) => at.patch(other)` activation patching (Meng et al. 2022, arXiv 2202.05262, section 2; Zhang and Nanda 2023, arXiv
 * 2309.16042).
 *
 * Runs are carried out in batches, one edited run a sequence, each batch from the step of its earliest edit. A cell's number
 * is that of a separate `run` with the edit, but for the rounding that another size of batch brings.
 *
 * @param input one sequence, [step, 1, input]
 * @returns also if it is stopped: what it has after one batch at least. The first batch begins with the original run: where
 * batches are of one sequence, as those of a recorded model are, there may be no cell beside it.
 * @throws before anything runs if an option, a site, a position or an edit does not fit, naming the choices.
 * @example
 * const { inputs, ...answers } = copyBatch([vectors]);
 * const wiped = await sweep(model, parameters, inputs, {
 *   site: "memory",
 *   over: ["step", "slot"],
 *   operation: (at) => at.zero(),
 *   metric: wrongBits(answers),
 * });
 */
export async function sweep(
  model: Model,
  parameters: Tensors,
  input: NamedArray,
  options: SweepOptions,
): Promise<Sweep> {
  const steps = checkSweep(model, parameters, input, options);
  const plan = planSweep(model, steps, options);
  const { cells } = plan;
  const { edits = [], metric, from, signal, onProgress } = options;
  const most = recordingsOf(model) ? 1 : (options.batch ?? 64); // a recording is of one sequence
  const batch = batchFor(cells.length + 1, most); // the original is one of the runs
  const name = sweepName(model, input, plan, options, batch);
  const values = from ? valuesFrom(from, name, cells.length) : [];
  const edited = editedParameters(model, parameters, edits);
  const everywhere = edits.filter((one): one is SiteEdit => !isParameterEdit(one));
  const batches = openBatches({ model, parameters: edited, input }, batch, everywhere);
  try {
    const { original, outputs } = batches.first(from ? [] : cells.slice(0, batch - 1));
    const measure = (one: NamedArray): number => measured(metric, one, original);
    const baseline = measure(original);
    if (from) checkBaseline(from, baseline);
    const soFar = (): Sweep => {
      const moment = { sweep: name, cells: cells.length, baseline: toJson(baseline), values: values.map(toJson) };
      return { values: mapOf(plan, metric, values), baseline, done: values.length, cells: cells.length, moment };
    };
    values.push(...outputs.map(measure));
    await onProgress?.({ done: values.length, cells: cells.length, soFar });
    let paused = performance.now();
    while (values.length < cells.length && !signal?.aborted) {
      values.push(...batches.next(cells.slice(values.length, values.length + batch)).map(measure));
      await onProgress?.({ done: values.length, cells: cells.length, soFar });
      if (performance.now() - paused < 20) continue;
      await turn();
      paused = performance.now();
    }
    return soFar();
  } finally {
    replaceTensors(edited, parameters);
  }
}

/**
 * The size of the batches: all of one size, for one that is not full computes as much as one that is; and few different
 * sizes, for each is recorded anew.
 */
function batchFor(runs: number, most: number): number {
  const even = Math.ceil(runs / Math.ceil(runs / most));
  return even > 8 ? Math.min(most, Math.ceil(even / 8) * 8) : even;
}

function measured(metric: Metric, outputs: NamedArray, original: NamedArray): number {
  const value: unknown = metric(outputs, original);
  if (typeof value === "number") return value;
  throw new Error(`sweep: \`metric\` gives a number; it gave ${typeof value === "object" ? "an object" : value}.`);
}

/** The numbers of the cells that are done, at their places in the map. */
function mapOf({ axes, cells }: SweepPlan, metric: Metric, values: readonly number[]): NamedArray {
  const data = new Float32Array(cells.length).fill(Number.NaN);
  values.forEach((value, i) => {
    data[cells[i]?.index as number] = value;
  });
  const labels = Object.fromEntries(axes.flatMap(({ name, labels }) => (labels ? [[name, labels]] : [])));
  const shape = axes.map(({ positions }) => positions.length);
  const names = axes.map(({ name }) => name);
  return namedArray(metric.name || "metric", names, shape, data, Object.keys(labels).length > 0 ? labels : undefined);
}
