import { quoted } from "../tensors/quoted.js";
import {
  type Bounds,
  type Change,
  type Edit,
  isParameterEdit,
  type Noise,
  operations,
  type SiteEdit,
} from "./edit-data.js";
import { operandsOf } from "./edit-numbers.js";
import { type Place, parameterPlace, sitePlace } from "./edit-places.js";
import { type Model, unknownSite } from "./model.js";
import { modelKey } from "./model-key.js";

const siteFields = ["site", "step", "index", "operation", "value", "renormalise", "model"];
const parameterFields = ["parameter", "index", "operation", "value", "model"];

/**
 * Refuse edits that a run could not carry out.
 *
 * @param steps, batch the extent of the run
 * @throws naming the edit, what is wrong with it, and the choices there are.
 */
export function checkEdits(model: Model, steps: number, batch: number, edits: readonly Edit[]): void {
  if (!Array.isArray(edits)) throw new Error('Edits are a list, such as [edit("memory", { step: 3 }).zero()].');
  edits.forEach((one, number) => {
    try {
      checkEdit(model, steps, batch, one);
    } catch (error) {
      throw new Error(`Edit ${number + 1} of ${edits.length}: ${(error as Error).message}`);
    }
  });
}

function checkEdit(model: Model, steps: number, batch: number, one: Edit): void {
  if (madeNoChange(one)) {
    throw new Error(
      "it says where, but not what to do there. Call .set, .add, .scale, .zero, .noise, .clamp or .patch on it, as in " +
        'edit("memory", { step: 3 }).set(0).',
    );
  }
  if (typeof one !== "object" || one === null) throw new Error(`it is ${one}; an object was expected.`);
  const known = isParameterEdit(one) ? parameterFields : siteFields;
  const unknown = Object.keys(one).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Error(`there is no "${unknown}" in an edit; it has ${known.join(", ")}.`);
  checkModel(model, one.model);
  const place = isParameterEdit(one) ? parameterPlace(model, one.parameter) : placeIn(model, steps, batch, one);
  if (!operations.includes(one.operation)) {
    throw new Error(`there is no operation "${one.operation}"; choose one of ${operations.join(", ")}.`);
  }
  if (one.index !== undefined && (typeof one.index !== "object" || one.index === null)) {
    throw new Error(`its index is ${one.index}; positions along axes were expected, such as { "slot": 5 }.`);
  }
  checkValue(one);
  const far = operandsOf(place, one).operands.find((operand) => !Number.isFinite(operand));
  if (far !== undefined) throw new Error(`the value comes to ${far}; every number must be finite in 32 bits.`);
  if (isParameterEdit(one)) return;
  checkAxes(place, one);
  checkRows(place, one);
}

/** Whether it is what `edit` returns, of which nothing was called, or one of its functions. */
function madeNoChange(one: unknown): boolean {
  return typeof one === "function" || Object.values(one ?? {}).some((field) => typeof field === "function");
}

function checkModel(model: Model, wanted: string | undefined): void {
  if (wanted === undefined || wanted === model.name) return;
  const key = modelKey(model);
  if (wanted === key) return;
  throw new Error(
    `it was made for the model ${quoted(String(wanted))}, but this one is "${key}"; write that, "${model.name}" for any ` +
      `${model.name}, or leave "model" out.`,
  );
}

function placeIn(model: Model, steps: number, batch: number, one: SiteEdit): Place {
  const site = model.sites.find(({ name }) => name === one.site);
  if (!site) throw unknownSite(model, String(one.site));
  if (!Number.isInteger(one.step) || one.step < 0 || one.step >= steps) {
    throw new Error(`step ${one.step} is outside 0 to ${steps - 1}.`);
  }
  return sitePlace(site, batch);
}

/** @throws if noise or bounds are not what they should be; numbers are looked at where they are placed */
function checkValue({ operation, value }: Change): void {
  if (operation === "noise") {
    const { seed, scale } = fields<Noise>(value, ["seed", "scale"], "noise");
    if (!Number.isSafeInteger(seed)) throw new Error(`noise takes a whole number as its seed; ${seed} was given.`);
    if (!(scale >= 0 && Number.isFinite(scale))) {
      throw new Error(`noise takes a finite scale of at least 0, its standard deviation; ${scale} was given.`);
    }
  } else if (operation === "clamp") {
    const { least, greatest } = fields<Bounds>(value, ["least", "greatest"], "clamp");
    const finite = [least, greatest].every((bound) => typeof bound === "number" && Number.isFinite(Math.fround(bound)));
    if (finite && least <= greatest) return;
    throw new Error(
      `clamp takes finite numbers, the least and then the greatest; ${least} and ${greatest} were given.`,
    );
  }
}

function fields<T extends object>(value: unknown, names: readonly (keyof T & string)[], operation: string): T {
  const given = typeof value === "object" && value !== null ? Object.keys(value).sort() : [];
  if (`${given}` === `${[...names].sort()}`) return value as T;
  throw new Error(
    `${operation} takes { ${names.join(", ")} }; ${quoted(JSON.stringify(value) ?? "nothing")} was given.`,
  );
}

/** @throws if the axes of a named array are not those of the region: turned round, a square one would fit unnoticed */
function checkAxes({ name, axes }: Place, { index = {}, value }: SiteEdit): void {
  if (typeof value !== "object" || !("axes" in value) || value.axes === undefined || value.axes.length === 0) return;
  const free = axes.filter((axis) => !Object.hasOwn(index, axis));
  const wanted = free.filter((axis) => axis !== "batch");
  const given = value.axes.map(String).join(", ");
  if ([free, wanted].some((one) => one.join(", ") === given)) return;
  throw new Error(
    `the value has the axes ${quoted(given)}, but the region of "${name}" has "${wanted.join(", ")}"; give it in that order.`,
  );
}

function checkRows({ name, axes }: Place, { renormalise }: SiteEdit): void {
  if (renormalise === undefined || axes.slice(1).includes(renormalise)) return;
  const choices = axes.slice(1).join(", ");
  throw new Error(`"${name}" cannot be renormalised along ${quoted(String(renormalise))}; choose one of ${choices}.`);
}
