import { checkEdits, type Edit, type edit, type SiteEdit } from "../model/edits.js";
import type { Model } from "../model/model.js";
import { checkInputs } from "../model/run.js";
import { checkOptions } from "../tensors/check-options.js";
import type { NamedArray } from "../tensors/named-array.js";
import { checkShapes, shapesOf, type Tensors } from "../tensors/tensors.js";

/**
 * What a sweep measures in every run.
 *
 * @param outputs of the edited run, after the model's activation, [step, output]
 * @param original those of the run without the sweep's edit
 */
export type Metric = (outputs: NamedArray, original: NamedArray) => number;

/** Where one edit of a sweep happens: a site, a step, and positions along the site's axes. */
export type Place = { readonly site: string; readonly step: number } & Readonly<Record<string, number | string>>;

/** What a sweep does at one place: `at` is `edit(site, …)` of that place. */
export type Operate = (at: ReturnType<typeof edit>, place: Place) => SiteEdit;

export interface SweepOptions {
  /** The site to edit, or several: names or patterns, such as "memory" or "layers.*.attention". */
  readonly site: string | readonly string[];
  /** Axes of the map: any of "step", the site's own axes, and "site"; along all others a cell edits everything. */
  readonly over: readonly string[];
  /** The edit at each place, such as `(at) => at.set(0)`. Equal places must get equal edits. */
  readonly operation: Operate;
  /** An axis of the site along which the numbers then sum to one again: `renormalise` of `edit`, for every `at`. */
  readonly renormalise?: string;
  /** What is measured; its `name` becomes the map's. */
  readonly metric: Metric;
  /**
   * Positions to keep to, by axis. Along an axis of `over` they are those that are gone through; along any other they are
   * edited together.
   */
  readonly at?: Readonly<Record<string, number | readonly number[]>>;
  /** Edits of every run, also of the original: the noise of causal tracing, for example. */
  readonly edits?: readonly Edit[];
  /** Names of the steps, for the map. */
  readonly stepLabels?: readonly string[];
  /** How many runs are carried out at a time, at most; memory is used for so many. 64 by default. */
  readonly batch?: number;
  /** Called, and awaited, after every batch. */
  readonly onProgress?: (progress: SweepProgress) => void | Promise<void>;
  /** Stops the sweep after the batch under way; what was done by then is returned. */
  readonly signal?: AbortSignal;
  /** The moment of a sweep with the same settings, to go on from. */
  readonly from?: SweepMoment;
}

/** What a sweep found. */
export interface Sweep {
  /** The metric of every edited run, [...over]; NaN where the sweep was stopped before it. */
  readonly values: NamedArray;
  /** The metric of the original run. */
  readonly baseline: number;
  readonly done: number;
  readonly cells: number;
  /** What the same call goes on from, as its option `from`: plain data, which JSON keeps. */
  readonly moment: SweepMoment;
}

export interface SweepProgress {
  readonly done: number;
  readonly cells: number;
  /** What a sweep that was stopped now would return: its `moment`, kept in a file, is there after a crash. */
  readonly soFar: () => Sweep;
}

/** How far a sweep has come: plain data, kept as JSON. A metric is known by its name. */
export interface SweepMoment {
  /** Tells sweeps of other models, inputs, edits, metrics or batches from this one. */
  readonly sweep: string;
  readonly cells: number;
  /** The metric of the original run. */
  readonly baseline: number | string;
  /** The metric of the cells that are done, in the order in which they are carried out; "NaN", "Infinity" as text. */
  readonly values: readonly (number | string)[];
}

const names = [
  "site",
  "over",
  "operation",
  "renormalise",
  "metric",
  "at",
  "edits",
  "stepLabels",
  "batch",
  "onProgress",
  "signal",
  "from",
];

/**
 * Refuse a sweep that could not be carried out, as far as it can be told without its cells.
 *
 * @returns the steps of its runs
 */
export function checkSweep(model: Model, parameters: Tensors, input: NamedArray, options: SweepOptions): number {
  const { steps, batch: sequences } = checkInputs(model, input);
  if (sequences !== 1) {
    throw new Error(`sweep: the input is one sequence, [step, 1, input]; ${sequences} were given. Choose one of them.`);
  }
  checkShapes(model.name, model.shapes, shapesOf(parameters));
  checkOptions("sweep", options, names);
  const { operation, metric, edits = [], batch = 64, stepLabels, from } = options;
  for (const [name, given] of Object.entries({ operation, metric })) {
    if (typeof given === "function") continue;
    const example = { operation: "(at) => at.zero()", metric: "wrongBits(answers)" }[name];
    throw new Error(`sweep: \`${name}\` is a function, such as ${example}; ${JSON.stringify(given)} was given.`);
  }
  if (from && ["", "metric"].includes(metric.name)) {
    throw new Error(
      "sweep: to go on, `metric` needs a name to be known by: give a named function instead of an arrow.",
    );
  }
  if (!Number.isSafeInteger(batch) || batch < 1) {
    throw new Error(`sweep: \`batch\` is a whole number of at least 1; ${batch} was given.`);
  }
  if (stepLabels && stepLabels.length !== steps) {
    throw new Error(`sweep: \`stepLabels\` names each of ${steps} steps; ${stepLabels.length} names were given.`);
  }
  checkEdits(model, steps, 1, edits);
  return steps;
}
