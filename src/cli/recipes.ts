import type { Model } from "../model/model.js";
import { type NsmConfig, nsm } from "../model/nsm.js";
import { type NtmConfig, ntm } from "../model/ntm.js";
import { type TtmConfig, ttm } from "../model/ttm.js";
import { associativeRecallTask } from "../tasks/associative-recall.js";
import { copyTask } from "../tasks/copy.js";
import { multiplicationTask } from "../tasks/multiplication.js";
import { recallTask, recallTokens } from "../tasks/recall.js";
import type { Task } from "../tasks/task.js";
import { didYouMean } from "../tensors/nearest.js";
import { choice, type Given, UsageError, wholeNumber } from "./command.js";

/** What trains a task here: its machine, and settings that were seen to work. */
export interface Recipe {
  readonly model: "ntm" | "nsm" | "ttm";
  /** What sequences of a length are, in words. */
  readonly describe: (length: number) => string;
  /** Length that `evaluate` takes unless another is given. */
  readonly evaluated: string;
  readonly defaults: Readonly<Record<string, string>>;
  /** Options without a default that this task knows beside those of every training. */
  readonly options?: readonly string[];
  /** The task as the settings have it. @throws UsageError */
  task(settings: Given): Task;
}

const heads = { "read-heads": "1", "write-heads": "1" };
const ntmDefaults = { optimizer: "adam", clip: "norm:10", controller: "lstm-100", slots: "128", word: "20", ...heads };
const nsmDefaults = {
  optimizer: "adam",
  clip: "norm:10",
  tokens: `${recallTokens}`,
  states: "6",
  features: "32",
  heads: "4",
  gates: "gru",
  slots: "24",
  word: "24",
  ...heads,
};

const ttmDefaults = {
  optimizer: "adam",
  clip: "norm:1",
  tokens: "1",
  features: "64",
  slots: "16",
  read: "4",
  layers: "2",
  heads: "4",
  hidden: "256",
  summariser: "mlp",
  write: "summarise",
};

export const taskNames = ["copy", "associative-recall", "recall", "multiplication"] as const;
export type TaskName = (typeof taskNames)[number];

/** Every task of the command line. */
export const recipes: Readonly<Record<TaskName, Recipe>> = {
  copy: {
    model: "ntm",
    describe: (length) => `${length} vectors`,
    evaluated: "20",
    defaults: {
      ...ntmDefaults,
      ...{ clip: "norm:1", updates: "4000", batch: "16", lengths: "1-20", schedule: "constant", bits: "8" },
    },
    task: (settings) => copyTask(wholeNumber(settings, "bits")),
  },
  "associative-recall": {
    model: "ntm",
    describe: (length) => `${length} items`,
    evaluated: "6",
    defaults: { ...ntmDefaults, updates: "6000", batch: "16", lengths: "2-6", schedule: "cosine", bits: "6" },
    task: (settings) => associativeRecallTask(wholeNumber(settings, "bits")),
  },
  recall: {
    model: "nsm",
    describe: (length) => `${length} sentences`,
    evaluated: "10",
    defaults: {
      ...nsmDefaults,
      updates: "4000",
      batch: "64",
      lengths: "3-10",
      schedule: "cosine",
      "learning-rate": "2e-3",
    },
    task: () => recallTask(),
  },
  multiplication: {
    model: "ttm",
    describe: (length) => `lesson ${length}${length === 1 ? " (its 81 pairs were all trained on: a lookup)" : ""}`,
    evaluated: "1",
    defaults: {
      ...ttmDefaults,
      updates: "18000",
      batch: "64",
      lessons: "1,21,31,41",
      mastered: "0.9",
      schedule: "cosine",
      "held-out-by": "7",
    },
    options: ["partial-products"],
    task: (settings) =>
      multiplicationTask({
        pairs: settings.pairs === "heldOut" ? "heldOut" : "train",
        heldOutBy: wholeNumber(settings, "held-out-by", 0),
        help: settings["partial-products"] ? "partial-products" : "none",
      }),
  },
};

/** The recipe of a task. @throws UsageError listing the tasks */
export function recipeFor(task: string): Recipe {
  if (Object.hasOwn(recipes, task)) return recipes[task as TaskName];
  const there = taskNames.join(", ");
  throw new UsageError(`There is no task "${task}"${didYouMean(task, taskNames)}; there are ${there}.`);
}

/** Options that every training knows. */
const common = ["model", "out", "force", "resume", "seed", "learning-rate", "json", "help"].concat([
  "history",
  "sampling-rate",
  "sites",
  "dtype",
  "epoch",
]);

/** What was given, and the recipe's settings for the rest. @throws UsageError naming an option of another task */
export function settingsFor(task: string, recipe: Recipe, given: Given): Given {
  const chosen = Object.entries(given).filter(([, value]) => value !== undefined);
  const known = [...common, ...Object.keys(recipe.defaults), ...(recipe.options ?? [])];
  const [unknown] = chosen.find(([name]) => !known.includes(name)) ?? [];
  if (unknown) throw new UsageError(`--${unknown} is no option of ${task}, which is learnt by the ${recipe.model}.`);
  return { model: recipe.model, ...recipe.defaults, ...Object.fromEntries(chosen) };
}

/** A new model for a task, of the sizes that the settings give. @throws UsageError */
export function modelFor(recipe: Recipe, task: Task, settings: Given): Model {
  choice(settings, "model", [recipe.model]);
  return {
    ntm: () => ntm(ntmFrom(task, settings)),
    nsm: () => nsm(nsmFrom(task, settings)),
    ttm: () => ttm(ttmFrom(task, settings)),
  }[recipe.model]();
}

function memoryFrom(settings: Given): Pick<NtmConfig, "slots" | "word" | "readHeads" | "writeHeads"> {
  return {
    slots: wholeNumber(settings, "slots", 2),
    word: wholeNumber(settings, "word"),
    readHeads: wholeNumber(settings, "read-heads"),
    writeHeads: wholeNumber(settings, "write-heads"),
  };
}

function ntmFrom(task: Task, given: Given): NtmConfig {
  const match = /^(lstm|feedforward)-(\d+)$/.exec(String(given.controller));
  if (!match)
    throw new UsageError(`--controller takes lstm-UNITS or feedforward-UNITS; "${given.controller}" was given.`);
  return {
    inputs: task.inputs,
    outputs: task.outputs,
    controller: match[1] as NtmConfig["controller"],
    units: Number(match[2]),
    initialWeights: "learned",
    ...memoryFrom(given),
  };
}

function nsmFrom(task: Task, given: Given): NsmConfig {
  const tokens = wholeNumber(given, "tokens");
  return {
    tokens,
    symbols: task.inputs / tokens,
    outputs: task.outputs,
    states: wholeNumber(given, "states"),
    features: wholeNumber(given, "features"),
    heads: wholeNumber(given, "heads"),
    gates: choice(given, "gates", ["gru", "lstm"]),
    pruned: [],
    ...memoryFrom(given),
  };
}

function ttmFrom(task: Task, given: Given): TtmConfig {
  const tokens = wholeNumber(given, "tokens");
  return {
    tokens,
    symbols: task.inputs / tokens,
    outputs: task.outputs,
    features: wholeNumber(given, "features"),
    slots: wholeNumber(given, "slots"),
    read: wholeNumber(given, "read"),
    layers: wholeNumber(given, "layers"),
    heads: wholeNumber(given, "heads"),
    hidden: wholeNumber(given, "hidden"),
    summariser: choice(given, "summariser", ["mlp", "query", "pooling"]),
    write: choice(given, "write", ["summarise", "erase-add", "concatenate", "none"]),
  };
}
