import { checkpointIn } from "../model/checkpoint.js";
import { run } from "../model/run.js";
import type { Batch } from "../tasks/task.js";
import { type NamedArray, namedArray, sizeOf } from "../tensors/named-array.js";
import { quoted } from "../tensors/quoted.js";
import { type SafetensorsFile, toFloat32 } from "../tensors/safetensors.js";
import { disposeTensors } from "../tensors/tensors.js";
import { fromTensor } from "../tensors/transfer.js";
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
 * @returns a row for every expected tensor, in the file's order
 * @throws if the file holds no known model, no inputs and targets, or an expectation that the model has no value for.
 */
export function verify(file: SafetensorsFile): readonly Difference[] {
  const expected = [...file.tensors.keys()].filter((name) => name.startsWith("expected."));
  if (expected.length === 0) throw new Error('The file has no "expected.*" tensor to compare with.');
  const { model, parameters } = checkpointIn(file);
  try {
    const batch = referenceBatch(file);
    const { outputs, trace } = run(model, parameters, batch.inputs, { record: ["memory", "*.weights"] });
    const { loss, gradients } = lossAndGradients({ ...model, fixed: [] }, parameters, batch);
    const found = new Map<string, NamedArray>([
      ["expected.outputs", outputs],
      ["expected.memory", trace.memory as NamedArray],
      ["expected.loss", namedArray("loss", ["one"], [1], [loss])],
      ...["read", "write"].map((kind) => [`expected.${kind}.weights`, headWeights(trace, kind)] as const),
    ]);
    for (const [name, gradient] of Object.entries(gradients)) {
      found.set(`expected.grad.${name}`, fromTensor(gradient, name, gradient.shape.map(String)));
    }
    disposeTensors(gradients);
    return expected.map((name) => compareWith(file, name, found.get(name)));
  } finally {
    disposeTensors(parameters);
  }
}

function compareWith(file: SafetensorsFile, name: string, ours: NamedArray | undefined): Difference {
  if (!ours) throw new Error(`The model has no value to compare with the tensor ${quoted(name)}.`);
  const theirs = readArray(file, name, ours.axes);
  if (`${theirs.shape}` !== `${ours.shape}`) {
    throw new Error(`The tensor ${quoted(name)} has shape [${theirs.shape}]; the model's value has [${ours.shape}].`);
  }
  const maxError = theirs.data.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (ours.data[i] as number))),
    0,
  );
  return { name, shape: ours.shape, maxError };
}

/** The final weights of all heads of a kind, [step, batch, head, slot]. */
function headWeights(trace: Readonly<Record<string, NamedArray>>, kind: string): NamedArray {
  const heads = Object.keys(trace).filter((site) => site.startsWith(`${kind}.`));
  const [steps, batch, slots] = (trace[heads[0] as string] as NamedArray).shape as [number, number, number];
  const data = new Float32Array(steps * batch * heads.length * slots);
  heads.forEach((site, head) => {
    const weights = (trace[site] as NamedArray).data;
    for (let row = 0; row < steps * batch; row++) {
      data.set(weights.subarray(row * slots, (row + 1) * slots), (row * heads.length + head) * slots);
    }
  });
  return namedArray(`${kind}.weights`, ["step", "batch", "head", "slot"], [steps, batch, heads.length, slots], data);
}

function referenceBatch(file: SafetensorsFile): Batch {
  const inputs = readArray(file, "inputs", ["step", "batch", "input"]);
  const targets = readArray(file, "targets", ["step", "batch", "output"]);
  const shape = inputs.shape.slice(0, 2);
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
