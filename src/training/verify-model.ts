import { checkpointIn } from "../model/checkpoint.js";
import type { Model, Site } from "../model/model.js";
import { run } from "../model/run.js";
import type { Batch } from "../tasks/task.js";
import { type NamedArray, namedArray, sizeOf, stack } from "../tensors/named-array.js";
import type { SafetensorsFile } from "../tensors/safetensors.js";
import { disposeTensors } from "../tensors/tensors.js";
import { type Comparable, checkExtent, compare, type Difference, readArray, readExpected } from "./expectations.js";
import { lossAndGradients } from "./sequence.js";

/**
 * Run the model in a reference file on the file's `inputs` [step, batch, input] and `targets` [step, batch, output], and
 * compare with what the file expects: `outputs`, any site by its name, `read.weights` and `write.weights` (those of all
 * heads, [step, batch, head, slot]), the `loss`, and `grad.PARAMETER`. `mask` [step, batch] says which answers count;
 * without it all do.
 */
export function verifyModel(file: SafetensorsFile, onStage: (what: string) => void): readonly Difference[] {
  const { model, parameters } = checkpointIn(file);
  try {
    const batch = referenceBatch(file, model);
    const expected = readExpected(file, comparable(model, batch));
    checkExtent(file, sizeOf(batch.mask.shape), model.sites);
    const isExpected = ({ name }: Site): boolean => expected.has(name) || expected.has(stackedName(name) ?? name);
    onStage("running the model");
    const record = model.sites.filter(isExpected).map(({ name }) => name);
    const { outputs, trace } = run(model, parameters, batch.inputs, { record });
    const found = new Map<string, ArrayLike<number>>([["outputs", outputs.data]]);
    for (const [name, array] of Object.entries(trace)) found.set(name, array.data);
    for (const [name, sites] of stackedSites(model)) {
      if (expected.has(name)) found.set(name, stackHeads(sites.map((site) => trace[site.name] as NamedArray)));
    }
    if ([...expected.keys()].some((name) => name === "loss" || name.startsWith("grad."))) {
      onStage("computing its gradients");
      const { loss, gradients } = lossAndGradients({ ...model, fixed: [] }, parameters, batch);
      found.set("loss", [loss]);
      for (const [name, gradient] of Object.entries(gradients)) found.set(`grad.${name}`, gradient.dataSync());
      disposeTensors(gradients);
    }
    return compare(expected, found);
  } finally {
    disposeTensors(parameters);
  }
}

function comparable(model: Model, { mask }: Batch): Comparable {
  const each = (shape: readonly number[]): readonly number[] => [...mask.shape, ...shape];
  return new Map([
    ["outputs", each([model.outputs])],
    ["loss", [1]],
    ...model.sites.map(({ name, shape }) => [name, each(shape)] as const),
    ...[...stackedSites(model)].map(
      ([name, sites]) => [name, each([sites.length, ...(sites[0]?.shape ?? [])])] as const,
    ),
    ...Object.entries(model.shapes).map(([name, shape]) => [`grad.${name}`, shape] as const),
  ]);
}

/** "read.weights" for "read.0.weights": the name under which a file may hold the weights of all heads of a kind. */
function stackedName(site: string): string | undefined {
  const kind = /^(read|write)\.\d+\.weights$/.exec(site)?.[1];
  return kind && `${kind}.weights`;
}

/** The sites of each stacked name, head by head. */
function stackedSites(model: Model): ReadonlyMap<string, readonly Site[]> {
  const stacked = new Map<string, Site[]>();
  for (const site of model.sites) {
    const name = stackedName(site.name);
    if (name) stacked.set(name, [...(stacked.get(name) ?? []), site]);
  }
  return stacked;
}

/** Values of all heads [step, batch, head, slot], from those of each head [step, batch, slot]. */
function stackHeads(heads: readonly NamedArray[]): Float32Array {
  const { data, shape } = stack(heads, "head");
  const [count, steps, batch, slots] = shape as [number, number, number, number];
  const rows = steps * batch;
  return data.map((_, i) => {
    const [slot, head, row] = [i % slots, Math.floor(i / slots) % count, Math.floor(i / (slots * count))];
    return data[(head * rows + row) * slots + slot] as number;
  });
}

function referenceBatch(file: SafetensorsFile, model: Model): Batch {
  const inputs = readArray(file, "inputs", ["step", "batch", "input"]);
  const shape = inputs.shape.slice(0, 2);
  const targets = readArray(file, "targets", ["step", "batch", "output"]);
  const all = () => namedArray("mask", ["step", "batch"], shape, new Float32Array(sizeOf(shape)).fill(1));
  const mask = file.tensors.has("mask") ? readArray(file, "mask", ["step", "batch"]) : all();
  for (const [array, wanted] of [[targets, [...shape, model.outputs]] as const, [mask, shape] as const]) {
    if (`${array.shape}` !== `${wanted}`) {
      throw new Error(`"${array.name}" has shape [${array.shape}]; [${wanted}] was expected.`);
    }
  }
  if (mask.data.some((one) => one !== 0 && one !== 1) || !mask.data.includes(1)) {
    throw new Error('"mask" is 1 where an answer counts and 0 where it does not, and at least one must count.');
  }
  return { inputs, targets, mask };
}
