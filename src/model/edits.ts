import { checkOptions } from "../tensors/check-options.js";
import type { NamedArray, Position } from "../tensors/named-array.js";
import { type Tensors, tensorOf } from "../tensors/tensors.js";
import { fromTensor } from "../tensors/transfer.js";
import type { Change, Noise, ParameterEdit, SiteEdit } from "./edit-data.js";
import { type PatchSource, patchFrom, patchOf, type Recorded } from "./edit-patch.js";
import { type PackedValues, type Values, valuesOf } from "./edit-values.js";
import type { Model } from "./model.js";
import { modelKey } from "./model-key.js";

export { applyEdits, editedParameters } from "./edit-apply.js";
export { checkEdits } from "./edit-checks.js";
export {
  type Bounds,
  type Edit,
  isParameterEdit,
  type Noise,
  type Operation,
  type ParameterEdit,
  type SiteEdit,
} from "./edit-data.js";
export type { PatchSource, Recorded } from "./edit-patch.js";
export type { PackedValues, Values } from "./edit-values.js";

/** Where an edit happens: a step, and positions along axes of the site. */
export type Where = { readonly step: number } & Position;

/**
 * Numbers for an edit: one, or as many as its region has, in its shape. A typed array has one axis. A NamedArray for a site
 * has the axes of the region, in their order; those of a parameter have no names to compare.
 */
type Numbers = Values | PackedValues | Float32Array | NamedArray;

/** What can be done at a place. Each makes one edit; a run carries out several in the order of its list. */
export interface Changes<E> {
  /** Replace by a number, or by numbers of the region's shape. */
  set(value: Numbers): E;
  add(value: Numbers): E;
  /** Multiply. */
  scale(value: Numbers): E;
  /** Set to 0. */
  zero(): E;
  /** Add gaussian noise of the standard deviation `scale`; equal seeds give equal noise, wherever it runs. */
  noise(noise: Noise): E;
  /** Bring what is below `least` or above `greatest` to that bound. */
  clamp(least: number, greatest: number): E;
}

/** What can be done at a site. */
export interface SiteChanges extends Changes<SiteEdit> {
  /**
   * Set to what another run recorded there: at the same step, in the same sequence, unless `from` says otherwise.
   *
   * @throws at once if the other run did not record the site, has no such step or position, or holds no finite numbers there.
   */
  patch(other: Recorded, from?: PatchSource): SiteEdit;
}

/** What can be done with a parameter. */
export interface ParameterChanges extends Changes<ParameterEdit> {
  /** Set to what other parameters hold there. @throws at once if they have no such parameter or position */
  patch(other: Tensors): ParameterEdit;
}

/**
 * Say where to edit, then what to do.
 *
 * @param how.renormalise an axis of the site: after the change, rows along it that were touched are divided by their sums
 * @param how.model the model that the edit is for, or its name: another refuses it
 * @throws if there is no place, or an option is not there.
 * @example edit("memory", { step: 3, slot: 5 }).zero() // wipe slot 5 after step 3
 * @example edit("read.0.weights", { step: 3, slot: 5 }, { renormalise: "slot" }).zero() // the head looks elsewhere
 * @example edit("memory", { step: 3 }).patch(otherRun) // the memory that another run had then
 */
export function edit(
  site: string,
  where: Where,
  how: { readonly renormalise?: string; readonly model?: Model | string } = {},
): SiteChanges {
  if (typeof where !== "object" || where === null) {
    throw new Error(
      'edit takes a site and a place there, with its step, such as edit("memory", { step: 3, slot: 5 }).',
    );
  }
  const { step, ...index } = where;
  const { renormalise } = how;
  checkOptions("edit", how, ["renormalise", "model"]);
  const made = (change: Change): SiteEdit => {
    return { site, step, index, ...change, ...(renormalise !== undefined && { renormalise }), ...madeFor(how) };
  };
  const patch = (other: Recorded, from: PatchSource = {}): SiteEdit => {
    return made({ operation: "set", value: patchFrom(other, site, where, from) });
  };
  return { ...changes(made), patch };
}

/**
 * Say which parameter to edit, then what to do; the checkpoint's own tensors stay as they are.
 *
 * @example editParameter("output.bias", { "axis 0": 7 }).add(2) // make the answer 7 likelier at every step
 */
export function editParameter(
  parameter: string,
  index: Position = {},
  how: { readonly model?: Model | string } = {},
): ParameterChanges {
  checkOptions("editParameter", how, ["model"]);
  const made = (change: Change): ParameterEdit => ({ parameter, index, ...change, ...madeFor(how) });
  const patch = (other: Tensors): ParameterEdit => {
    const tensor = tensorOf(other, parameter);
    const axes = tensor.shape.map((_, axis) => `axis ${axis}`);
    return made({ operation: "set", value: patchOf(fromTensor(tensor, parameter, axes), index) });
  };
  return { ...changes(made), patch };
}

function changes<E>(made: (change: Change) => E): Changes<E> {
  return {
    set: (value) => made({ operation: "set", value: valuesOf(value) }),
    add: (value) => made({ operation: "add", value: valuesOf(value) }),
    scale: (value) => made({ operation: "scale", value: valuesOf(value) }),
    zero: () => made({ operation: "set", value: 0 }),
    noise: (value) => made({ operation: "noise", value }),
    clamp: (least, greatest) => made({ operation: "clamp", value: { least, greatest } }),
  };
}

function madeFor({ model }: { readonly model?: Model | string }): { readonly model?: string } {
  if (model === undefined) return {};
  return { model: typeof model === "string" ? model : modelKey(model) };
}
