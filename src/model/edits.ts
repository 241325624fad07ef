import * as tf from "@tensorflow/tfjs-core";
import { axisIndex, namedArray, type Position, select, sizeOf } from "../tensors/named-array.js";
import { type Model, type Site, unknownSite } from "./model.js";

/** A number for the whole region of an edit, or nested arrays of the region's shape. */
export type Values = number | readonly Values[];

/** What an edit does with the value it finds: replace it, add to it, or multiply it. */
export const operations = ["set", "add", "scale"] as const;
export type Operation = (typeof operations)[number];

/**
 * A change to one value inside a run, as plain data that can be kept as JSON and replayed.
 *
 * `index` fixes positions along the site's axes (and `batch`); axes it does not name are changed throughout.
 */
export interface Edit {
  readonly site: string;
  readonly step: number;
  readonly index?: Position;
  readonly operation: Operation;
  readonly value: Values;
}

const fields = ["site", "step", "index", "operation", "value"];

/** Where an edit happens: a step, and positions along axes of the site. */
export type Where = { readonly step: number } & Position;

/**
 * Say where to edit, then what to do.
 *
 * @example edit("memory", { step: 3, slot: 5 }).set(0) // wipe slot 5 after step 3
 */
export function edit(site: string, where: Where): Record<Operation, (value: Values) => Edit> {
  const { step, ...index } = where;
  const make =
    (operation: Operation) =>
    (value: Values): Edit => ({ site, step, index, operation, value });
  return { set: make("set"), add: make("add"), scale: make("scale") };
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
    const unknown = Object.keys(one ?? {}).filter((key) => !fields.includes(key));
    if (unknown.length > 0) throw refuse(`there is no "${unknown[0]}" in an edit; it has ${fields.join(", ")}.`);
    if (typeof one !== "object" || one === null) throw refuse(`it is ${one}; an object was expected.`);
    const site = model.sites.find(({ name }) => name === one.site);
    if (!site) throw refuse(unknownSite(model, String(one.site)).message);
    if (!Number.isInteger(one.step) || one.step < 0 || one.step >= steps) {
      throw refuse(`step ${one.step} is outside 0 to ${steps - 1}.`);
    }
    if (!operations.includes(one.operation)) {
      throw refuse(`there is no operation "${one.operation}"; choose one of ${operations.join(", ")}.`);
    }
    try {
      region(site, batch, one);
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
export function applyEdit(site: Site, one: Edit, value: tf.Tensor): tf.Tensor {
  const { inside, operand } = region(site, value.shape[0] as number, one);
  const mask = tf.tensor(inside, value.shape, "bool");
  const amount = tf.tensor(operand, value.shape, "float32");
  const changed = { set: () => amount, add: () => tf.add(value, amount), scale: () => tf.mul(value, amount) };
  return tf.where(mask, changed[one.operation](), value);
}

/** Which elements of [batch, ...site] an edit touches, and with which operand. @throws if index or value do not fit. */
function region(site: Site, batch: number, one: Edit): { inside: Uint8Array; operand: Float32Array } {
  const axes = ["batch", ...site.axes];
  const shape = [batch, ...site.shape];
  const size = sizeOf(shape);
  for (const axis of Object.keys(one.index ?? {})) axisIndex({ name: site.name, axes }, axis);
  const positions = namedArray(
    site.name,
    axes,
    shape,
    Float32Array.from({ length: size }, (_, index) => index),
  );
  const chosen = select(positions, one.index ?? {});
  // One sequence is the usual case: a region that still spans its batch may be given without it.
  const wanted = chosen.axes[0] === "batch" && batch === 1 ? chosen.shape.slice(1) : chosen.shape;
  const values = flatten(one.value);
  const bad = values.numbers.findIndex((number) => typeof number !== "number" || !Number.isFinite(Math.fround(number)));
  if (bad >= 0) throw new Error(`the value holds ${values.numbers[bad]}; every number must be finite in 32 bits.`);
  if (values.shape.length > 0 && `${values.shape}` !== `${wanted}` && `${values.shape}` !== `${chosen.shape}`) {
    throw new Error(`the value has shape [${values.shape}], but the region of "${site.name}" has [${wanted}].`);
  }
  const inside = new Uint8Array(size);
  const operand = new Float32Array(size);
  chosen.data.forEach((position, index) => {
    inside[position] = 1;
    operand[position] = values.numbers[values.numbers.length === 1 ? 0 : index] as number;
  });
  return { inside, operand };
}

/** Shape and numbers of nested arrays. @throws if they are ragged. */
function flatten(values: Values): { shape: number[]; numbers: number[] } {
  if (!Array.isArray(values)) return { shape: [], numbers: [values as number] };
  const parts = (values as readonly Values[]).map(flatten);
  const inner = parts[0]?.shape ?? [];
  if (parts.some(({ shape }) => `${shape}` !== `${inner}`)) throw new Error("the value's nested arrays are ragged.");
  return { shape: [parts.length, ...inner], numbers: parts.flatMap(({ numbers }) => numbers) };
}
