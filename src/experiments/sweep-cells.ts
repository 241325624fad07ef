import { checkEdits, edit, type SiteEdit } from "../model/edits.js";
import { type Model, type Site, sitesMatching } from "../model/model.js";
import type { Position } from "../tensors/named-array.js";
import type { SweepOptions } from "./sweep-options.js";

/** One run of a sweep. */
export interface Cell {
  /** Its place in the map, row-major. */
  readonly index: number;
  /** What is edited in it, as edits of a run of one sequence. */
  readonly edits: readonly SiteEdit[];
  /** The step of the earliest edit: before it nothing differs from the original run. */
  readonly step: number;
}

/** The axes of a sweep's map. */
export interface SweptAxis {
  readonly name: string;
  /** What is swept over: steps, positions along an axis of the site; of sites, places in the list of them. */
  readonly positions: readonly number[];
  /** Only where the positions do not speak for themselves. */
  readonly labels?: readonly string[];
}

/** What a sweep carries out, found to be possible. */
export interface SweepPlan {
  readonly axes: readonly SweptAxis[];
  /** By the step of their first edit, so that a batch of them begins as late as it can. */
  readonly cells: readonly Cell[];
}

/**
 * The cells of a sweep.
 *
 * @param steps of the run
 * @throws if a site, an axis, a position or an edit does not fit the model, naming the choices
 */
export function planSweep(model: Model, steps: number, options: SweepOptions): SweepPlan {
  const sites = sitesMatching(model, [options.site].flat());
  const axes = sweptAxes(sites, steps, options);
  const together = togetherAt(sites, steps, options);
  let places: { readonly site: Site; readonly at: Position }[] = [{ site: sites[0] as Site, at: {} }];
  for (const { name, positions } of axes) {
    places = places.flatMap(({ site, at }) =>
      positions.map((position) =>
        name === "site" ? { site: sites[position] as Site, at } : { site, at: { ...at, [name]: position } },
      ),
    );
  }
  const cells = places.map(({ site, at }, index): Cell => {
    const edits = together.map((others) => editAt(model, steps, options, site, { ...others, ...at }));
    return { index, edits, step: Math.min(...edits.map(({ step }) => step)) };
  });
  return { axes, cells: cells.sort((one, other) => one.step - other.step || one.index - other.index) };
}

function editAt(model: Model, steps: number, options: SweepOptions, site: Site, at: Position): SiteEdit {
  const { operation, renormalise } = options;
  const where = at as Position & { readonly step: number };
  try {
    const place = edit(site.name, where, renormalise === undefined ? {} : { renormalise });
    const one = operation(place, { ...where, site: site.name });
    checkEdits(model, steps, 1, [one]);
    if (!Object.hasOwn(one, "site")) throw new Error("it edits a parameter; a sweep edits sites.");
    return one;
  } catch (error) {
    const place = Object.entries(at).map(([axis, position]) => `${axis} ${position}`);
    throw new Error(`sweep: at ${[site.name, ...place].join(", ")}: ${(error as Error).message}`);
  }
}

/** The axes that a sweep goes over, with what each goes through. */
function sweptAxes(sites: readonly Site[], steps: number, { over, at = {}, stepLabels }: SweepOptions): SweptAxis[] {
  const shared = sharedAxes(sites);
  const choices = ["step", "site", ...shared.keys()];
  const given = Array.isArray(over) ? over : [over];
  if (!Array.isArray(over) || over.length === 0 || new Set(over).size < over.length) {
    throw new Error(`sweep: \`over\` lists axes, each once; [${given}] was given. Choose among ${choices.join(", ")}.`);
  }
  const unknown = over.find((axis) => !choices.includes(axis));
  if (unknown !== undefined) {
    const of = sites.length > 1 ? `all of ${sites.map(({ name }) => name).join(", ")}` : `"${sites[0]?.name}"`;
    throw new Error(`sweep: there is no axis "${unknown}" in ${of}; sweep over ${choices.join(", ")}.`);
  }
  if (sites.length > 1 && !over.includes("site")) {
    const names = sites.map(({ name }) => name).join(", ");
    throw new Error(`sweep: ${sites.length} sites were named (${names}); put "site" into \`over\`, or name one.`);
  }
  for (const axis of Object.keys(at)) {
    if (axis !== "site" && choices.includes(axis)) continue;
    throw new Error(`sweep: \`at\` knows ${choices.filter((one) => one !== "site").join(", ")}; "${axis}" was given.`);
  }
  return over.map((name): SweptAxis => {
    if (name === "site") return { name, positions: [...sites.keys()], labels: sites.map((site) => site.name) };
    const length = name === "step" ? steps : (shared.get(name) as number);
    const positions = positionsAlong(name, length, at[name]);
    const labels = name === "step" ? stepLabels : undefined;
    const chosen = positions.length < length || labels;
    return { name, positions, ...(chosen && { labels: positions.map((one) => labels?.[one] ?? `${one}`) }) };
  });
}

/** Positions that every cell edits at once: those along axes that are not swept over. */
function togetherAt(sites: readonly Site[], steps: number, { over, at = {} }: SweepOptions): Position[] {
  const shared = sharedAxes(sites);
  const fixed = over.includes("step") || at.step !== undefined ? at : { ...at, step: undefined };
  let all: Position[] = [{}];
  for (const [axis, given] of Object.entries(fixed)) {
    if (over.includes(axis)) continue;
    const positions = positionsAlong(axis, axis === "step" ? steps : (shared.get(axis) as number), given);
    all = all.flatMap((before) => positions.map((position) => ({ ...before, [axis]: position })));
  }
  return all;
}

function positionsAlong(axis: string, length: number, given?: number | readonly number[]): readonly number[] {
  if (given === undefined) return Array.from({ length }, (_, position) => position);
  const positions = [given].flat();
  const wrong = positions.find((one) => !Number.isInteger(one) || one < 0 || one >= length);
  if (wrong !== undefined) throw new Error(`sweep: ${axis} ${wrong} is outside 0 to ${length - 1}.`);
  if (positions.length === 0 || new Set(positions).size < positions.length) {
    throw new Error(
      `sweep: \`at.${axis}\` lists positions of 0 to ${length - 1}, each once; [${positions}] was given.`,
    );
  }
  return positions;
}

/** Axes that all sites have, in one length. */
function sharedAxes(sites: readonly Site[]): Map<string, number> {
  const [first, ...others] = sites as [Site, ...Site[]];
  const shared = first.axes.map((axis, i) => [axis, first.shape[i] as number] as const);
  return new Map(
    shared.filter(([axis, length]) => others.every((site) => site.shape[site.axes.indexOf(axis)] === length)),
  );
}
