import type { ArrayInput } from "../tensors/array-input.js";
import { type NamedArray, namedArray } from "../tensors/named-array.js";
import { arrayOf } from "./matrices.js";
import { slotNorm } from "./slots.js";

/**
 * Importance of slots or states by the gradient that they receive: the norm of each one's gradient, a mean over
 * sequences, then a moving average over the steps, from 0 before the first: kept·decay + new·(1 − decay).
 *
 * @param gradients [step, batch, state, feature], as `siteGradients` gives them
 * @param decay how much is kept from one step to the next, 0 to 1
 * @returns [state], the average after the last step, 0 or more; NaN for a state with a NaN
 * @throws if there are not four axes, there is no value, or decay is out of range.
 * @example gradientImportance(siteGradients(model, parameters, batch, "states"))
 */
export function gradientImportance(gradients: ArrayInput, decay = 0.9): NamedArray {
  const axes = ["step", "batch", "state", "feature"];
  const array = arrayOf(gradients, "gradients", axes, 4, "gradientImportance");
  const [steps, batch, states] = array.shape as [number, number, number];
  if (array.shape.length !== 4) {
    throw new Error(`gradientImportance takes [${axes}]; "${array.name}" is [${array.axes}] of [${array.shape}].`);
  }
  if (!(decay >= 0 && decay < 1))
    throw new Error(`gradientImportance: decay is 0 or more, below 1; ${decay} was given.`);
  const norms = slotNorm(array).data; // [step, batch, state]
  const average = new Float64Array(states);
  for (let step = 0; step < steps; step++) {
    for (let state = 0; state < states; state++) {
      let sum = 0;
      for (let one = 0; one < batch; one++) sum += norms[(step * batch + one) * states + state] as number;
      average[state] = decay * (average[state] as number) + ((1 - decay) * sum) / batch;
    }
  }
  const axis = array.axes[2] as string;
  const labels = array.labels?.[axis];
  return namedArray("gradient received", [axis], [states], average, labels && { [axis]: labels });
}
