import * as tf from "@tensorflow/tfjs-core";
import { type Hook, type Model, unknownSite } from "../model/model.js";
import type { Batch } from "../tasks/task.js";
import { type NamedArray, stack } from "../tensors/named-array.js";
import type { Tensors } from "../tensors/tensors.js";
import { fromTensor, toTensor } from "../tensors/transfer.js";
import { answersOf, crossEntropy, sequenceLogits } from "./sequence.js";

/**
 * How the loss would change with the values at a site: the gradient of the mean cross-entropy (in nats) by every value
 * that passes there. A value matters where it is large, and a step along −gradient there lowers the loss.
 *
 * @param site one name, such as "states"
 * @returns [step, batch, ...site]
 * @throws if the model has no such site.
 * @example siteGradients(model, parameters, batch, "states")
 */
export function siteGradients(model: Model, parameters: Tensors, batch: Batch, site: string): NamedArray {
  const found = model.sites.find(({ name }) => name === site);
  if (!found) throw unknownSite(model, site);
  const { axes, shape } = found;
  const [steps, sequences] = batch.inputs.shape as [number, number];
  const gradients = tf.tidy(() => {
    const targets = toTensor(batch.targets);
    const mask = toTensor(batch.mask);
    // A zero added at every step is what the loss is differentiated by.
    const zeros = Array.from({ length: steps }, () => tf.zeros([sequences, ...shape]));
    return tf.grads((...added: tf.Tensor[]) => {
      const hookAt =
        (step: number): Hook =>
        (name, value) =>
          name === site ? tf.add(value, added[step] as tf.Tensor) : value;
      const logits = sequenceLogits(model, parameters, toTensor(batch.inputs), hookAt);
      const loss = tf.div(tf.sum(crossEntropy(model, logits, targets, mask)), answersOf(model, batch));
      // What the last step writes reaches no loss: its gradient is 0, where TensorFlow.js would find none and throw.
      return added.reduce((sum, one) => tf.add(sum, tf.mul(0, tf.sum(one))), loss) as tf.Scalar;
    })(zeros);
  });
  const arrays = gradients.map((gradient) => fromTensor(gradient, `gradient of ${site}`, ["batch", ...axes]));
  tf.dispose(gradients);
  return stack(arrays, "step");
}
