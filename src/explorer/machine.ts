import { type Checkpoint, decodeCheckpoint } from "../model/checkpoint.js";
import { checkEdits, type Edit, editedParameters, isParameterEdit } from "../model/edits.js";
import { type Run, run, runRefusal } from "../model/run.js";
import { currentBackend, useBackend } from "../tensors/backend.js";
import type { NamedArray } from "../tensors/named-array.js";
import { disposeTensors, replaceTensors, tensorOf } from "../tensors/tensors.js";
import { fromTensor } from "../tensors/transfer.js";
import type { CheckpointSource } from "./sources.js";

/** A loaded checkpoint, that runs in the page. */
export interface Machine {
  /** The checkpoint's file name. */
  readonly name: string;
  readonly checkpoint: Checkpoint;
  /** How many numbers the parameters are. */
  readonly size: number;
  /**
   * Run it over one sequence, with every site recorded.
   *
   * @param inputs [step, batch, input]
   * @throws as the library's `run`
   */
  run(inputs: NamedArray, edits?: readonly Edit[]): TimedRun;
  /**
   * A parameter as edits leave it.
   *
   * @throws as the library's `run`, if an edit does not fit
   */
  parameter(name: string, edits?: readonly Edit[]): NamedArray;
  /** Free its parameters. */
  close(): void;
}

/** A run, how long it took, and what computed it. */
export interface TimedRun extends Run {
  readonly milliseconds: number;
  readonly engine: string;
}

/**
 * Load a checkpoint into the page.
 *
 * @throws if it cannot be read, is no sound safetensors file, or holds no model that is known here; the message names it.
 */
export async function openMachine({ name, load }: CheckpointSource): Promise<Machine> {
  // Of the backends that run anywhere, also in a report that is a single file, the plain one: it has nothing to fetch.
  await useBackend("cpu");
  const bytes = await load();
  let checkpoint: Checkpoint;
  try {
    checkpoint = decodeCheckpoint(bytes);
  } catch (error) {
    throw new Error(`${name} is no checkpoint that can be run here: ${(error as Error).message}`);
  }
  const { model, parameters } = checkpoint;
  return {
    name,
    checkpoint,
    size: Object.values(parameters).reduce((sum, tensor) => sum + tensor.size, 0),
    run(inputs, edits = []) {
      const before = performance.now();
      const result = run(model, parameters, inputs, { record: ["*"], edits });
      const refusal = runRefusal(model);
      const engine =
        refusal === undefined ? "tapescope's engine on WebAssembly" : `TensorFlow.js on the ${currentBackend()}`;
      return { ...result, milliseconds: performance.now() - before, engine };
    },
    parameter(name, edits = []) {
      const wanted = edits.filter((one) => isParameterEdit(one) && one.parameter === name);
      checkEdits(model, 1, 1, wanted);
      const edited = editedParameters(model, parameters, wanted);
      const tensor = tensorOf(edited, name);
      const array = fromTensor(
        tensor,
        name,
        tensor.shape.map((_, axis) => `axis ${axis}`),
      );
      replaceTensors(edited, parameters);
      return array;
    },
    close: () => disposeTensors(parameters),
  };
}
