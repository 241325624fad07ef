import type { Checkpoint } from "../model/checkpoint.js";
import type { Edit } from "../model/edits.js";
import { type Run, run } from "../model/run.js";
import { type Answers, answersOf } from "../tasks/answers.js";
import type { Batch } from "../tasks/task.js";
import { taskInputOf } from "../tasks/typed-tasks.js";

/** What a machine was asked, what it answered, and how it came to it. */
export interface Asked extends Answers {
  /** What every step shows, in a few characters. */
  readonly tokens: readonly string[];
  /** What a reader should know of this input, such as that training never showed its like. */
  readonly notes: readonly string[];
  /** The input as the machine took it, with the right answers: one sequence. */
  readonly batch: Batch;
  readonly run: Run;
}

/**
 * Ask a trained machine a question in the words of its task.
 *
 * @param checkpoint says by its metadata which task it learnt
 * @param text one item a line: "27 × 4" of multiplication, "11000000" of copy, "put 7 in the red box" of recall; of
 * associative recall three vectors a line, and last "? 2" to ask what came after item 2
 * @param options what to record and to edit, as `run` takes it
 * @throws if the text is no input of the task, saying what one looks like; and as `run` does.
 * @example
 * const asked = ask(await loadCheckpoint("data/ttm-multiplication.safetensors"), "27 × 4", { record: ["memory"] });
 * show(`${asked.predicted}, ${asked.right ? "which is right" : `but it is ${asked.expected}`}`);
 */
export function ask(
  checkpoint: Checkpoint,
  text: string,
  options: { readonly record?: readonly string[]; readonly edits?: readonly Edit[] } = {},
): Asked {
  const { model, parameters } = checkpoint;
  const reading = taskInputOf(checkpoint).read(text, checkpoint);
  const { batch, tokens, notes } = reading;
  const result = run(model, parameters, batch.inputs, options);
  return { ...answersOf(reading, model, result.outputs), tokens, notes, batch, run: result };
}
