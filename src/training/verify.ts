import { checkpointIn } from "../model/checkpoint.js";
import type { Model } from "../model/model.js";
import { run } from "../model/run.js";
import type { Batch } from "../tasks/task.js";
import { type NamedArray, namedArray, sizeOf } from "../tensors/named-array.js";
import { quoted } from "../tensors/quoted.js";
import { type SafetensorsFile, type StoredTensor, toFloat32 } from "../tensors/safetensors.js";
import { disposeTensors } from "../tensors/tensors.js";
import { lossAndGradients } from "./sequence.js";

/** How far one expected tensor and our own value of it lie apart. */
export interface Difference {
  readonly name: string;
  readonly shape: readonly number[];
  /** Largest absolute difference of two elements; NaN where one of them is not a number. */
  readonly maxError: number;
}

/**
 * Run the model in a reference file on the file's `inputs` and `targets`, and compare outputs, memory, weightings, loss
 * and gradients with the file's `expected.*` tensors, which another implementation computed.
 *
 * @param onStage called with what begins
 * @returns a row for every expected tensor
 * @throws before anything runs if the file holds no known model, no inputs and targets, or an expectation that the model
 * has no value for.
 */
export function verify(file: SafetensorsFile, onStage: (what: string) => void = () => {}): readonly Difference[] {
  const { model, parameters } = checkpointIn(file);
  try {
    const batch = referenceBatch(file, model);
    checkExpected(file, model, batch);
    onStage("running the model");
    const { outputs, trace } = run(model, parameters, batch.inputs, { record: ["memory", "*.weights"] });
    onStage("computing its gradients");
    const { loss, gradients } = lossAndGradients({ ...model, fixed: [] }, parameters, batch);
    const found = new Map<string, ArrayLike<number>>([
      ["expected.outputs", outputs.data],
      ["expected.memory", (trace.memory as NamedArray).data],
      ["expected.loss", [loss]],
      ["expected.read.weights", headWeights(trace, "read")],
      ["expected.write.weights", headWeights(trace, "write")],
    ]);
    for (const [name, gradient] of Object.entries(gradients)) found.set(`expected.grad.${name}`, gradient.dataSync());
    disposeTensors(gradients);
    return [...found].filter(([name]) => file.tensors.has(name)).map(([name, ours]) => compareWith(file, name, ours));
  } finally {
    disposeTensors(parameters);
  }
}

function compareWith(file: SafetensorsFile, name: string, ours: ArrayLike<number>): Difference {
  const stored = file.tensors.get(name) as StoredTensor;
  const theirs = toFloat32(name, stored);
  const maxError = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - (ours[i] as number))), 0);
  return { name, shape: stored.shape, maxError };
}

/**
 * Refuse expectations that the model has no value for, or of another shape, before anything runs. The memory at every
 * step must be among them: then the file is as large as what running it will take.
 */
function checkExpected(file: SafetensorsFile, model: Model, batch: Batch): void {
  const [steps, sequences] = batch.inputs.shape as [number, number];
  const shapeOf = (name: string): readonly number[] => model.sites.find((site) => site.name === name)?.shape ?? [];
  const heads = (kind: string): number => model.sites.filter(({ name }) => isWeights(name, kind)).length;
  const shapes = new Map<string, readonly number[]>([
    ["expected.outputs", [steps, sequences, model.outputs]],
    ["expected.memory", [steps, sequences, ...shapeOf("memory")]],
    ["expected.loss", [1]],
    ["expected.read.weights", [steps, sequences, heads("read"), ...shapeOf("read.0.weights")]],
    ["expected.write.weights", [steps, sequences, heads("write"), ...shapeOf("write.0.weights")]],
    ...Object.entries(model.shapes).map(([name, shape]) => [`expected.grad.${name}`, shape] as const),
  ]);
  if (!file.tensors.has("expected.memory")) throw new Error('The file has no "expected.memory" to compare with.');
  for (const [name, { shape }] of file.tensors) {
    if (!name.startsWith("expected.")) continue;
    const wanted = shapes.get(name);
    if (!wanted) throw new Error(`The model has no value to compare with the tensor ${quoted(name)}.`);
    if (`${shape}` !== `${wanted}` && !(name === "expected.loss" && shape.length === 0)) {
      throw new Error(`The tensor ${quoted(name)} has shape [${shape}]; the model's value has [${wanted}].`);
    }
  }
}

function isWeights(site: string, kind: string): boolean {
  return site.startsWith(`${kind}.`) && site.endsWith(".weights");
}

/** The final weights of all heads of a kind, [step, batch, head, slot]. */
function headWeights(trace: Readonly<Record<string, NamedArray>>, kind: string): Float32Array {
  const heads = Object.keys(trace).filter((site) => isWeights(site, kind));
  const [steps, batch, slots] = (trace[heads[0] as string] as NamedArray).shape as [number, number, number];
  const data = new Float32Array(steps * batch * heads.length * slots);
  heads.forEach((site, head) => {
    const weights = (trace[site] as NamedArray).data;
    for (let row = 0; row < steps * batch; row++) {
      data.set(weights.subarray(row * slots, (row + 1) * slots), (row * heads.length + head) * slots);
    }
  });
  return data;
}

function referenceBatch(file: SafetensorsFile, model: Model): Batch {
  const inputs = readArray(file, "inputs", ["step", "batch", "input"]);
  const targets = readArray(file, "targets", ["step", "batch", "output"]);
  const shape = inputs.shape.slice(0, 2);
  if (`${targets.shape}` !== `${[...shape, model.outputs]}`) {
    throw new Error(`"targets" has shape [${targets.shape}]; [${shape},${model.outputs}] was expected.`);
  }
  return {
    inputs,
    targets,
    mask: namedArray("mask", ["step", "batch"], shape, new Float32Array(sizeOf(shape)).fill(1)),
  };
}

function readArray(file: SafetensorsFile, name: string, axes: readonly string[]): NamedArray {
  const stored = file.tensors.get(name);
  if (!stored) throw new Error(`The file has no tensor ${quoted(name)}, which a reference file needs.`);
  return namedArray(name, axes, stored.shape, toFloat32(name, stored));
}
