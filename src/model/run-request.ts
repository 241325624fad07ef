import type { NamedArray } from "../tensors/named-array.js";
import type { Tensors } from "../tensors/tensors.js";
import type { SiteEdit } from "./edits.js";
import type { Model, Site } from "./model.js";

/** A run that was found to be possible. */
export interface RunRequest {
  readonly model: Model;
  readonly parameters: Tensors;
  /** [step, batch, input] */
  readonly inputs: NamedArray;
  readonly steps: number;
  readonly batch: number;
  readonly recorded: readonly Site[];
  /** In the order in which they are carried out. */
  readonly edits: readonly SiteEdit[];
}

/** What a run leaves behind: plain data, no tensors. */
export interface Run {
  /** [step, batch, output], after the model's activation. */
  readonly outputs: NamedArray;
  /** Recorded sites, each [step, batch, ...site]. */
  readonly trace: Readonly<Record<string, NamedArray>>;
  /** The state after the last step, each [batch, ...]. */
  readonly state: Readonly<Record<string, NamedArray>>;
}
