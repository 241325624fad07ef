import type { Model } from "../model/model.js";
import { crc32 } from "../tensors/crc32.js";
import type { NamedArray } from "../tensors/named-array.js";
import type { SweepPlan } from "./sweep-cells.js";
import type { SweepMoment, SweepOptions } from "./sweep-options.js";

/** A number as JSON can keep it. */
export function toJson(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** What a sweep is known by: a checksum of all that decides its numbers, except the parameters. */
export function sweepName(
  model: Model,
  input: NamedArray,
  { cells }: SweepPlan,
  { edits = [], metric }: SweepOptions,
  batch: number,
): string {
  const said = JSON.stringify([
    model.metadata,
    cells.map((cell) => [cell.index, cell.edits]),
    edits,
    metric.name,
    batch,
  ]);
  const { buffer, byteOffset, byteLength } = input.data;
  const sum = crc32(new Uint8Array(buffer, byteOffset, byteLength), crc32(new TextEncoder().encode(said)));
  return `${model.name}-${sum.toString(16).padStart(8, "0")}`;
}

/** The values of a moment. @throws if it is no moment, or that of another sweep */
export function valuesFrom(moment: SweepMoment, name: string, cells: number): number[] {
  const { sweep, values } = (moment ?? {}) as Partial<SweepMoment>;
  if (typeof sweep !== "string" || !Array.isArray(values) || values.length > cells) {
    throw new Error("sweep: `from` takes the `moment` of a sweep that was stopped; something else was given.");
  }
  if (sweep !== name) {
    throw new Error(
      `sweep: \`from\` belongs to another sweep ("${sweep}", this one is "${name}"). Give the model, input, sites, edits, ` +
        "metric and batch that it was begun with.",
    );
  }
  return values.map(Number);
}

/** @throws if the original run is another than it was: other parameters, or another backend */
export function checkBaseline({ baseline }: SweepMoment, now: number): void {
  if (Object.is(Number(baseline), now)) return;
  throw new Error(
    `sweep: \`from\` measured ${baseline} in the original run, now it is ${now}. Go on with the parameters and the backend ` +
      "that it was begun with.",
  );
}
