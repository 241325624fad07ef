import { sizeOf } from "../tensors/named-array.js";
import type { BatchRows, RecordedSite, RowPlace } from "./state-row.js";

/**
 * What refuses rows that a history cannot take. A list of places is looked at once, however many batches it serves.
 *
 * @param sites the places that the history records
 */
export function rowCheck(sites: readonly RecordedSite[]): (rows: BatchRows) => void {
  const of = (kind: RecordedSite["kind"]) =>
    new Map(sites.filter((site) => site.kind === kind).map((site) => [site.name, site]));
  const recorded = { state: of("state"), parameter: of("parameter"), gradient: of("gradient") };
  const ends = new WeakMap<readonly RowPlace[], number>();
  /** Where the values of places end that are good. */
  const endOf = (places: readonly RowPlace[]): number => {
    for (const place of places) {
      checkCount("step", place.step ?? 0);
      if (place.kind !== "metric") checkPlace(recorded[place.kind].get(place.site), place);
    }
    return Math.max(0, ...places.map(({ start, shape }) => start + sizeOf(shape)));
  };
  /** @throws if a row is of a place that the history does not record, or its numbers make no sense. */
  return ({ epoch, batch, places, data }) => {
    checkCount("epoch", epoch);
    checkCount("batch", batch);
    const end = ends.get(places) ?? endOf(places);
    ends.set(places, end);
    if (data.length < end) throw new Error(`These rows hold ${end} values; ${data.length} were given.`);
  };
}

function checkPlace(place: RecordedSite | undefined, { kind, site, shape, step }: RowPlace): void {
  if (!place) throw new Error(`This history does not record the ${kind} "${site}".`);
  const first = kind === "state" ? 1 : 0; // the sequences stand before a state's own axes
  const fits = shape.length === place.shape.length + first && place.shape.every((n, i) => n === shape[i + first]);
  if (fits && (kind === "state") === (step !== null)) return;
  const wanted = kind === "state" ? `[batch,${place.shape}] with a step` : `[${place.shape}] without a step`;
  throw new Error(`${kind} "${site}" is ${wanted}; [${shape}] was given, step ${step}.`);
}

function checkCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) return;
  throw new Error(`A row's ${name} is a whole number from 0; ${value} was given.`);
}
