import * as tf from "@tensorflow/tfjs-core";
import type { Model } from "../model/model.js";
import type { Task } from "../tasks/task.js";
import { random } from "../tensors/random.js";
import { disposeTensors, replaceTensors, type Tensors } from "../tensors/tensors.js";
import { type Clip, clipGradients, type Optimizer } from "./optimizers.js";
import { lossAndGradients } from "./sequence.js";

/** What a training run does. Equal settings give equal results on one backend. */
export interface Training {
  readonly model: Model;
  readonly task: Task;
  readonly optimizer: Optimizer;
  readonly clip: Clip;
  /** Seed of the parameters and of the sequences. */
  readonly seed: number;
  readonly updates: number;
  /** Sequences per update, all of one length. */
  readonly batch: number;
  /** Lengths are drawn evenly from `shortest` to a limit. */
  readonly lengths: Lengths;
}

/** The limit starts at `start` and doubles, up to `longest`, whenever the mean loss of a log row falls below `mastered`. */
export interface Lengths {
  readonly shortest: number;
  readonly start: number;
  readonly longest: number;
  /** Nats per bit (or per answer, where outputs are one of many). */
  readonly mastered: number;
}

/** One row of the training log: means since the row before. */
export interface LogRow {
  readonly update: number;
  /** Sequences seen so far. */
  readonly sequences: number;
  /** The limit on lengths. */
  readonly longest: number;
  /** Cross-entropy in bits (log₂): per bit (or answer), and of a whole sequence. */
  readonly bitsPerAnswer: number;
  readonly bitsPerSequence: number;
  readonly seconds: number;
}

/** Updates between two rows of the log. */
export const logInterval = 50;

export interface TrainingResult {
  /** Everything the model needs, also what is fixed. The caller disposes of it. */
  readonly parameters: Tensors;
  readonly log: readonly LogRow[];
  /** Updates carried out. */
  readonly updates: number;
  /** "diverged": the loss was no finite number; the parameters are those before it. */
  readonly ended: "finished" | "interrupted" | "diverged";
}

/** Where a running training is. */
export interface Progress {
  readonly update: number;
  readonly updates: number;
  /** The limit on lengths. */
  readonly longest: number;
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
  const { model, task, optimizer, lengths, seed, batch } = training;
  const source = random(seed);
  let all = model.parameters(seed);
  let memory = optimizer.start(trained(model, all));
  let limit = lengths.start;
  let smoothed = Number.NaN;
  let sums = { nats: 0, bits: 0, count: 0 };
  const log: LogRow[] = [];
  const started = performance.now();
  let paused = started;
  let update = 0;
  let ended: TrainingResult["ended"] = "finished";
  while (update < training.updates) {
    if (options.signal?.aborted) {
      ended = "interrupted";
      break;
    }
    const sequences = task.draw(source, source.integer(lengths.shortest, limit), batch);
    const { loss, gradients } = lossAndGradients(model, all, sequences);
    if (!Number.isFinite(loss)) {
      disposeTensors(gradients);
      ended = "diverged";
      break;
    }
    const next = applyGradients(training, all, gradients, memory);
    replaceTensors(all, next.parameters);
    replaceTensors(memory, next.memory);
    disposeTensors(gradients);
    all = next.parameters;
    memory = next.memory;
    update++;

    const answers = sequences.mask.data.reduce((sum, one) => sum + one, 0) / batch;
    const perSequence = (loss / Math.LN2) * answers * (model.activation === "sigmoid" ? model.outputs : 1);
    sums = { nats: sums.nats + loss, bits: sums.bits + perSequence, count: sums.count + 1 };
    smoothed = Number.isNaN(smoothed) ? loss : 0.95 * smoothed + 0.05 * loss;
    const seconds = (performance.now() - started) / 1000;
    const bitsPerAnswer = smoothed / Math.LN2;
    if (update % logInterval === 0 || update === training.updates) {
      const mean = sums.nats / sums.count;
      const bitsPerSequence = sums.bits / sums.count;
      const row = {
        update,
        sequences: update * batch,
        longest: limit,
        bitsPerAnswer: mean / Math.LN2,
        bitsPerSequence,
      };
      log.push({ ...row, seconds });
      if (mean < lengths.mastered) limit = Math.min(2 * limit, lengths.longest);
      sums = { nats: 0, bits: 0, count: 0 };
    }
    const { updates } = training;
    await options.onProgress?.({ update, updates, longest: limit, bitsPerAnswer, seconds, log, parameters: all });
    if (performance.now() - paused > 20) {
      await new Promise((resolve) => setTimeout(resolve)); // lets an interrupt, a page or a cell's output come through
      paused = performance.now();
    }
  }
  disposeTensors(memory);
  return { parameters: all, log, updates: update, ended };
}

function applyGradients(training: Training, all: Tensors, gradients: Tensors, memory: Tensors): Updated {
  return tf.tidy(() => {
    const clipped = clipGradients(gradients, training.clip);
    const next = training.optimizer.update(trained(training.model, all), clipped, memory);
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
  const { shortest, start, longest } = lengths;
  for (const [name, value] of Object.entries({ updates, batch, shortest, start, longest })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new Error(`Training: "${name}" is a whole number of at least 1; ${value} was given.`);
    }
  }
  if (shortest > start || start > longest) {
    throw new Error(
      `Training: lengths go from shortest ${shortest} over start ${start} to longest ${longest}, not so.`,
    );
  }
  for (const [name, value] of Object.entries({ "learning rate": optimizer.learningRate, "clip limit": clip.limit })) {
    if (!(value > 0 && Number.isFinite(value)))
      throw new Error(`Training: the ${name} is above 0; ${value} was given.`);
  }
}
