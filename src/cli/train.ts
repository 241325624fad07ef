import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { writeAtomically } from "../files/atomic.js";
import { saveCheckpoint } from "../files/checkpoint-file.js";
import { type NtmConfig, ntm, paperCopy } from "../model/ntm.js";
import { trainHere } from "../notebook/train-here.js";
import { copyTask } from "../tasks/copy.js";
import { useBackend } from "../tensors/backend.js";
import { disposeTensors, type Tensors } from "../tensors/tensors.js";
import { type LogRow, logInterval, logToCsv } from "../training/log.js";
import { adam, type Clip, rmsprop } from "../training/optimizers.js";
import type { Training } from "../training/train.js";
import { type Command, choice, type Given, positiveNumber, UsageError, wholeNumber } from "./command.js";

/** `tapescope train copy --model ntm --out FILE` */
export const trainCommand: Command = {
  name: "train",
  about: "Train a model on a task (copy); writes a checkpoint and, beside it, the training log as CSV.",
  operands: ["TASK"],
  options: {
    model: { value: "MODEL", required: true, about: "ntm" },
    out: { value: "FILE", required: true, about: "the checkpoint to write, a .safetensors file" },
    force: { about: "write over an existing checkpoint" },
    seed: { value: "N", default: "1", about: "seed of parameters and sequences" },
    updates: { value: "N", default: "4000", about: "updates of the parameters" },
    batch: { value: "N", default: "16", about: "sequences per update" },
    lengths: { value: "A-B", default: "1-20", about: "shortest and longest sequence" },
    optimizer: { value: "NAME", default: "adam", about: "adam or rmsprop" },
    "learning-rate": { value: "NUMBER", about: "default 1e-3 for adam, 1e-4 for rmsprop" },
    clip: { value: "KIND:LIMIT", default: "norm:10", about: "gradient clipping, by norm or by value" },
    controller: { value: "KIND-UNITS", default: "lstm-100", about: "lstm or feedforward, and its hidden units" },
    slots: { value: "N", default: "128", about: "memory slots" },
    word: { value: "N", default: "20", about: "numbers in a slot" },
    "read-heads": { value: "N", default: "1", about: "read heads" },
    "write-heads": { value: "N", default: "1", about: "write heads" },
    bits: { value: "N", default: "8", about: "bits of a vector" },
  },
  async run([taskName], given) {
    choice({ task: taskName }, "task", ["copy"]);
    choice(given, "model", ["ntm"]);
    const out = String(given.out);
    await checkOut(out, given.force === true);
    const training = trainingFrom(given);
    const backend = await useBackend();
    const save = async (updates: number, parameters: Tensors, log: readonly LogRow[]): Promise<void> => {
      const metadata = { task: training.task.name, ...settingsOf(given, training), updates: `${updates}`, backend };
      await saveCheckpoint(out, { model: training.model, parameters, metadata });
      await writeAtomically(logPath(out), logToCsv(log));
    };
    const result = await trainHere(training, async ({ update, updates, parameters, log }) => {
      if (update % (10 * logInterval) === 0 && update < updates) await save(update, parameters, log);
    });
    if (result.updates > 0) await save(result.updates, result.parameters, result.log);
    disposeTensors(result.parameters);
    const { ended, updates } = result;
    const last = result.log.at(-1);
    const summary = { task: taskName, model: "ntm", backend, out, log: logPath(out), ended, updates, last };
    if (given.json) console.log(JSON.stringify(summary));
    else if (updates === 0) console.log(`${ended} before the first update; nothing was written`);
    else console.log(`${ended} after ${updates} updates on ${backend}; wrote ${out} and ${logPath(out)}`);
    return { finished: 0, diverged: 1, interrupted: 130 }[ended];
  },
};

function trainingFrom(given: Given): Training {
  const bits = wholeNumber(given, "bits");
  const task = copyTask(bits);
  return {
    model: ntm({ ...paperCopy, inputs: task.inputs, outputs: task.outputs, ...sizesFrom(given) }),
    task,
    optimizer: optimizerFrom(given),
    clip: clipFrom(String(given.clip)),
    seed: wholeNumber(given, "seed", 0),
    updates: wholeNumber(given, "updates"),
    batch: wholeNumber(given, "batch"),
    lengths: lengthsFrom(String(given.lengths)),
  };
}

function sizesFrom(given: Given): Omit<NtmConfig, "inputs" | "outputs" | "initialWeights"> {
  const match = /^(lstm|feedforward)-(\d+)$/.exec(String(given.controller));
  if (!match)
    throw new UsageError(`--controller takes lstm-UNITS or feedforward-UNITS; "${given.controller}" was given.`);
  return {
    controller: match[1] as NtmConfig["controller"],
    units: Number(match[2]),
    slots: wholeNumber(given, "slots", 2),
    word: wholeNumber(given, "word"),
    readHeads: wholeNumber(given, "read-heads"),
    writeHeads: wholeNumber(given, "write-heads"),
  };
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
function settingsOf(given: Given, { optimizer }: Training): Record<string, string> {
  const names = ["seed", "batch", "lengths", "optimizer", "clip"];
  const settings = Object.fromEntries(names.map((name) => [name, String(given[name])]));
  return { ...settings, "learning-rate": `${optimizer.learningRate}` };
}

/** data/ntm-copy.safetensors has its log in data/ntm-copy.training.csv. */
function logPath(out: string): string {
  return `${out.replace(/\.safetensors$/, "")}.training.csv`;
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
