import { stridesOf } from "../tensors/named-array.js";
import type { Sweep } from "./sweep.js";

/** One edited run of a sweep: its place by the map's axes, the metric, and how far it is from the original run's. */
export type SweepRow = { readonly [axis: string]: number | string } & {
  readonly value: number;
  readonly change: number;
};

/**
 * A sweep as a table, one row for each run that was carried out, in the order of the map: ready for `new DataFrame(rows)`.
 * Labels stand for positions.
 *
 * @example show(new DataFrame(sweepRows(wiped).filter(({ change }) => change > 1)))
 */
export function sweepRows({ values, baseline, moment }: Pick<Sweep, "values" | "baseline" | "moment">): SweepRow[] {
  const { axes, shape, data, labels } = values;
  const strides = stridesOf(shape);
  const unfinished = moment.values.length < moment.cells;
  return Array.from(data, (value, index): SweepRow => {
    const place = axes.map((axis, i) => {
      const position = Math.floor(index / (strides[i] as number)) % (shape[i] as number);
      const label = labels?.[axis]?.[position] ?? `${position}`;
      return [axis, /^\d+$/.test(label) ? Number(label) : label];
    });
    return { ...Object.fromEntries(place), value, change: value - baseline };
  }).filter(({ value }) => !(unfinished && Number.isNaN(value)));
}
