import type { Position } from "../tensors/named-array.js";
import type { PackedValues, Values } from "./edit-values.js";

/** Operations that take one number, or one for each number of their region: replace it, add to it, multiply it. */
export type Operation = "set" | "add" | "scale";

/** Gaussian noise around 0, drawn from the seed (a whole number): the same for equal seeds. `scale` is its deviation. */
export interface Noise {
  readonly seed: number;
  readonly scale: number;
}

/** Bounds, both included. */
export interface Bounds {
  readonly least: number;
  readonly greatest: number;
}

/** What an edit does with the numbers it finds. */
export type Change =
  | { readonly operation: Operation; readonly value: Values | PackedValues }
  /** Adds to each number what is drawn for it, in row-major order: the batch first, then the axes of the site. */
  | { readonly operation: "noise"; readonly value: Noise }
  | { readonly operation: "clamp"; readonly value: Bounds };

/** Every operation. */
export const operations: readonly Change["operation"][] = ["set", "add", "scale", "noise", "clamp"];

/** What an edit may say beside. */
interface Target {
  /** Positions along axes; axes that are not named are changed throughout. */
  readonly index?: Position;
  /** The model it was made for: a name such as "ntm", or one model's `modelKey`. Others refuse it. */
  readonly model?: string;
}

/**
 * A change to one value inside a run, as plain data that can be kept as JSON and replayed.
 *
 * `index` fixes positions along the site's axes (and `batch`).
 */
export type SiteEdit = Change &
  Target & {
    readonly site: string;
    readonly step: number;
    /**
     * An axis of the site: after the change, every row along this axis that the edit touches, whole, is divided by its sum.
     * A row of sum 0 is left: there is nothing to share out. A sum below zero, or one that is not finite, ends the run with
     * an error.
     */
    readonly renormalise?: string;
  };

/** A change to a parameter for a whole run. The axes of parameters have no names: `index` calls them "axis 0", "axis 1". */
export type ParameterEdit = Change & Target & { readonly parameter: string };

/** A change to a run, as plain data: JSON carries it between notebooks, the explorer and the command line. */
export type Edit = SiteEdit | ParameterEdit;

/** Whether an edit is of a parameter. */
export function isParameterEdit(one: Edit): one is ParameterEdit {
  return Object.hasOwn(one, "parameter");
}
