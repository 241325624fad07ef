import * as tf from "@tensorflow/tfjs-core";
import type { Arrays } from "../engine/arrays.js";
import { eagerProcess, type Process } from "../engine/eager-process.js";
import { replayedProcess } from "../engine/process.js";
import type { Hook, Model } from "../model/model.js";
import type { Batch } from "../tasks/task.js";
import { disposeTensors, type Tensors } from "../tensors/tensors.js";
import { fromTensor, toTensor } from "../tensors/transfer.js";
import { type Clip, clipGradients, type Optimizer } from "./optimizers.js";
import { answersOf, differentiateLoss, shareRight } from "./sequence.js";

/** What one update found: the loss in nats, and the share of sequences wholly right, by the parameters before it. */
export interface Found {
  readonly loss: number;
  readonly right: number;
}

/** Looks on at an update: at every site of its steps, then at its gradients and the parameters it leads to. */
export interface Watcher {
  hookAt(step: number): Hook;
  see(found: Found, gradients: Tensors, parameters: Tensors): void;
}

/** A training under way: its parameters, and what its optimiser remembers. */
export interface TrainingStep {
  /**
   * One update. Where the loss is no finite number nothing changes.
   *
   * @param watcher an update that is watched is computed operation by operation
   */
  update(batch: Batch, factor: number, watcher?: Watcher): Found;
  /** New tensors of all parameters, as they are now or were before the last update. */
  parameters(when?: "now" | "before"): Tensors;
  /** New tensors of what the optimiser remembers. */
  memory(): Tensors;
  /** Why updates run operation by operation instead of being replayed. */
  readonly refusal: () => string | undefined;
  dispose(): void;
}

/**
 * Loss, gradients, clipping and the optimiser's update as one step.
 *
 * @param memory what the optimiser remembers; by default nothing yet
 * @param how "replayed": recorded once for every length, then replayed by the engine; "eager": by the backend in use
 */
export function trainingStep(
  { model, optimizer, clip }: { readonly model: Model; readonly optimizer: Optimizer; readonly clip: Clip },
  parameters: Tensors,
  memory: Tensors | undefined,
  how: "replayed" | "eager" = "replayed",
): TrainingStep {
  const trained = (all: Tensors): Tensors =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !model.fixed.includes(name)));
  const advance = (state: Tensors, inputs: Tensors, hookAt?: (step: number) => Hook) => {
    const all = under(state, "parameter.");
    const { loss, gradients, logits } = differentiateLoss(model, all, inputs, hookAt);
    const clipped = clipGradients(gradients, clip);
    const next = optimizer.update(trained(all), clipped, under(state, "memory."), inputs.factor);
    return {
      gradients,
      state: { ...over({ ...all, ...next.parameters }, "parameter."), ...over(next.memory, "memory.") },
      outputs: { loss, logits },
    };
  };
  const started = memory ?? tf.tidy(() => optimizer.start(trained(parameters)) as tf.NamedTensorMap);
  const initial = { ...arrays(over(parameters, "parameter.")), ...arrays(over(started, "memory.")) };
  if (!memory) disposeTensors(started);
  const process: Process = (how === "replayed" ? replayedProcess : eagerProcess)(advance, initial);

  const foundIn = (batch: Batch, loss: ArrayLike<number>, logits: Float32Array): Found => {
    return { loss: loss[0] as number, right: shareRight(model, batch, logits) };
  };
  const watched = (batch: Batch, numbers: Arrays, watcher: Watcher): Found => {
    const state = tensors(process.state(), "");
    const inputs = tensors(numbers, "");
    let after: Arrays | undefined; // plain: tensors made in here would be gone with it
    const found = tf.tidy(() => {
      const next = advance(state, inputs, watcher.hookAt);
      const { loss, logits } = next.outputs;
      const found = foundIn(batch, loss.dataSync(), logits.dataSync() as Float32Array);
      if (Number.isFinite(found.loss)) {
        watcher.see(found, next.gradients, under(next.state, "parameter."));
        after = arrays(next.state);
      }
      return found as Found & tf.TensorContainerObject;
    });
    if (after) process.replace(after);
    disposeTensors(state);
    disposeTensors(inputs);
    return found;
  };
  return {
    update(batch, factor, watcher) {
      const { inputs, targets, mask } = batch;
      const answers = scalar(answersOf(model, batch));
      const numbers = { inputs, targets, mask, answers, factor: scalar(factor) };
      if (watcher) return watched(batch, numbers, watcher);
      const { loss, logits } = process.advance(numbers, (out) => Number.isFinite(out.loss?.data[0]));
      return foundIn(batch, loss?.data ?? [], logits?.data ?? new Float32Array());
    },
    parameters: (when) => tensors(process.state(when), "parameter."),
    memory: () => tensors(process.state(), "memory."),
    refusal: process.refusal,
    dispose: process.dispose,
  };
}

function scalar(value: number): Arrays[string] {
  return { shape: [], data: Float32Array.of(value) };
}

function arrays(all: Tensors): Arrays {
  const axes = (one: tf.Tensor) => one.shape.map((_, axis) => `${axis}`);
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, fromTensor(one, name, axes(one))]));
}

/** New tensors of the arrays whose names begin so, without that beginning. */
function tensors(all: Arrays, prefix: string): Tensors {
  const found = Object.entries(all).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, array]) => [name.slice(prefix.length), toTensor(array)]));
}

function over(all: Tensors, prefix: string): Tensors {
  return Object.fromEntries(Object.entries(all).map(([name, tensor]) => [prefix + name, tensor]));
}

function under(all: Tensors, prefix: string): Tensors {
  const found = Object.entries(all).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
