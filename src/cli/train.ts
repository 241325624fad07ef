import { access, constants, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { writeAtomically } from "../files/atomic.js";
import { saveCheckpoint } from "../files/checkpoint-file.js";
import { historyFolder } from "../files/folder-storage.js";
import { loadMoment, saveMoment } from "../files/moment-file.js";
import { howToTrain, trainHere } from "../notebook/train-here.js";
import { lesson } from "../tasks/multiplication.js";
import { useBackend } from "../tensors/backend.js";
import { random } from "../tensors/random.js";
import { disposeTensors, type Tensors } from "../tensors/tensors.js";
import { stateTracker } from "../tracker/state-tracker.js";
import { storedTypes } from "../tracker/stored-values.js";
import { type LogRow, logInterval, logToCsv } from "../training/log.js";
import { adam, type Clip, rmsprop } from "../training/optimizers.js";
import { constant, cosine } from "../training/schedule.js";
import type { Curriculum } from "../training/syllabus.js";
import type { Moment, Progress, Training, TrainOptions } from "../training/train.js";
import { type Command, choice, type Given, positiveNumber, UsageError, wholeNumber } from "./command.js";
import { modelFor, type Recipe, recipeFor, settingsFor, taskNames } from "./recipes.js";

/** `tapescope train TASK --out FILE` */
export const trainCommand: Command = {
  name: "train",
  about: `Train a model on a task (${taskNames.join(", ")}); writes a checkpoint and, beside it, the training log as CSV.
Settings that are not given are those that were seen to work for the task.`,
  operands: ["TASK"],
  options: {
    model: { value: "MODEL", about: "ntm for copy and associative-recall, nsm for recall, ttm for multiplication" },
    out: { value: "FILE", about: "the checkpoint to write, by default MODEL-TASK.safetensors in this folder" },
    force: { about: "write over an existing checkpoint" },
    resume: {
      about: "go on where a training of the same settings was stopped, also for more updates; needs the file it left",
    },
    history: { value: "DIR", about: "record what happens inside, as a state history in this folder" },
    "sampling-rate": { value: "SHARE", default: "0.1", about: "share of the batches that are recorded" },
    sites: { value: "A,B,...", about: "sites to record, such as memory,layers.*.attention (default all)" },
    dtype: { value: "TYPE", default: "float32", about: "how the history keeps numbers: float32, float16 or uint8" },
    epoch: { value: "N", default: "100", about: "updates of an epoch, after which the history is saved" },
    seed: { value: "N", default: "1", about: "seed of parameters and sequences" },
    updates: { value: "N", about: "updates of the parameters" },
    batch: { value: "N", about: "sequences per update" },
    lengths: { value: "A-B", about: "shortest and longest sequence: vectors, items, or sentences" },
    lessons: { value: "N,N,...", about: "multiplication: stages 1 to 7, or digits by digits such as 31" },
    mastered: { value: "SHARE", about: "share of products that must be right before the next lesson opens" },
    "partial-products": { about: "multiplication: say the partial products before the product" },
    "held-out-by": { value: "N", about: "multiplication: seed of the tenth of the pairs that is never trained on" },
    optimizer: { value: "NAME", about: "adam or rmsprop" },
    "learning-rate": { value: "NUMBER", about: "1e-3 for adam, 1e-4 for rmsprop, 2e-3 for recall" },
    schedule: { value: "NAME", about: "constant, or cosine: warm up, then decay to zero" },
    clip: { value: "KIND:LIMIT", about: "gradient clipping, by norm or by value" },
    slots: { value: "N", about: "memory slots" },
    word: { value: "N", about: "ntm, nsm: numbers in a slot" },
    "read-heads": { value: "N", about: "ntm, nsm: read heads" },
    "write-heads": { value: "N", about: "ntm, nsm: write heads" },
    controller: { value: "KIND-UNITS", about: "ntm: lstm or feedforward, and its hidden units" },
    bits: { value: "N", about: "copy, associative-recall: bits of a vector" },
    states: { value: "N", about: "nsm: state nodes" },
    features: { value: "N", about: "nsm, ttm: numbers in a token and in a state" },
    heads: { value: "N", about: "nsm, ttm: attention heads" },
    gates: { value: "KIND", about: "nsm: gru or lstm" },
    read: { value: "N", about: "ttm: tokens read at each step" },
    layers: { value: "N", about: "ttm: transformer blocks" },
    hidden: { value: "N", about: "ttm: hidden units of a block" },
    summariser: { value: "KIND", about: "ttm: mlp, query or pooling" },
    write: { value: "KIND", about: "ttm: summarise, erase-add, concatenate or none (without memory)" },
  },
  async run([taskName], given) {
    const recipe = recipeFor(taskName as string);
    const settings = settingsFor(taskName as string, recipe, given);
    const out = String(given.out ?? `${recipe.model}-${taskName}.safetensors`);
    await checkOut(out, given.force === true || given.resume === true);
    const training = trainingFrom(recipe, settings);
    const chosen = await useBackend();
    const backend = howToTrain() === "replayed" ? "engine" : chosen;
    const told = {
      ...metadataOf(settings, training),
      ...training.model.metadata,
      updates: `${training.updates}`,
      backend,
    };
    const from = given.resume ? await loadMoment(momentPath(out), told) : undefined;
    const tracking = await trackingFrom(given, training, from);
    const save = async (updates: number, parameters: Tensors, log: readonly LogRow[]): Promise<void> => {
      const metadata = { task: training.task.name, ...metadataOf(settings, training), updates: `${updates}`, backend };
      await saveCheckpoint(out, { model: training.model, parameters, metadata });
      await writeAtomically(logPath(out), logToCsv(log));
    };
    const onProgress = async (progress: Progress): Promise<void> => {
      const { update, updates, log } = progress;
      if (update % (10 * logInterval) !== 0 || update === updates) return;
      await save(update, progress.parameters, log);
      await tracking?.tracker.saveStateHistory(); // a history is cut only where it was saved
      await saveMoment(momentPath(out), progress.moment(), told);
    };
    const onEnd = async (moment: Moment): Promise<void> => {
      await tracking?.tracker.saveStateHistory();
      if (moment.update > 0 && moment.update < training.updates) await saveMoment(momentPath(out), moment, told);
      else await rm(momentPath(out), { force: true });
    };
    const result = await trainHere(training, {
      onProgress,
      onEnd,
      ...(from && { from }),
      ...(tracking && { tracking }),
    });
    if (result.updates > 0) await save(result.updates, result.parameters, result.log);
    disposeTensors(result.parameters);
    const { ended, updates } = result;
    const last = result.log.at(-1);
    const model = training.model.name;
    const summary = { task: taskName, model, backend, out, log: logPath(out), ended, updates, last };
    if (given.json) console.log(JSON.stringify(summary));
    else if (updates === 0) console.log(`${ended} before the first update; nothing was written`);
    else console.log(`${ended} after ${updates} updates on ${backend}; wrote ${out} and ${logPath(out)}`);
    return { finished: 0, diverged: 1, interrupted: 130 }[ended];
  },
};

function trainingFrom(recipe: Recipe, settings: Given): Training {
  const task = recipe.task(settings);
  return {
    model: modelFor(recipe, task, settings),
    task,
    optimizer: optimizerFrom(settings),
    schedule: { constant, cosine: cosine() }[choice(settings, "schedule", ["constant", "cosine"])],
    clip: clipFrom(String(settings.clip)),
    seed: wholeNumber(settings, "seed", 0),
    updates: wholeNumber(settings, "updates"),
    batch: wholeNumber(settings, "batch"),
    lengths: settings.lessons === undefined ? lengthsFrom(String(settings.lengths)) : curriculumFrom(settings),
  };
}

function curriculumFrom(settings: Given): Curriculum {
  const text = String(settings.lessons);
  if (!/^\d+(,\d+)*$/.test(text)) throw new UsageError(`--lessons takes numbers such as 1,21,2; "${text}" was given.`);
  const lessons = text.split(",").map(Number);
  for (const number of lessons) lesson(number);
  return { lessons, mastered: positiveNumber(settings, "mastered") };
}

function optimizerFrom(given: Given): Training["optimizer"] {
  const name = choice(given, "optimizer", ["adam", "rmsprop"]);
  const make = { adam, rmsprop }[name];
  return given["learning-rate"] === undefined ? make() : make(positiveNumber(given, "learning-rate"));
}

function lengthsFrom(text: string): { shortest: number; longest: number } {
  const match = /^(\d+)-(\d+)$/.exec(text);
  if (!match) throw new UsageError(`--lengths takes SHORTEST-LONGEST, such as 1-20; "${text}" was given.`);
  return { shortest: Number(match[1]), longest: Number(match[2]) };
}

function clipFrom(text: string): Clip {
  const match = /^(norm|value):(\d+(?:\.\d+)?)$/.exec(text);
  if (!match) throw new UsageError(`--clip takes norm:LIMIT or value:LIMIT; "${text}" was given.`);
  return { by: match[1] as Clip["by"], limit: Number(match[2]) };
}

/** What the checkpoint's metadata says of its training. */
function metadataOf(settings: Given, { optimizer }: Training): Record<string, string> {
  const names = ["seed", "batch", "lengths", "lessons", "mastered", "partial-products", "held-out-by"].concat([
    "optimizer",
    "schedule",
    "clip",
  ]);
  const given = names.filter((name) => settings[name] !== undefined);
  const said = Object.fromEntries(given.map((name) => [name, String(settings[name])]));
  return { ...said, "learning-rate": `${optimizer.learningRate}` };
}

/** data/ntm-copy.safetensors has its log in data/ntm-copy.training.csv. */
function logPath(out: string): string {
  return `${out.replace(/\.safetensors$/, "")}.training.csv`;
}

/** The tracker that --history asks for; a resumed training goes on with the history it began. */
async function trackingFrom(given: Given, training: Training, from?: Moment): Promise<TrainOptions["tracking"]> {
  if (given.history === undefined) return undefined;
  const epoch = wholeNumber(given, "epoch");
  const tracker = await stateTracker({
    model: training.model,
    storage: historyFolder(String(given.history)),
    samplingRate: positiveNumber(given, "sampling-rate"),
    dtype: choice(given, "dtype", storedTypes),
    ...(given.sites && { sites: String(given.sites).split(",") }),
    ...(from && { resumeAt: { epoch: Math.floor(from.update / epoch), batch: from.update % epoch } }),
  });
  const tokens = longestOf(training);
  const { rows, bytes } = tracker.forecast({ epochs: Math.ceil(training.updates / epoch), batches: epoch, tokens });
  const size = bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
  console.error(`tapescope: the history will take up to ${size}, ${rows.toLocaleString("en")} rows`);
  return { tracker, epoch };
}

/** Steps of its longest sequences. */
function longestOf({ task, lengths }: Training): number {
  const all = "lessons" in lengths ? lengths.lessons : [lengths.longest];
  return Math.max(...all.map((length) => task.draw(random(0), length, 1).inputs.shape[0] as number));
}

/** What a training that was ended goes on from. */
function momentPath(out: string): string {
  return `${out.replace(/\.safetensors$/, "")}.resume.safetensors`;
}

/** Hours of training must not end at a file that cannot be written, nor begin with one that is lost. */
async function checkOut(out: string, force: boolean): Promise<void> {
  if (out === "") throw new UsageError("--out takes the name of a file; nothing was given.");
  for (const path of [out, logPath(out)]) {
    const existing = await stat(path).catch(() => undefined);
    if (existing && !existing.isFile()) throw new UsageError(`--out: "${path}" is a folder or a device, not a file.`);
    if (existing && !force)
      throw new UsageError(`"${path}" exists; choose another --out, or --force to write over it.`);
  }
  await access(dirname(out), constants.W_OK).catch(() => {
    throw new UsageError(`--out: the folder "${dirname(out)}" does not exist or may not be written.`);
  });
}
