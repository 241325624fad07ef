import { type Changes, type Edit, edit, editParameter } from "../model/edits.js";
import type { Position } from "../tensors/named-array.js";

/** What an experiment edits: a site at a step, or a parameter; `index` fixes positions along its axes. */
export type Target =
  | { readonly site: string; readonly step: number; readonly index: Position }
  | { readonly parameter: string; readonly index: Position };

/** What can be done at a target. @param renormalise an axis of a site whose rows are to sum to 1 again; "" for none */
export function changesAt(target: Target, renormalise = ""): Changes<Edit> {
  if ("parameter" in target) return editParameter(target.parameter, target.index);
  return edit(target.site, { step: target.step, ...target.index }, renormalise === "" ? {} : { renormalise });
}

/** The 32-bit number itself, in as few decimals as say it: 0.1, not 0.10000000149011612; −0 becomes 0, as in JSON. */
export function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return Number(value.toPrecision(9)); // nine digits say every 32-bit number
}
