import * as tf from "@tensorflow/tfjs-core";
import type { NamedArray, Position } from "../tensors/named-array.js";
import { quoted } from "../tensors/quoted.js";
import { type Tensors, tensorOf } from "../tensors/tensors.js";
import { regionOf, type Values } from "./edit-region.js";
import { type Model, type Site, unknownSite } from "./model.js";

export type { Values } from "./edit-region.js";

/** What an edit does with the value it finds: replace it, add to it, or multiply it. */
export const operations = ["set", "add", "scale"] as const;
export type Operation = (typeof operations)[number];

interface Change {
  readonly index?: Position;
  readonly operation: Operation;
  readonly value: Values;
}

/**
 * A change to one value inside a run, as plain data that can be kept as JSON and replayed.
 *
 * `index` fixes positions along the site's axes (and `batch`); axes it does not name are changed throughout.
 */
export interface SiteEdit extends Change {
  readonly site: string;
  readonly step: number;
}

/** A change to a parameter for a whole run. The axes of parameters have no names: `index` calls them "axis 0", "axis 1". */
export interface ParameterEdit extends Change {
  readonly parameter: string;
}

/** A change to a run, as plain data: JSON carries it between notebooks, the explorer and the command line. */
export type Edit = SiteEdit | ParameterEdit;

const siteFields = ["site", "step", "index", "operation", "value"];
const parameterFields = ["parameter", "index", "operation", "value"];

/** Where an edit happens: a step, and positions along axes of the site. */
export type Where = { readonly step: number } & Position;

/**
 * Say where to edit, then what to do.
 *
 * @example edit("memory", { step: 3, slot: 5 }).set(0) // wipe slot 5 after step 3
 */
export function edit(site: string, where: Where): Record<Operation, (value: Values) => SiteEdit> {
  const { step, ...index } = where;
  return each((change) => ({ site, step, index, ...change }));
}

/**
 * Say which parameter to edit, then what to do; the checkpoint's own tensors stay as they are.
 *
 * @example editParameter("output.bias", { "axis 0": 7 }).add(2) // make the answer 7 likelier at every step
 */
export function editParameter(
  parameter: string,
  index: Position = {},
): Record<Operation, (value: Values) => ParameterEdit> {
  return each((change) => ({ parameter, index, ...change }));
}

function each<E>(make: (change: Pick<Change, "operation" | "value">) => E): Record<Operation, (value: Values) => E> {
  const of = (operation: Operation) => (value: Values) => make({ operation, value });
  return { set: of("set"), add: of("add"), scale: of("scale") };
}

/** Whether an edit is of a parameter. */
export function isParameterEdit(one: Edit): one is ParameterEdit {
  return Object.hasOwn(one, "parameter");
}

/**
 * Refuse edits that a run could not carry out.
 *
 * @param steps, batch the extent of the run
 * @throws naming the edit, what is wrong with it, and the choices there are.
 */
export function checkEdits(model: Model, steps: number, batch: number, edits: readonly Edit[]): void {
  edits.forEach((one, number) => {
    const refuse = (problem: string) => new Error(`Edit ${number + 1} of ${edits.length}: ${problem}`);
    if (typeof one !== "object" || one === null) throw refuse(`it is ${one}; an object was expected.`);
    const known = isParameterEdit(one) ? parameterFields : siteFields;
    const unknown = Object.keys(one).find((key) => !known.includes(key));
    if (unknown !== undefined) throw refuse(`there is no "${unknown}" in an edit; it has ${known.join(", ")}.`);
    try {
      const place = isParameterEdit(one) ? parameterPlace(model, one) : sitePlace(model, steps, batch, one);
      if (!operations.includes(one.operation)) {
        throw new Error(`there is no operation "${one.operation}"; choose one of ${operations.join(", ")}.`);
      }
      regionOf(place, one.index ?? {}, one.value);
    } catch (error) {
      throw refuse((error as Error).message);
    }
  });
}

/**
 * Carry out one edit on the value of its site.
 *
 * @param value [batch, ...site]
 * @returns a new tensor of the same shape; elements outside the edit's region are the same to the bit
 */
export function applyEdit(site: Site, one: SiteEdit, value: tf.Tensor): tf.Tensor {
  return changed(withBatch(site, value.shape[0] as number), one, value);
}

/**
 * The parameters as their edits leave them. Tensors of edited parameters are new, all others are the given ones.
 *
 * @throws if there is no such parameter
 */
export function editedParameters(model: Model, parameters: Tensors, edits: readonly Edit[]): Tensors {
  const result: Record<string, tf.Tensor> = { ...parameters };
  for (const one of edits.filter(isParameterEdit)) {
    const before = tensorOf(result, one.parameter);
    result[one.parameter] = tf.tidy(() => changed(parameterPlace(model, one), one, before));
    if (before !== parameters[one.parameter]) before.dispose();
  }
  return result;
}

type Place = Pick<NamedArray, "name" | "axes" | "shape">;

function changed(place: Place, { index, operation, value: given }: Change, value: tf.Tensor): tf.Tensor {
  const { places, operands } = regionOf(place, index ?? {}, given);
  const [inside, operand] = [new Uint8Array(value.size), new Float32Array(value.size)];
  places.forEach((at, i) => {
    inside[at] = 1;
    operand[at] = operands[i] as number;
  });
  const mask = tf.tensor(inside, value.shape, "bool");
  const amount = tf.tensor(operand, value.shape, "float32");
  const result = { set: () => amount, add: () => tf.add(value, amount), scale: () => tf.mul(value, amount) };
  return tf.where(mask, result[operation](), value);
}

function withBatch({ name, axes, shape }: Site, batch: number): Place {
  return { name, axes: ["batch", ...axes], shape: [batch, ...shape] };
}

function sitePlace(model: Model, steps: number, batch: number, one: SiteEdit): Place {
  const site = model.sites.find(({ name }) => name === one.site);
  if (!site) throw unknownSite(model, String(one.site));
  if (!Number.isInteger(one.step) || one.step < 0 || one.step >= steps) {
    throw new Error(`step ${one.step} is outside 0 to ${steps - 1}.`);
  }
  return withBatch(site, batch);
}

function parameterPlace(model: Model, { parameter }: ParameterEdit): Place {
  const shape = Object.hasOwn(model.shapes, parameter) ? model.shapes[parameter] : undefined;
  if (shape) return { name: parameter, axes: shape.map((_, index) => `axis ${index}`), shape };
  const names = Object.keys(model.shapes).join(", ");
  throw new Error(`${model.name} has no parameter ${quoted(String(parameter))}; its parameters are ${names}.`);
}
