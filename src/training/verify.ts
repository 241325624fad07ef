import type { SafetensorsFile } from "../tensors/safetensors.js";
import type { Difference } from "./expectations.js";
import { verifyModel } from "./verify-model.js";
import { verifyNsmStep } from "./verify-nsm-step.js";

/**
 * Compute what a reference file expects, and compare: its tensors "expected.NAME" were computed by another
 * implementation from the parameters and inputs beside them. The metadata's `model` says of what: a whole model ("ntm",
 * "nsm") over a sequence, or the cell of a Neural State Machine alone ("nsm step").
 *
 * @param onStage called with what begins
 * @returns a row for every expected tensor
 * @throws before anything runs if the file holds no known model, lacks an input, or expects what there is no value for.
 */
export function verify(file: SafetensorsFile, onStage: (what: string) => void = () => {}): readonly Difference[] {
  return file.metadata.get("model") === "nsm step" ? verifyNsmStep(file, onStage) : verifyModel(file, onStage);
}
