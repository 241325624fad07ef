import { basename } from "node:path";
import { loadCheckpoint } from "../files/checkpoint-file.js";
import { run, series } from "../model/run.js";
import { type Answers, answersOf } from "../tasks/answers.js";
import type { Reading } from "../tasks/typed-input.js";
import { taskInputOf } from "../tasks/typed-tasks.js";
import { useBackend } from "../tensors/backend.js";
import { type NamedArray, select } from "../tensors/named-array.js";
import type { Command } from "./command.js";
import { computedBy } from "./computed-by.js";
import { editsIn } from "./edits-file.js";

/** `tapescope run FILE --input "27x4" --edits edits.json`: one sequence through a checkpoint, with edits on the way. */
export const runCheckpointCommand: Command = {
  name: "run",
  about: "Run a checkpoint on an input of its task, with edits on the way if there are any.",
  operands: ["CHECKPOINT"],
  options: {
    input: {
      value: "TEXT",
      required: true,
      about: 'an input of the task, ";" for a new line: "27x4", "1100;0011", "put 7 in the red box;what is in it"',
    },
    edits: {
      value: "FILE",
      about: 'a JSON list, such as [{"site":"memory","step":3,"index":{"slot":5},"operation":"set","value":0}]',
    },
    record: { value: "PATTERNS", about: 'sites to record, such as "memory,read.*"; --json prints their values' },
  },
  async run([path], given) {
    const edits = await editsIn(given.edits);
    const backend = await useBackend();
    const checkpoint = await loadCheckpoint(path as string);
    const { model, parameters, metadata } = checkpoint;
    const reading = taskInputOf(checkpoint).read(String(given.input).replaceAll(";", "\n"), checkpoint);
    const patterns = String(given.record ?? "").split(",");
    const record = patterns.map((pattern) => pattern.trim()).filter((pattern) => pattern !== "");
    const { inputs } = reading.batch;
    const result = run(model, parameters, inputs, { record, edits });
    const answers = answersOf(reading, model, result.outputs);
    const unedited = edits.length > 0 && answersOf(reading, model, run(model, parameters, inputs).outputs);
    const outputs = select(result.outputs, { batch: 0 });
    const sites = Object.keys(result.trace).map((site) => series(result, site));
    const engine = computedBy(model, backend);
    const about = { checkpoint: basename(path as string), model: model.name, task: metadata.task ?? null, engine };
    if (given.json) {
      console.log(
        JSON.stringify({
          ...{ ...about, edits: edits.length, tokens: reading.tokens, notes: reading.notes, outputs: rowsOf(outputs) },
          ...whole(reading, answers),
          ...(unedited && { unedited: whole(reading, unedited) }),
          sites: Object.fromEntries(
            sites.map(({ name, axes, shape, data }) => [name, { axes, shape, data: [...data] }]),
          ),
        }),
      );
    } else {
      const done = edits.length === 1 ? ", 1 edit" : edits.length > 1 ? `, ${edits.length} edits` : "";
      console.log(`${about.checkpoint} (${model.name}, ${metadata.task ?? "no task"}, ${engine})${done}`);
      console.log(tableOf(reading, answers, outputs));
      for (const line of verdict(answers, unedited)) console.log(line);
      for (const note of reading.notes) console.log(note);
      for (const { name, axes, shape } of sites) {
        console.log(`recorded ${name}  ${axes.map((axis, i) => `${axis} ${shape[i]}`).join(" × ")}`);
      }
    }
    if (outputs.data.every(Number.isFinite)) return 0;
    console.error("tapescope: the outputs are no numbers; the checkpoint has diverged, or an edit went too far.");
    return 1;
  },
};

/** Answers as JSON has them; nothing is right or wrong where nothing is asked. */
function whole({ batch }: Reading, { steps, expected, predicted, right }: Answers): object {
  const answers = steps.map(({ probabilities, ...rest }) => ({ ...rest, probabilities: [...probabilities] }));
  return batch.mask.data.includes(1) ? { expected, predicted, right, answers } : { answers };
}

function rowsOf({ shape, data }: NamedArray): number[][] {
  const width = shape[1] as number;
  return Array.from({ length: shape[0] as number }, (_, row) => [...data.subarray(row * width, (row + 1) * width)]);
}

const mostShown = 12; // outputs in a line

function tableOf({ tokens }: Reading, { steps }: Answers, outputs: NamedArray): string {
  const rows = rowsOf(outputs).map((row, step) => {
    const answer = steps.find((one) => one.step === step);
    const numbers = row.slice(0, mostShown).map((value) => value.toFixed(2));
    const rest = row.length > mostShown ? " …" : "";
    return [
      `${step}`,
      tokens[step] as string,
      answer?.expected ?? "",
      answer?.predicted ?? "",
      numbers.join(" ") + rest,
    ];
  });
  const all = [["step", "shown", "expected", "predicted", "outputs"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] as string).length)));
  return all.map((row) => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}

function verdict(answers: Answers, unedited: Answers | false): string[] {
  const { steps, predicted, expected, right } = answers;
  if (steps.length === 0) return [];
  const line = right ? `answer ${predicted}: right` : `answer ${predicted}: wrong, ${expected} was expected`;
  return unedited ? [line, `without the edits ${unedited.predicted}: ${unedited.right ? "right" : "wrong"}`] : [line];
}
