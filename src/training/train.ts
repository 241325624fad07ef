import type { Model } from "../model/model.js";
import type { Task } from "../tasks/task.js";
import { ensureBackend } from "../tensors/backend.js";
import { type RandomState, random } from "../tensors/random.js";
import { disposeTensors, type Tensors } from "../tensors/tensors.js";
import { turn } from "../tensors/turn.js";
import type { StateTracker } from "../tracker/state-tracker.js";
import { type LedgerState, type LogRow, openLedger } from "./log.js";
import type { Clip, Optimizer } from "./optimizers.js";
import { constant, type Schedule } from "./schedule.js";
import { answersOf } from "./sequence.js";
import { type Lengths, openSyllabus, type SyllabusState } from "./syllabus.js";
import { trainingStep } from "./training-step.js";

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
  /** The parameters of this moment; they are gone when the callback ends. */
  readonly parameters: Tensors;
  /** How far the curriculum has come, if there is one. */
  readonly syllabus: SyllabusState;
  /** All of this moment: what another training of the same settings goes on from. */
  moment(): Moment;
}

/** A training between two updates. Its tensors are gone when the callback ends that was given it. */
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
  /**
   * "replayed" (the default): updates are recorded once and replayed by the engine; "eager": the backend in use computes
   * them operation by operation.
   */
  readonly how?: "replayed" | "eager";
  /**
   * Records what happens inside; an epoch is so many updates. An epoch is saved while the next one goes on, the last when
   * training ends.
   */
  readonly tracking?: { readonly tracker: StateTracker; readonly epoch: number };
}

/** Train a model on a task. Chooses a backend as `useBackend()` does, if none was chosen. */
export async function train(training: Training, options: TrainOptions = {}): Promise<TrainingResult> {
  checkTraining(training);
  await ensureBackend();
  const { model, task, lengths, seed, batch, updates } = training;
  const { from, tracking } = options;
  const source = random(from?.source ?? seed);
  const ledger = openLedger(batch, from?.ledger);
  const syllabus = openSyllabus(lengths, from?.syllabus);
  const started = performance.now() - 1000 * (from?.seconds ?? 0);
  const beginning = from?.parameters ?? model.parameters(seed);
  const step = trainingStep(training, beginning, from?.memory, options.how, tracking?.tracker.wanted);
  disposeTensors({ ...beginning, ...(from && over(from.memory)) });
  let paused = performance.now();
  let update = from?.update ?? 0;
  let ended: TrainingResult["ended"] = "finished";
  const seconds = () => (performance.now() - started) / 1000;
  let saving: Promise<void> | undefined; // the history of the epoch before
  let shown: Tensors[] = []; // what the last progress was asked for
  const kept = (tensors: Tensors): Tensors => {
    shown.push(tensors);
    return tensors;
  };
  const moment = (): Moment => ({
    ...{ update, seconds: seconds(), parameters: kept(step.parameters()), memory: kept(step.memory()) },
    ...{ source: source.state, syllabus: syllabus.state, ledger: ledger.state },
  });
  const forget = (): void => {
    for (const tensors of shown) disposeTensors(tensors);
    shown = [];
  };
  while (update < updates) {
    if (options.signal?.aborted) {
      ended = "interrupted";
      break;
    }
    const length = syllabus.draw(source);
    const sequences = task.draw(source, length, batch);
    const watch = await watchFor(tracking, update);
    const factor = (training.schedule ?? constant)(update / updates);
    const { loss, right } = step.update(sequences, factor, watch);
    if (!Number.isFinite(loss)) {
      update = Math.max(0, update - 1);
      ended = "diverged";
      break;
    }
    tracking?.tracker.recordMetrics({ loss, accuracy: right });
    update++;
    syllabus.note(length, right);
    if (tracking && update % tracking.epoch === 0) {
      await saving;
      saving = tracking.tracker.saveStateHistory();
      saving.catch(() => {}); // who awaits it is told
    }

    const bits = loss / Math.LN2;
    ledger.note({ update, bits, answers: answersOf(model, sequences) / batch, seconds: seconds(), right });
    const { bitsPerAnswer, rows } = ledger;
    await options.onProgress?.({
      ...{ update, updates, seconds: seconds(), syllabus: syllabus.state, bitsPerAnswer, log: rows, moment },
      get parameters() {
        return kept(step.parameters());
      },
    });
    forget();
    if (tracking || performance.now() - paused > 20) {
      // a history is written turn by turn
      await turn();
      paused = performance.now();
    }
  }
  await saving;
  await tracking?.tracker.saveStateHistory();
  const parameters = step.parameters(ended === "diverged" ? "before" : "now");
  await options.onEnd?.(moment());
  forget();
  step.dispose();
  ledger.close();
  return { parameters, log: ledger.rows, updates: update, ended };
}

/** What records an update, if its batch is one that the tracker takes. */
async function watchFor(
  tracking: TrainOptions["tracking"],
  update: number,
): Promise<StateTracker["recordValues"] | undefined> {
  if (!tracking) return undefined;
  const { tracker, epoch } = tracking;
  tracker.startEpoch(Math.floor(update / epoch));
  return (await tracker.startBatch(update % epoch)) ? tracker.recordValues : undefined;
}

function over(tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`memory.${name}`, tensor]));
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
