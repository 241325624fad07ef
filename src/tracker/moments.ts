import { type NamedArray, namedArray, select, sizeOf } from "../tensors/named-array.js";
import type { History } from "./history.js";

/** Some recorded batches of some epochs, as many of each: what a figure over a training is drawn of. */
export interface Moments {
  readonly epochs: readonly number[];
  /** The batches of each of the epochs, [epoch][batch]. */
  readonly batches: readonly (readonly number[])[];
}

type Recorded = Pick<History, "getAvailableEpochs" | "getAvailableBatches" | "getAvailableTokens">;

/**
 * Moments spread evenly over a history: so many epochs, or all if there are fewer, and the first batches that were recorded
 * of each. Epochs of which fewer batches were recorded are passed over.
 *
 * @param wish.batches of an epoch; fewer if no epoch has as many.
 * @throws if a number is no whole number of at least 1, or nothing was recorded.
 * @example const moments = spreadMoments(history, { epochs: 6, batches: 2 });
 */
export function spreadMoments(history: Recorded, wish: { readonly epochs: number; readonly batches: number }): Moments {
  for (const [name, count] of Object.entries(wish)) {
    if (Number.isSafeInteger(count) && count >= 1) continue;
    throw new Error(`spreadMoments: "${name}" is a whole number of at least 1; ${count} was given.`);
  }
  const recorded = history.getAvailableEpochs().map((epoch) => [epoch, history.getAvailableBatches(epoch)] as const);
  if (recorded.length === 0) throw new Error("spreadMoments: this history holds no recorded batch.");
  const batches = Math.min(wish.batches, Math.max(...recorded.map(([, of]) => of.length)));
  const full = recorded.filter(([, of]) => of.length >= batches);
  const count = Math.min(wish.epochs, full.length);
  const last = full.length - 1;
  const chosen = Array.from({ length: count }, (_, i) => (count === 1 ? last : Math.round((i * last) / (count - 1))));
  const moments = chosen.map((index) => full[index] as (typeof full)[number]);
  return { epochs: moments.map(([epoch]) => epoch), batches: moments.map(([, of]) => of.slice(0, batches)) };
}

/**
 * A site's values at every token of all moments.
 *
 * @param sequence which of the kept sequences of a batch, from 0.
 * @returns [epoch, batch, step, ...site], as long as the longest sequence; after the end of a shorter one all is NaN.
 * @throws if it was not recorded, saying what there is.
 * @example const memory = await statesAt(history, moments, "memory"); // [epoch, batch, step, slot, feature]
 */
export async function statesAt(history: History, moments: Moments, site: string, sequence = 0): Promise<NamedArray> {
  const { epochs, batches } = moments;
  const places = epochs.flatMap((epoch, index) => (batches[index] ?? []).map((batch) => [epoch, batch] as const));
  const all = await Promise.all(
    places.map(async ([epoch, batch]) => select(await history.getSeries(epoch, batch, site), { batch: sequence })),
  );
  const [first] = all;
  if (!first) throw new Error("statesAt: there is no moment to read; see spreadMoments.");
  const steps = Math.max(...all.map(({ shape }) => shape[0] as number));
  const state = first.shape.slice(1);
  const data = new Float32Array(all.length * steps * sizeOf(state)).fill(Number.NaN);
  all.forEach((series, index) => {
    data.set(series.data, index * steps * sizeOf(state));
  });
  const shape = [epochs.length, all.length / epochs.length, steps, ...state];
  return namedArray(site, ["epoch", "batch", ...first.axes], shape, data, labelsOf(moments));
}

/**
 * How large the gradients are at all moments, by part of the model: the Euclidean norm of all gradients whose names begin
 * alike, such as "layers.0" or "read", before clipping.
 *
 * @returns [epoch, batch, part]; the parts are labelled, in the order in which the model has them.
 * @throws if no gradient was recorded.
 * @example const norms = await gradientNorms(history, moments);
 */
export async function gradientNorms(history: History, moments: Moments): Promise<NamedArray> {
  const names = history.sites.filter(({ kind }) => kind === "gradient").map(({ name }) => name);
  const parts = [...new Set(names.map(partOf))];
  if (parts.length === 0) throw new Error("gradientNorms: this history holds no gradients.");
  const rows = await Promise.all(
    moments.epochs.flatMap((epoch, index) =>
      (moments.batches[index] ?? []).map((batch) => history.getRows({ epoch, batch, kind: "gradient" })),
    ),
  );
  const norms = rows.flatMap((of) =>
    parts.map((part) => Math.hypot(...of.filter(({ site }) => partOf(site) === part).map(({ norm }) => norm))),
  );
  const shape = [moments.epochs.length, rows.length / moments.epochs.length, parts.length];
  return namedArray("gradient norm", ["epoch", "batch", "part"], shape, norms, { ...labelsOf(moments), part: parts });
}

/** "layers.0.mlp.1.weight" is of "layers.0", "write.scores.bias" of "write". */
export function partOf(parameter: string): string {
  return /^[^.]+(\.\d+)?/.exec(parameter)?.[0] ?? parameter;
}

function labelsOf({ epochs }: Moments): { epoch: string[] } {
  return { epoch: epochs.map(String) };
}
