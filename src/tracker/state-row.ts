import { defined, rowEntropy } from "../analysis/entropy.js";
import { namedArray } from "../tensors/named-array.js";

/** What a row of a history holds: a value at a site of the model, a parameter, its gradient, or one number of a metric. */
export const kinds = ["state", "parameter", "gradient", "metric"] as const;
export type Kind = (typeof kinds)[number];

/** A place that a history records: a site of the model, or a parameter, or the gradient of one. */
export interface RecordedSite {
  readonly kind: Exclude<Kind, "metric">;
  readonly name: string;
  /** Axes and their lengths; a state has the axis "batch" before them, the sequences that were kept. */
  readonly axes: readonly string[];
  readonly shape: readonly number[];
  readonly about: string;
}

/** When and where a row was recorded. `step` is the token; only states have one. */
export interface RowKey {
  readonly epoch: number;
  readonly batch: number;
  readonly step: number | null;
  readonly kind: Kind;
  /** Name of the site, the parameter or the metric. */
  readonly site: string;
}

/** Which rows are wanted; what is not given may be anything. */
export type RowFilter = Partial<RowKey>;

/** A value as it was recorded. */
export interface StateRow extends RowKey {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/** What a row of a batch is of, and where its values begin among those of several rows. */
export interface RowPlace extends Pick<RowKey, "step" | "kind" | "site"> {
  readonly shape: readonly number[];
  readonly start: number;
}

/**
 * Rows of one batch, their values in one piece of storage: of a thousand small rows, what is made for each costs more than
 * its values. The list of places may serve many batches.
 */
export interface BatchRows extends Pick<RowKey, "epoch" | "batch"> {
  readonly places: readonly RowPlace[];
  readonly data: Float32Array;
}

/** Numbers about a value; all NaN where it holds a NaN or ∞, and where it is empty. */
export interface Statistics {
  readonly mean: number;
  /** The population's. */
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** Euclidean, √Σx². */
  readonly norm: number;
  /** Of attention: the mean entropy of its rows, in nats; null for anything else. */
  readonly entropy: number | null;
}

/** Numbers about a value, in double precision. */
export function statisticsOf(row: StateRow): Statistics {
  const { data } = row;
  const count = data.length;
  const first = data[0] ?? Number.NaN;
  let [min, max] = [first, first];
  let [sum, squares, shifted] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const value = data[i] as number;
    const difference = value - first; // the spread about one of the values loses no digits where all are large and near
    sum += difference;
    shifted += difference * difference;
    squares += value * value;
    min = Math.min(min, value); // without a branch: it takes half as long
    max = Math.max(max, value);
  }
  if (count === 0 || !Number.isFinite(squares)) {
    const none = Number.NaN;
    return { mean: none, std: none, min: none, max: none, norm: none, entropy: isAttention(row) ? none : null };
  }
  const variance = Math.max(0, (shifted - (sum * sum) / count) / count);
  const entropy = isAttention(row) && min >= 0 ? meanEntropy(row) : null;
  return { mean: first + sum / count, std: Math.sqrt(variance), min, max, norm: Math.sqrt(squares), entropy };
}

/** Models name what looks somewhere "NAME.weights" or "NAME.attention". */
function isAttention({ kind, site, shape }: StateRow): boolean {
  return kind === "state" && shape.length >= 2 && /(^|\.)(weights|attention)$/.test(site);
}

/** As `attentionTable` has it: the average over the rows that do not sum to zero. */
function meanEntropy({ site, shape, data }: StateRow): number {
  const axes = shape.map((_, index) => `axis ${index}`);
  const array = namedArray(site, axes, shape, data);
  const entropies = defined(array, rowEntropy(array));
  return entropies.reduce((sum, entropy) => sum + entropy, 0) / entropies.length;
}
