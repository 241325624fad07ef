import { loadCheckpoint } from "../files/checkpoint-file.js";
import { liveLine } from "../notebook/live-line.js";
import { useBackend } from "../tensors/backend.js";
import { evaluate } from "../training/evaluate.js";
import { type Command, type Given, UsageError, wholeNumber } from "./command.js";
import { computedBy } from "./computed-by.js";
import { recipeFor, taskNames } from "./recipes.js";

/** `tapescope evaluate FILE --task copy`: how well a checkpoint does on sequences it has not seen. */
export const evaluateCommand: Command = {
  name: "evaluate",
  about: "Measure a checkpoint on freshly drawn sequences of one length.",
  operands: ["FILE"],
  options: {
    task: { value: "TASK", required: true, about: taskNames.join(", ") },
    stage: { value: "N", about: "multiplication: stage 1 to 7, or digits by digits such as 31 (default 1)" },
    length: { value: "N", about: "vectors, items or sentences in a sequence (default 20, 6, 10)" },
    sequences: { value: "N", default: "200", about: "how many sequences" },
    seed: { value: "N", default: "1", about: "seed that the sequences are drawn from" },
  },
  async run([path], given) {
    const recipe = recipeFor(String(given.task));
    const staged = given.task === "multiplication";
    const [wanted, other] = staged ? ["stage", "length"] : ["length", "stage"];
    if (given[other as string] !== undefined) {
      throw new UsageError(`--${other} is no option of ${given.task}; give --${wanted}.`);
    }
    const length = given[wanted as string];
    const options = {
      length: wholeNumber({ length: length ?? recipe.evaluated }, "length"),
      sequences: wholeNumber(given, "sequences"),
      seed: wholeNumber(given, "seed", 0),
    };
    const backend = await useBackend();
    const { model, parameters, metadata } = await loadCheckpoint(path as string);
    const task = recipe.task(measuredBy(given, metadata, model.outputs));
    const line = liveLine(process.stderr);
    const onProgress = (done: number): void => line.update(`${done} of ${options.sequences} sequences`);
    const result = evaluate(model, parameters, task, { ...options, onProgress });
    line.end();
    if (given.json) console.log(JSON.stringify(result));
    else {
      console.log(`${result.sequences} sequences of ${recipe.describe(result.length)} (${computedBy(model, backend)})`);
      console.log(`accuracy                    ${result.accuracy.toFixed(4)} of ${result.answers} answers`);
      console.log(`exact match                 ${result.exactMatch.toFixed(4)} of sequences`);
      if (given.task === "multiplication") {
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

/**
 * The task as a checkpoint is measured on it: with its own width, its own help, and pairs that its training never saw.
 *
 * @throws UsageError if the seed holds out other pairs than those that training left out.
 */
function measuredBy(given: Given, metadata: Readonly<Record<string, string>>, outputs: number): Given {
  const left = metadata["held-out-by"];
  if (given.task === "multiplication" && left !== undefined && left !== given.seed) {
    throw new UsageError(
      `This checkpoint was trained without the pairs that seed ${left} holds out; --seed ${given.seed} would measure it on ` +
        `pairs it has seen. Give --seed ${left}.`,
    );
  }
  return {
    bits: `${outputs}`,
    pairs: "heldOut",
    "held-out-by": given.seed,
    ...(metadata["partial-products"] && { "partial-products": true }),
  };
}
