import { loadCheckpoint } from "../files/checkpoint-file.js";
import { liveLine } from "../notebook/live-line.js";
import { useBackend } from "../tensors/backend.js";
import { evaluate } from "../training/evaluate.js";
import { type Command, wholeNumber } from "./command.js";
import { recipeFor, taskNames } from "./recipes.js";

/** `tapescope evaluate FILE --task copy`: how well a checkpoint does on sequences it has not seen. */
export const evaluateCommand: Command = {
  name: "evaluate",
  about: "Measure a checkpoint on freshly drawn sequences of one length.",
  operands: ["FILE"],
  options: {
    task: { value: "TASK", required: true, about: taskNames.join(", ") },
    length: { value: "N", about: "vectors, items or sentences in a sequence (default 20, 6, 10)" },
    sequences: { value: "N", default: "200", about: "how many sequences" },
    seed: { value: "N", default: "1", about: "seed that the sequences are drawn from" },
  },
  async run([path], given) {
    const recipe = recipeFor(String(given.task));
    const options = {
      length: wholeNumber({ length: recipe.evaluated, ...(given.length && { length: given.length }) }, "length"),
      sequences: wholeNumber(given, "sequences"),
      seed: wholeNumber(given, "seed", 0),
    };
    const backend = await useBackend();
    const { model, parameters } = await loadCheckpoint(path as string);
    const line = liveLine(process.stderr);
    const onProgress = (done: number): void => line.update(`${done} of ${options.sequences} sequences`);
    const result = evaluate(model, parameters, recipe.task(model.outputs), { ...options, onProgress });
    line.end();
    if (given.json) console.log(JSON.stringify(result));
    else {
      console.log(`${result.sequences} sequences of ${result.length} ${recipe.length.split(" ")[0]} (${backend})`);
      console.log(`answers right               ${(100 * result.accuracy).toFixed(2)} % of ${result.answers}`);
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
