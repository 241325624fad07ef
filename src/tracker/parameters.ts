import { type NamedArray, namedArray } from "../tensors/named-array.js";
import type { Tensors } from "../tensors/tensors.js";
import { toTensor } from "../tensors/transfer.js";
import type { History } from "./history.js";
import { partOf } from "./moments.js";

/** A recorded batch. */
export interface RecordedBatch {
  readonly epoch: number;
  readonly batch: number;
}

/**
 * All parameters as the update after a batch left them: with them the model of then runs again. The caller disposes of
 * them. As exact as they were recorded: see `history.settings.dtype`.
 *
 * @throws if they were not recorded.
 * @example const young = run(model, await parametersAt(history, { epoch: 0, batch: 464 }), inputs);
 */
export async function parametersAt(history: History, at: RecordedBatch): Promise<Tensors> {
  const all = await recorded(history, "parameter", at);
  return Object.fromEntries(all.map((array) => [array.name, toTensor(array)]));
}

/**
 * All parameters, or all gradients, of a batch in one row, for a histogram.
 *
 * @returns [value]
 * @throws if they were not recorded.
 */
export async function valuesAt(
  history: History,
  kind: "parameter" | "gradient",
  at: RecordedBatch,
): Promise<NamedArray> {
  const all = await recorded(history, kind, at);
  const data = new Float32Array(all.reduce((sum, array) => sum + array.data.length, 0));
  let filled = 0;
  for (const array of all) {
    data.set(array.data, filled);
    filled += array.data.length;
  }
  return namedArray(kind, ["value"], [data.length], data);
}

/**
 * How far the parameters moved from one batch to another, by part of the model: |θ′ − θ| / |θ|, Euclidean norms over all
 * parameters whose names begin alike.
 *
 * @returns [part], 0 or more; parts that are not trained, and stay, are left out.
 * @throws if they were not recorded.
 */
export async function parameterChange(history: History, from: RecordedBatch, to: RecordedBatch): Promise<NamedArray> {
  const [before, after] = [await recorded(history, "parameter", from), await recorded(history, "parameter", to)];
  const sums = new Map<string, { moved: number; size: number }>();
  before.forEach(({ name, data }, index) => {
    const part = partOf(name);
    const sum = sums.get(part) ?? { moved: 0, size: 0 };
    data.forEach((value, i) => {
      sum.size += value ** 2;
      sum.moved += ((after[index]?.data[i] as number) - value) ** 2;
    });
    sums.set(part, sum);
  });
  const moved = [...sums].filter(([, sum]) => sum.moved > 0);
  const shares = moved.map(([, sum]) => Math.sqrt(sum.moved / sum.size));
  return namedArray("relative change", ["part"], [moved.length], shares, { part: moved.map(([part]) => part) });
}

/** The parameters or gradients of a batch, in the model's order. */
function recorded(
  history: History,
  kind: "parameter" | "gradient",
  { epoch, batch }: RecordedBatch,
): Promise<NamedArray[]> {
  const names = history.sites.filter((site) => site.kind === kind).map(({ name }) => name);
  if (names.length === 0) throw new Error(`This history holds no ${kind}s.`);
  const read = kind === "parameter" ? history.getParameter : history.getGradient;
  return Promise.all(names.map((name) => read(epoch, batch, name)));
}
