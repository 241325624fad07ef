import type { BatchCover, MetricSum, Part } from "./manifest.js";
import type { StoredRows } from "./part-writer.js";
import type { RowKey } from "./state-row.js";

/** An epoch and a batch in it. */
export type Moment = readonly [epoch: number, batch: number];

export function isBefore(one: Moment, other: Moment): boolean {
  return one[0] < other[0] || (one[0] === other[0] && one[1] < other[1]);
}

/** What a part's rows tell of the run: its batches and their steps, and the metrics of its epochs. */
export function coverOf(
  rows: Readonly<Pick<StoredRows, keyof RowKey | "mean">>,
): Pick<Part, "from" | "to" | "batches" | "metrics"> {
  const covers = new Map<string, { epoch: number; batch: number; steps: Set<number> }>();
  let cover = { epoch: -1, batch: -1, steps: new Set<number>() }; // of the row before: most rows are of the same batch
  const sums = new Map<string, { epoch: number; name: string; sum: number; count: number }>();
  const first: Moment = [rows.epoch[0] as number, rows.batch[0] as number];
  let [from, to] = [first, first];
  for (let row = 0; row < rows.epoch.length; row++) {
    const [epoch, batch, step] = [
      rows.epoch[row] as number,
      rows.batch[row] as number,
      rows.step[row] as number | null,
    ];
    const [kind, site, mean] = [rows.kind[row], rows.site[row] as string, rows.mean[row] as number];
    if (cover.epoch !== epoch || cover.batch !== batch) {
      const moment: Moment = [epoch, batch];
      if (isBefore(moment, from)) from = moment;
      if (isBefore(to, moment)) to = moment;
    }
    if (kind === "metric") {
      const key = `${epoch} ${site}`;
      const { sum, count } = sums.get(key) ?? { sum: 0, count: 0 };
      sums.set(key, { epoch, name: site, sum: sum + mean, count: count + 1 });
    } else {
      if (cover.epoch !== epoch || cover.batch !== batch) {
        const key = `${epoch} ${batch}`;
        cover = covers.get(key) ?? { epoch, batch, steps: new Set() };
        covers.set(key, cover);
      }
      if (step !== null) cover.steps.add(step);
    }
  }
  const batches = [...covers.values()].map((one): BatchCover => ({ ...one, steps: stretches(one.steps) }));
  return { from, to, batches, metrics: [...sums.values()] };
}

/** Whole numbers as stretches without a gap, both ends included. */
export function stretches(numbers: Iterable<number>): [number, number][] {
  const result: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = result.at(-1);
    if (last && number <= last[1] + 1) last[1] = number;
    else result.push([number, number]);
  }
  return result;
}

/** The mean of every metric over an epoch. */
export interface EpochMetrics {
  readonly epoch: number;
  readonly means: Readonly<Record<string, number>>;
}

/** Means over all parts of a history, epochs rising. */
export function epochMetrics(parts: readonly { readonly metrics: readonly MetricSum[] }[]): EpochMetrics[] {
  const epochs = new Map<number, Map<string, { sum: number; count: number }>>();
  for (const { epoch, name, sum, count } of parts.flatMap(({ metrics }) => metrics)) {
    const metrics = epochs.get(epoch) ?? new Map<string, { sum: number; count: number }>();
    const before = metrics.get(name) ?? { sum: 0, count: 0 };
    metrics.set(name, { sum: before.sum + sum, count: before.count + count });
    epochs.set(epoch, metrics);
  }
  return [...epochs]
    .sort(([a], [b]) => a - b)
    .map(([epoch, metrics]) => ({
      epoch,
      means: Object.fromEntries([...metrics].map(([name, { sum, count }]) => [name, sum / count])),
    }));
}
