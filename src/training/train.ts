import * as tf from "@tensorflow/tfjs-core";
import type { Model } from "../model/model.js";
import type { Task } from "../tasks/task.js";
import { type RandomState, random } from "../tensors/random.js";
import { disposeTensors, replaceTensors, type Tensors } from "../tensors/tensors.js";
import type { StateTracker } from "../tracker/state-tracker.js";
import { type LedgerState, type LogRow, openLedger } from "./log.js";
import { type Clip, clipGradients, type Optimizer } from "./optimizers.js";
import { constant, type Schedule } from "./schedule.js";
import { answersOf, lossAndGradients } from "./sequence.js";
import { type Lengths, openSyllabus, type SyllabusState } from "./syllabus.js";

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
  /** Short sequences alone teach more slowly: draw lengths evenly from a range, or lesson by lesson. */
  readonly lengths: Lengths;
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
  /** How far the curriculum has come, if there is one. */
  readonly syllabus: SyllabusState;
  /** All of this moment: what another training of the same settings goes on from. */
  moment(): Moment;
}

/** A training between two updates. Its tensors are the running training's own, gone with the next update. */
export interface Moment {
  readonly update: number;
  readonly seconds: number;
  readonly parameters: Tensors;
  /** The optimiser's memory. */
  readonly memory: Tensors;
  readonly source: RandomState;
  readonly syllabus: SyllabusState;
  readonly ledger: LedgerState;
}

export type OnProgress = (progress: Progress) => void | Promise<void>;

export interface TrainOptions {
  /** Ends the training after the update under way, keeping what it has. */
  readonly signal?: AbortSignal;
  /** Called, and awaited, after every update. */
  readonly onProgress?: OnProgress;
  /** Called, and awaited, when it ends, however it ends: the last chance to keep all of it. */
  readonly onEnd?: (moment: Moment) => void | Promise<void>;
  /**
   * A moment of a training of the same settings, to go on from as if it had never stopped; its tensors become this
   * training's.
   */
  readonly from?: Moment;
  /** Records what happens inside; an epoch is so many updates. Its history is saved at the end of every epoch. */
  readonly tracking?: { readonly tracker: StateTracker; readonly epoch: number };
}

/** Train a model on a task. */
export async function train(training: Training, options: TrainOptions = {}): Promise<TrainingResult> {
  checkTraining(training);
  const { model, task, lengths, seed, batch, updates } = training;
  const { from } = options;
  const source = random(from?.source ?? seed);
  const ledger = openLedger(batch, from?.ledger);
  const syllabus = openSyllabus(lengths, from?.syllabus);
  const started = performance.now() - 1000 * (from?.seconds ?? 0);
  let parameters = from?.parameters ?? model.parameters(seed);
  let previous = parameters; // kept until the loss of what followed is known to be a number
  let memory = from?.memory ?? training.optimizer.start(trained(model, parameters));
  let paused = performance.now();
  let update = from?.update ?? 0;
  let ended: TrainingResult["ended"] = "finished";
  const seconds = () => (performance.now() - started) / 1000;
  const moment = (): Moment => ({
    ...{ update, seconds: seconds(), parameters, memory },
    ...{ source: source.state, syllabus: syllabus.state, ledger: ledger.state },
  });
  while (update < updates) {
    if (options.signal?.aborted) {
      ended = "interrupted";
      break;
    }
    const length = syllabus.draw(source);
    const sequences = task.draw(source, length, batch);
    const { hookAt, recorded, saved } = await follow(options.tracking, update);
    const { loss, gradients, right } = lossAndGradients(model, parameters, sequences, hookAt);
    if (!Number.isFinite(loss)) {
      disposeTensors(gradients);
      replaceTensors(parameters, previous);
      parameters = previous;
      update = Math.max(0, update - 1);
      ended = "diverged";
      break;
    }
    const next = applyGradients(training, parameters, gradients, memory, update / updates);
    recorded({ loss, accuracy: right }, gradients, next.parameters);
    replaceTensors(previous, parameters);
    replaceTensors(memory, next.memory);
    disposeTensors(gradients);
    previous = parameters;
    ({ parameters, memory } = next);
    update++;
    syllabus.note(length, right);
    await saved();

    const bits = loss / Math.LN2;
    ledger.note({ update, bits, answers: answersOf(model, sequences) / batch, seconds: seconds() });
    const { bitsPerAnswer, rows } = ledger;
    const now = { update, updates, seconds: seconds(), parameters, syllabus: syllabus.state };
    await options.onProgress?.({ ...now, bitsPerAnswer, log: rows, moment });
    if (performance.now() - paused > 20) {
      await new Promise((resolve) => setTimeout(resolve)); // lets an interrupt, a page or a cell's output come through
      paused = performance.now();
    }
  }
  replaceTensors(previous, parameters);
  await options.onEnd?.(moment());
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

/** The tracker's part in one update: the hooks of its steps, what to record of it, and the saving of a full epoch. */
async function follow(tracking: TrainOptions["tracking"], update: number) {
  if (!tracking) return { hookAt: undefined, recorded: () => {}, saved: async () => {} };
  const { tracker, epoch } = tracking;
  const batch = update % epoch;
  tracker.startEpoch(Math.floor(update / epoch));
  await tracker.startBatch(batch);
  return {
    hookAt: tracker.hookAt,
    recorded(metrics: { loss: number; accuracy: number }, gradients: Tensors, parameters: Tensors) {
      tracker.recordMetrics(metrics);
      tracker.recordGradients(gradients);
      tracker.recordParameters(parameters);
    },
    saved: async () => {
      if (batch === epoch - 1) await tracker.saveStateHistory();
    },
  };
}

type Updated = { readonly parameters: Tensors; readonly memory: Tensors };

function trained(model: Model, parameters: Tensors): Tensors {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !model.fixed.includes(name)));
}

/** @throws if a setting makes no sense, or the task does not fit the model. */
function checkTraining({ model, task, updates, batch, optimizer, clip }: Training): void {
  if (model.inputs !== task.inputs || model.outputs !== task.outputs) {
    throw new Error(
      `The task ${task.name} has ${task.inputs} inputs and ${task.outputs} outputs, ` +
        `but the model ${model.name} has ${model.inputs} and ${model.outputs}.`,
    );
  }
  for (const [name, value] of Object.entries({ updates, batch })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new Error(`Training: "${name}" is a whole number of at least 1; ${value} was given.`);
    }
  }
  for (const [name, value] of Object.entries({ "learning rate": optimizer.learningRate, "clip limit": clip.limit })) {
    if (!(value > 0 && Number.isFinite(value)))
      throw new Error(`Training: the ${name} is above 0; ${value} was given.`);
  }
}
