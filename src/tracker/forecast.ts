import { fullPart, mostBytes, partOverhead } from "./history-writer.js";
import { countSampled, type Sampling } from "./sampling.js";
import type { Extent, Settings } from "./tracker-options.js";

/** What a history will come to, at most. */
export interface Forecast {
  readonly rows: number;
  readonly bytes: number;
}

const metrics = ["loss", "accuracy"];

/** What recording a training of this extent takes, if it is saved once an epoch. @param rate in place of the settings' own */
export function forecastOf(settings: Settings, run: Extent, rate: number = settings.rate): Forecast {
  const { dtype, sequences, limits, seed, places } = settings;
  const sampling: Sampling = { rate, seed, epochs: limits.epochs, batches: limits.batches };
  const sampled = countSampled(sampling, run.epochs, run.batches);
  const tokens = Math.min(run.tokens, limits.tokens);
  const manifests = 3 * places.reduce((sum, place) => sum + JSON.stringify(place).length + 1, 1024);
  let [rows, bytes] = [0, manifests + partOverhead * Math.min(run.epochs, limits.epochs)];
  for (const { kind, name, shape } of places) {
    const count = sampled * (kind === "state" ? tokens : 1);
    rows += count;
    bytes += count * mostBytes({ kind, site: name, shape: kind === "state" ? [sequences, ...shape] : shape }, dtype);
  }
  const batches = Math.min(run.epochs, limits.epochs) * Math.min(run.batches, limits.batches);
  for (const site of metrics) {
    rows += batches;
    bytes += batches * mostBytes({ kind: "metric", site, shape: [] }, dtype);
  }
  return { rows, bytes: bytes + partOverhead * Math.ceil(bytes / fullPart) };
}

/**
 * The highest sampling rate, not above the settings' own, at which a training's history keeps to the byte budget.
 *
 * @throws if not even one batch of the run fits.
 */
export function affordableRate(settings: Settings, run: Extent): number {
  const { byteBudget, rate } = settings;
  if (forecastOf(settings, run).bytes <= byteBudget) return rate;
  let [low, high] = [0, rate];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (forecastOf(settings, run, middle).bytes <= byteBudget) low = middle;
    else high = middle;
  }
  const sampling = { rate: low, seed: settings.seed, epochs: settings.limits.epochs, batches: settings.limits.batches };
  if (low > 0 && countSampled(sampling, run.epochs, run.batches) > 0) return low;
  const one = forecastOf(settings, { ...run, epochs: 1, batches: 1 }, 1).bytes;
  throw new Error(
    `stateTracker: one batch takes up to ${one} bytes, and a byte budget of ${byteBudget} was given for the run; ` +
      "record fewer sites, tokens or sequences, or no parameters and gradients.",
  );
}
