import { checkOptions } from "../tensors/check-options.js";
import type { NamedArray } from "../tensors/named-array.js";
import { select } from "../tensors/named-array.js";
import { checkShapes, replaceTensors, shapesOf, type Tensors } from "../tensors/tensors.js";
import { carryOut } from "./carry-out.js";
import { checkEdits, type Edit, editedParameters, isParameterEdit, type SiteEdit } from "./edits.js";
import { type Model, sitesMatching } from "./model.js";
import { recordingsOf } from "./recorded-model.js";
import type { Run } from "./run-request.js";

export { runRefusal } from "./replayed-run.js";
export type { Run } from "./run-request.js";
export { activate } from "./site-step.js";

/**
 * Run a model over a sequence, recording and editing values at its sites.
 *
 * The model's step is recorded once and replayed by the engine; where that cannot be, or `TAPESCOPE_BACKEND` names a
 * backend, it runs operation by operation on the backend in use.
 *
 * @param inputs [step, batch, input]
 * @param options.record names or patterns of sites, such as `"memory"`, `"read.*.weights"` or `"*"`; none by default
 * @param options.edits changes to make on the way, in their order; a recorded value is the edited one
 * @throws before anything runs if the inputs, a parameter, a pattern or an edit do not fit the model.
 * @example run(model, parameters, inputs, { record: ["memory"], edits: [edit("memory", { step: 3, slot: 5 }).set(0)] })
 */
export function run(
  model: Model,
  parameters: Tensors,
  inputs: NamedArray,
  options: { readonly record?: readonly string[]; readonly edits?: readonly Edit[] } = {},
): Run {
  checkOptions("run", options, ["record", "edits"]);
  const { steps, batch } = checkInputs(model, inputs);
  checkShapes(model.name, model.shapes, shapesOf(parameters));
  const recorded = sitesMatching(model, options.record ?? []);
  const edits = options.edits ?? [];
  checkEdits(model, steps, batch, edits);
  const edited = editedParameters(model, parameters, edits);
  try {
    const siteEdits = edits.filter((one): one is SiteEdit => !isParameterEdit(one));
    return carryOut({ model, parameters: edited, inputs, steps, batch, recorded, edits: siteEdits });
  } finally {
    replaceTensors(edited, parameters);
  }
}

/**
 * A recorded site of one sequence, [step, ...site].
 *
 * @throws if the site was not recorded, listing those that were.
 */
export function series(result: Run, site: string, batch = 0): NamedArray {
  const array = Object.hasOwn(result.trace, site) ? result.trace[site] : undefined;
  if (array) return select(array, { batch });
  const names = Object.keys(result.trace).join(", ") || "none";
  throw new Error(`"${site}" was not recorded (recorded: ${names}); name it in run's \`record\`.`);
}

/** @throws unless the inputs are [step, batch, input] and fit the model. */
export function checkInputs(model: Model, inputs: NamedArray): { steps: number; batch: number } {
  const [steps = 0, batch = 0, width] = inputs.shape;
  if (inputs.shape.length !== 3 || width !== model.inputs || steps < 1 || batch < 1) {
    throw new Error(
      `${model.name} takes inputs [step, batch, ${model.inputs}] of at least one step and one sequence; ` +
        `[${inputs.axes}] of [${inputs.shape}] was given.`,
    );
  }
  if (batch > 1 && recordingsOf(model)) {
    throw new Error(
      `This ${model.name} came as a recording, which runs one sequence at a time; ${batch} were given. Run them one by one, ` +
        "or give its code: loadCheckpoint(path, { models }).",
    );
  }
  return { steps, batch };
}
