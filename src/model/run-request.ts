import type { NamedArray } from "../tensors/named-array.js";
import type { Tensors } from "../tensors/tensors.js";
import type { SiteEdit } from "./edits.js";
import type { Model, Site } from "./model.js";

/** The state of one sequence between two steps, without its batch: [...], by name. */
export type State = Readonly<Record<string, StateValue>>;

export interface StateValue {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** Whole numbers stay whole numbers for a model that counts. */
  readonly dtype?: "float32" | "int32" | "bool";
}

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
  /**
   * Begin in the middle, before a step from 1: all sequences have this state then. What the run leaves behind begins at
   * that step too. Without it a run begins before its first step, with the state that the model starts with.
   */
  readonly from?: { readonly step: number; readonly state: State };
  /** Is given the state of the first sequence before every step but the one that the run begins with. */
  readonly keep?: (step: number, state: State) => void;
}

/** What a run leaves behind: plain data, no tensors. */
export interface Run {
  /** [step, batch, output], after the model's activation. */
  readonly outputs: NamedArray;
  /** [step, batch, output], before it. */
  readonly logits: NamedArray;
  /** Recorded sites, each [step, batch, ...site]. */
  readonly trace: Readonly<Record<string, NamedArray>>;
  /** The state after the last step, each [batch, ...]. */
  readonly state: Readonly<Record<string, NamedArray>>;
}
