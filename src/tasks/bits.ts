/**
 * The bit that a probability stands for, or a target: 1 above one half, 0 at one half and below, as TensorFlow rounds. Of
 * logits that is above 0. Whoever reads, counts or scores bits goes by it. NaN is no bit: look for it first.
 */
export function bitOf(probability: number): 0 | 1 {
  return probability > 0.5 ? 1 : 0;
}
