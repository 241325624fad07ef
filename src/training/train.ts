import * as tf from "@tensorflow/tfjs-core";
import type { Model } from "../model/model.js";
import type { Task } from "../tasks/task.js";
import { random } from "../tensors/random.js";
import { disposeTensors, replaceTensors, type Tensors } from "../tensors/tensors.js";
import { type LogRow, openLedger } from "./log.js";
import { type Clip, clipGradients, type Optimizer } from "./optimizers.js";
import { constant, type Schedule } from "./schedule.js";
import { answersOf, lossAndGradients } from "./sequence.js";

/** What a training run does. Equal settings give equal results on one backend. */
export interface Training {
  readonly model: Model;
  readonly task: Task;
  readonly optimizer: Optimizer;
  /** How the learning rate changes; constant by default. */
  readonly schedule?: Schedule;
  readonly clip: Clip;
  /** Seed of the parameters and of the sequences. */
  readonly seed: number;
  readonly updates: number;
  /** Sequences per update, all of one length. */
  readonly batch: number;
  /** Lengths are drawn evenly from `shortest` to `longest`: short ones alone teach more slowly. */
  readonly lengths: { readonly shortest: number; readonly longest: number };
}

export interface TrainingResult {
  /** Everything the model needs, also what is fixed. The caller disposes of it. */
  readonly parameters: Tensors;
  readonly log: readonly LogRow[];
  /** Updates carried out. */
  readonly updates: number;
  /** "diverged": a loss was no finite number; the parameters are those of the last loss that was. */
  readonly ended: "finished" | "interrupted" | "diverged";
}

/** Where a running training is. */
export interface Progress {
  readonly update: number;
  readonly updates: number;
  /** Bits per answer, a mean over the last updates. */
  readonly bitsPerAnswer: number;
  readonly seconds: number;
  readonly log: readonly LogRow[];
  /** The parameters of this moment; they are gone with the next update. */
  readonly parameters: Tensors;
}

export type OnProgress = (progress: Progress) => void | Promise<void>;

/**
 * Train a model on a task.
 *
 * @param options.signal ends the training after the update under way, keeping what it has
 * @param options.onProgress called, and awaited, after every update
 */
export async function train(
  training: Training,
  options: { readonly signal?: AbortSignal; readonly onProgress?: OnProgress } = {},
): Promise<TrainingResult> {
  checkTraining(training);
  const { model, task, lengths, seed, batch, updates } = training;
  const source = random(seed);
  const ledger = openLedger(batch);
  const started = performance.now();
  let parameters = model.parameters(seed);
  let previous = parameters; // kept until the loss of what followed is known to be a number
  let memory = training.optimizer.start(trained(model, parameters));
  let paused = started;
  let update = 0;
  let ended: TrainingResult["ended"] = "finished";
  while (update < updates) {
    if (options.signal?.aborted) {
      ended = "interrupted";
      break;
    }
    const sequences = task.draw(source, source.integer(lengths.shortest, lengths.longest), batch);
    const { loss, gradients } = lossAndGradients(model, parameters, sequences);
    if (!Number.isFinite(loss)) {
      disposeTensors(gradients);
      replaceTensors(parameters, previous);
      parameters = previous;
      update = Math.max(0, update - 1);
      ended = "diverged";
      break;
    }
    const next = applyGradients(training, parameters, gradients, memory, update / updates);
    replaceTensors(previous, parameters);
    replaceTensors(memory, next.memory);
    disposeTensors(gradients);
    previous = parameters;
    ({ parameters, memory } = next);
    update++;

    const seconds = (performance.now() - started) / 1000;
    const bits = loss / Math.LN2;
    ledger.note({ update, bits, answers: answersOf(model, sequences) / batch, seconds });
    const { bitsPerAnswer, rows } = ledger;
    await options.onProgress?.({ update, updates, bitsPerAnswer, seconds, log: rows, parameters });
    if (performance.now() - paused > 20) {
      await new Promise((resolve) => setTimeout(resolve)); // lets an interrupt, a page or a cell's output come through
      paused = performance.now();
    }
  }
  replaceTensors(previous, parameters);
  disposeTensors(memory);
  ledger.close();
  return { parameters, log: ledger.rows, updates: update, ended };
}

function applyGradients(training: Training, all: Tensors, gradients: Tensors, memory: Tensors, done: number): Updated {
  const factor = (training.schedule ?? constant)(done);
  return tf.tidy(() => {
    const clipped = clipGradients(gradients, training.clip);
    const next = training.optimizer.update(trained(training.model, all), clipped, memory, factor);
    return { parameters: { ...all, ...next.parameters }, memory: next.memory } as Updated & tf.TensorContainer;
  });
}

type Updated = { readonly parameters: Tensors; readonly memory: Tensors };

function trained(model: Model, parameters: Tensors): Tensors {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !model.fixed.includes(name)));
}

/** @throws if a setting makes no sense, or the task does not fit the model. */
function checkTraining({ model, task, updates, batch, lengths, optimizer, clip }: Training): void {
  if (model.inputs !== task.inputs || model.outputs !== task.outputs) {
    throw new Error(
      `The task ${task.name} has ${task.inputs} inputs and ${task.outputs} outputs, ` +
        `but the model ${model.name} has ${model.inputs} and ${model.outputs}.`,
    );
  }
  const { shortest, longest } = lengths;
  for (const [name, value] of Object.entries({ updates, batch, shortest, longest })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new Error(`Training: "${name}" is a whole number of at least 1; ${value} was given.`);
    }
  }
  if (shortest > longest) {
    throw new Error(`Training: lengths go from shortest to longest; ${shortest} to ${longest} was given.`);
  }
  for (const [name, value] of Object.entries({ "learning rate": optimizer.learningRate, "clip limit": clip.limit })) {
    if (!(value > 0 && Number.isFinite(value)))
      throw new Error(`Training: the ${name} is above 0; ${value} was given.`);
  }
}
