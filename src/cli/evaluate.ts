import { loadCheckpoint } from "../files/checkpoint-file.js";
import { liveLine } from "../notebook/live-line.js";
import { useBackend } from "../tensors/backend.js";
import { quoted } from "../tensors/quoted.js";
import { evaluate } from "../training/evaluate.js";
import { type Command, type Given, UsageError, wholeNumber } from "./command.js";
import { computedBy } from "./computed-by.js";
import { recipeFor, recipes, taskNames } from "./recipes.js";

type Metadata = Readonly<Record<string, string>>;

/** `tapescope evaluate FILE`: how well a checkpoint does on sequences it has not seen. */
export const evaluateCommand: Command = {
  name: "evaluate",
  about: "Measure a checkpoint on freshly drawn sequences of its task, all of one length.",
  operands: ["FILE"],
  options: {
    task: { value: "TASK", about: `${taskNames.join(", ")} (default the one that the checkpoint names)` },
    stage: { value: "N", about: "multiplication: stage 1 to 7, or digits by digits such as 31 (default 1)" },
    length: { value: "N", about: "vectors, items or sentences in a sequence (default 20, 6, 10)" },
    sequences: { value: "N", default: "200", about: "how many sequences" },
    seed: { value: "N", default: "1", about: "seed that the sequences are drawn from" },
    "held-out-by": {
      value: "N",
      about: "multiplication: seed of the pairs that training left out, if the checkpoint names none",
    },
  },
  async run([path], given) {
    const backend = await useBackend();
    const { model, parameters, metadata } = await loadCheckpoint(path as string);
    const name = taskNameFrom(given, metadata);
    const recipe = recipeFor(name);
    const staged = name === "multiplication";
    refuseOptions(given, name, staged ? ["length"] : ["stage", "held-out-by"]);
    const wanted = staged ? "stage" : "length";
    const options = {
      length: wholeNumber({ [wanted]: given[wanted] ?? recipe.evaluated }, wanted),
      sequences: wholeNumber(given, "sequences"),
      seed: wholeNumber(given, "seed", 0),
    };
    const task = recipe.task(measuredBy(name, given, metadata, model.outputs));
    const line = liveLine(process.stderr);
    const onProgress = (done: number): void => line.update(`${done} of ${options.sequences} sequences`);
    const result = evaluate(model, parameters, task, { ...options, onProgress });
    line.end();
    if (given.json) console.log(JSON.stringify(result));
    else {
      console.log(
        `${name}, ${result.sequences} sequences of ${recipe.describe(result.length)} (${computedBy(model, backend)})`,
      );
      console.log(`accuracy                    ${result.accuracy.toFixed(4)} of ${result.answers} answers`);
      console.log(`exact match                 ${result.exactMatch.toFixed(4)} of sequences`);
      if (staged) {
        console.log(`each digit, from the last   ${result.accuracyByStep.map((share) => share.toFixed(3)).join(" ")}`);
      }
      if (result.wrongBitsPerSequence !== undefined) {
        console.log(`wrong bits per sequence     ${result.wrongBitsPerSequence}`);
      }
      console.log(`cross-entropy per sequence  ${result.crossEntropyBitsPerSequence.toPrecision(4)} bits`);
    }
    if (Number.isFinite(result.crossEntropyBitsPerSequence)) return 0;
    console.error("tapescope: the outputs are no numbers; the training of this checkpoint has diverged.");
    return 1;
  },
};

/** The task that is measured. @throws UsageError if neither the options nor the checkpoint name one */
function taskNameFrom(given: Given, metadata: Metadata): string {
  if (given.task !== undefined) return String(given.task);
  const { task } = metadata;
  if (task !== undefined && Object.hasOwn(recipes, task)) return task;
  const said =
    task === undefined ? "The checkpoint names no task" : `The checkpoint's task, ${quoted(task)}, is not known here`;
  throw new UsageError(`${said}; give --task, one of ${taskNames.join(", ")}.`);
}

/** @throws UsageError if one of these options was given, which are another task's */
function refuseOptions(given: Given, task: string, names: readonly string[]): void {
  const name = names.find((one) => given[one] !== undefined);
  if (name === undefined) return;
  const instead = { length: "give --stage", stage: "give --length" }[name] ?? "leave it out";
  throw new UsageError(`--${name} is no option of ${task}; ${instead}.`);
}

/** The task as a checkpoint is measured on it: with its own width, its own help, and pairs that its training never saw. */
function measuredBy(task: string, given: Given, metadata: Metadata, outputs: number): Given {
  return {
    bits: `${outputs}`,
    ...(task === "multiplication" && { pairs: "heldOut", "held-out-by": heldOutBy(given, metadata) }),
    ...(metadata["partial-products"] && { "partial-products": true }),
  };
}

/** @throws UsageError if it is unknown, or other pairs are asked for than those that training left out */
function heldOutBy(given: Given, metadata: Metadata): string {
  const left = metadata["held-out-by"];
  const asked = given["held-out-by"] === undefined ? undefined : String(wholeNumber(given, "held-out-by", 0));
  if (left !== undefined && asked !== undefined && asked !== left) {
    throw new UsageError(
      `This checkpoint was trained without the pairs that seed ${left} holds out; --held-out-by ${asked} would measure it on ` +
        "pairs it has seen. Leave the option out.",
    );
  }
  const by = left ?? asked;
  if (by !== undefined) return by;
  throw new UsageError(
    "The checkpoint does not say which pairs its training left out; give the seed as --held-out-by N.",
  );
}
