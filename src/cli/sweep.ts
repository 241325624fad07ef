import { basename } from "node:path";
import { type Sweep, sweep } from "../experiments/sweep.js";
import type { SweepProgress } from "../experiments/sweep-options.js";
import { sweepRows } from "../experiments/sweep-rows.js";
import { writeAtomically } from "../files/atomic.js";
import { loadCheckpoint } from "../files/checkpoint-file.js";
import { run } from "../model/run.js";
import { toCsv } from "../notebook/csv.js";
import { frameOf } from "../notebook/data-frame.js";
import { stopOnInterrupt } from "../notebook/interrupt.js";
import { liveLine } from "../notebook/live-line.js";
import type { Reading } from "../tasks/typed-input.js";
import { taskInputOf } from "../tasks/typed-tasks.js";
import { useBackend } from "../tensors/backend.js";
import { disposeTensors } from "../tensors/tensors.js";
import { type Command, type Given, UsageError, wholeNumber } from "./command.js";
import { editsIn } from "./edits-file.js";
import { aboutResume, keepSoFar, momentFrom, sweepJson } from "./sweep-file.js";
import { metricFrom, metricNames, operationForms, operationFrom, positionsFrom } from "./sweep-words.js";

/** `tapescope sweep FILE --input "27x4" --site memory --over step,slot --operation zero` */
export const sweepCommand: Command = {
  name: "sweep",
  about: "Make one edit at each place in turn, each in a run of its own, and map what it does to a metric.",
  operands: ["CHECKPOINT"],
  options: {
    input: { value: "TEXT", required: true, about: 'an input of the task, ";" for a new line: "27x4", "1100;0011"' },
    site: { value: "PATTERNS", required: true, about: "sites to edit, such as memory or layers.*.attention" },
    over: {
      value: "AXES",
      required: true,
      about: "axes of the map: step, site, axes of the site; what is neither here nor in --at is edited throughout",
    },
    at: { value: "AXIS=A-B,...", about: "positions to keep to, such as slot=50-70,step=3" },
    operation: { value: "EDIT", default: "zero", about: operationForms },
    renormalise: { value: "AXIS", about: "an axis of the site along which edited weights then sum to one again" },
    edits: {
      value: "FILE",
      about: "edits of every run, also of the original, but not of that on a patch's input: a JSON list, as in `run`",
    },
    metric: { value: "NAME", default: "output-change", about: metricNames.join(", ") },
    batch: { value: "N", default: "64", about: "edited runs carried out at a time" },
    out: { value: "FILE", about: "write the map, as JSON; what there is of it is written every few seconds" },
    resume: { about: "go on where the same sweep was interrupted or killed, from the file it left" },
    force: { about: "write over an existing file" },
    csv: { about: "print a row for each run as CSV" },
  },
  async run([path], given) {
    if (given.csv && given.json) throw new UsageError("Give --csv or --json, not both.");
    const from = await momentFrom(given);
    const batch = wholeNumber(given, "batch");
    const edits = await editsIn(given.edits);
    await useBackend();
    const checkpoint = await loadCheckpoint(path as string);
    const { model, parameters } = checkpoint;
    const read = (text: string): Reading => taskInputOf(checkpoint).read(text.replaceAll(";", "\n"), checkpoint);
    const { batch: sequence, tokens, notes } = read(String(given.input));
    const site = listFrom(given.site);
    const recordOther = (text: string) => run(model, parameters, read(text).batch.inputs, { record: site });
    const line = liveLine(process.stderr);
    const about = {
      checkpoint: basename(path as string),
      ...settingsOf(given),
      ...(edits.length > 0 && { edits }),
      tokens,
    };
    const keep = given.out === undefined ? undefined : keepSoFar(String(given.out), about);
    const onProgress = async (progress: SweepProgress): Promise<void> => {
      line.update(`${progress.done.toLocaleString("en")} of ${progress.cells.toLocaleString("en")} runs`);
      await keep?.(progress);
    };
    const found = await stopOnInterrupt((signal) =>
      sweep(model, parameters, sequence.inputs, {
        ...{ site, over: listFrom(given.over), batch, edits, signal, onProgress },
        operation: operationFrom(String(given.operation), recordOther),
        ...(given.renormalise !== undefined && { renormalise: String(given.renormalise) }),
        metric: metricFrom(String(given.metric), model, sequence),
        ...(given.at !== undefined && { at: positionsFrom(String(given.at)) }),
        ...(from && { from }),
      }),
    )
      .catch((error: Error) => {
        throw aboutResume(error, String(given.out));
      })
      .finally(() => line.end());
    disposeTensors(parameters);
    const said = sweepJson(about, found);
    if (given.out !== undefined) await writeAtomically(String(given.out), `${said}\n`);
    if (given.json) console.log(said);
    else if (given.csv) process.stdout.write(toCsv(frameOf(sweepRows(found))));
    else print(found, given, notes);
    return found.done < found.cells ? 130 : 0;
  },
};

function listFrom(given: Given[string]): string[] {
  return String(given)
    .split(",")
    .map((word) => word.trim());
}

/** The options that decide what is measured, as they were given. */
function settingsOf({ input, site, over, at, operation, renormalise, metric }: Given): object {
  const chosen = { ...(at !== undefined && { at }), operation, ...(renormalise !== undefined && { renormalise }) };
  return { input, site, over, ...chosen, metric };
}

const mostShown = 10;

function print(found: Sweep, given: Given, notes: readonly string[]): void {
  const { values, baseline, done, cells } = found;
  const ended = done < cells ? `interrupted after ${done} of ${cells} runs` : `${cells} runs`;
  console.log(`${ended}; ${values.name} ${+baseline.toPrecision(6)} in the original run`);
  const all = sweepRows(found);
  const rows = all
    .filter(({ change }) => Number.isFinite(change))
    .sort((one, other) => Math.abs(other.change) - Math.abs(one.change));
  for (const { value, change, ...place } of rows.slice(0, mostShown)) {
    const where = Object.entries(place).map(([axis, position]) => `${axis} ${position}`);
    console.log(`${(+value.toPrecision(6)).toString().padStart(12)}  ${where.join(", ")}`);
  }
  if (rows.length > mostShown) console.log(`… and ${rows.length - mostShown} that change it less`);
  if (rows.length < all.length) console.log(`${all.length - rows.length} runs gave no finite number`);
  if (given.out !== undefined) console.log(`wrote ${given.out}`);
  for (const note of notes) console.log(note);
}
