import { random } from "../tensors/random.js";

/** Which batches are recorded. */
export interface Sampling {
  /** Share of the batches of an epoch, above 0 up to 1. */
  readonly rate: number;
  readonly seed: number;
  /** Only the first epochs, and of each only the first batches. */
  readonly epochs: number;
  readonly batches: number;
}

/**
 * Whether a batch is recorded: evenly spaced ones of every epoch, beginning where the seed says. The same batches again
 * for the same seed, however a training was interrupted.
 *
 * Over an epoch of n batches they are n·rate, but for one; taken at random, a short epoch could have none or all.
 */
export function isSampled(sampling: Sampling, epoch: number, batch: number): boolean {
  return sampledBefore(sampling, epoch, batch + 1) > sampledBefore(sampling, epoch, batch);
}

/** How many of the first `batches` batches of the first `epochs` epochs are recorded. */
export function countSampled(sampling: Sampling, epochs: number, batches: number): number {
  let count = 0;
  for (let epoch = 0; epoch < Math.min(epochs, sampling.epochs); epoch++) {
    count += sampledBefore(sampling, epoch, batches);
  }
  return count;
}

/** How many of the first `batches` batches of an epoch are recorded. */
function sampledBefore({ rate, seed, ...limits }: Sampling, epoch: number, batches: number): number {
  if (epoch >= limits.epochs) return 0;
  const phase = (random(seed).uniform() + random(epoch).uniform()) % 1;
  return Math.floor(Math.min(batches, limits.batches) * rate + (rate < 1 ? phase : 0));
}
