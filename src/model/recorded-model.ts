// A model without its code: what it says of itself, and the recording of its step. So a checkpoint can be run, with records
// and edits, where nobody knows the function that computed it: in the explorer's page, on the command line, by a reader.
import type { Shapes } from "../engine/arrays.js";
import type { Recording } from "../engine/recorder.js";
import { type RecordingData, recordingData, recordingFrom } from "../engine/recording-data.js";
import { quoted } from "../tensors/quoted.js";
import type { Model } from "./model.js";
import { modelRecording, recordSteps, type StepRecordings, shapesIn } from "./step-recording.js";

const version = 1;
const batch = 1; // a recording is of one size of batch

/** What is kept of a model, as JSON. */
interface RecordedModel extends Omit<Model, "parameters" | "start" | "step"> {
  readonly version: typeof version;
  readonly start: RecordingData;
  readonly steps: readonly RecordingData[];
}

const recordings = new WeakMap<Model, StepRecordings>();

/** The recordings that a model consists of; undefined if it has code. They are of one sequence. */
export function recordingsOf(model: Model): StepRecordings | undefined {
  return recordings.get(model);
}

/** A model as text: what it says of itself, and the recording of its step. @throws NotRecordable */
export function encodeModel(model: Model): string {
  const { name, metadata, inputs, outputs, activation, sites, shapes, fixed } = model;
  const { start, steps } = recordingsOf(model) ?? recordSteps(model, batch);
  const said = { version, name, metadata, inputs, outputs, activation, sites, shapes, fixed } as const;
  const kept: RecordedModel = { ...said, start: recordingData(start), steps: steps.map(recordingData) };
  return JSON.stringify(kept);
}

/**
 * The model in a text that `encodeModel` made. It runs one sequence at a time, by the engine only; it has no step to be
 * trained.
 *
 * @throws if the text is none, or of another version
 */
export function decodeModel(text: string): Model {
  try {
    return modelIn(JSON.parse(text) as RecordedModel);
  } catch (error) {
    throw new Error(
      `The recording of its step is damaged, or none: ${(error as Error).message} Save the checkpoint again.`,
    );
  }
}

function modelIn({ start, steps, version: made, ...said }: RecordedModel): Model {
  if (made !== version) throw new Error(`It is of version ${made}; version ${version} was expected.`);
  const refuse = (): never => {
    throw new Error(
      `This ${said.name} came without its code, as the recording of a step of one sequence: tapescope's engine runs it, with ` +
        "records and edits, and nothing else can. For more, give its code: loadCheckpoint(path, { models }).",
    );
  };
  const model: Model = { ...said, parameters: refuse, start: refuse, step: refuse };
  const found = { start: recordingFrom(start), steps: steps.map(recordingFrom) };
  checkSaid(model);
  checkRecordings(model, found);
  recordings.set(model, found);
  return model;
}

/** @throws unless what a model says of itself is complete */
function checkSaid({ name, metadata, inputs, outputs, activation, sites, shapes, fixed }: Model): void {
  const isText = (value: unknown): boolean => typeof value === "string";
  const isList = (value: unknown, holds: (one: unknown) => boolean): boolean =>
    Array.isArray(value) && value.every(holds);
  const isLength = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const isShape = (value: unknown): boolean => isList(value, isLength);
  const sound =
    isText(name) &&
    isList(Object.values(metadata), isText) &&
    isShape([inputs, outputs]) &&
    ["sigmoid", "softmax"].includes(activation) &&
    isList(Object.values(shapes), isShape) &&
    isList(fixed, isText) &&
    sites.every(
      (site) => isText(site.name) && isText(site.about) && isShape(site.shape) && isList(site.axes, isText),
    ) &&
    sites.every(({ axes, shape }) => axes.length === shape.length);
  if (!sound) throw new Error("What it says of the model is not complete.");
}

/** @throws unless recordings take what a run gives them, and give all that it takes of them */
function checkRecordings(model: Model, recordings: StepRecordings): void {
  const { start, steps } = recordings;
  if (steps.length !== 1 && steps.length !== 2)
    throw new Error(`It has ${steps.length} steps; one or two were expected.`);
  const { given } = modelRecording(model, batch, recordings);
  const isState = (name: string): boolean => name.startsWith("state.");
  const others = Object.fromEntries(Object.entries(given).filter(([name]) => !isState(name)));
  let states = shapesIn(start.outputs);
  checkShapes("takes", shapesIn(start.inputs), others);
  const width = [batch, model.outputs];
  const sites = model.sites.map(({ name, shape }) => [`site.${name}`, [batch, ...shape]]);
  for (const { inputs, outputs } of [...steps, steps.at(-1) as Recording]) {
    checkShapes("takes", shapesIn(inputs), { ...others, ...states });
    const gives = shapesIn(outputs);
    checkShapes("does not give", { logits: width, outputs: width, ...Object.fromEntries(sites) }, gives);
    for (const name of Object.keys(states)) {
      if (!Object.hasOwn(gives, name)) throw new Error(`A step of it does not give ${quoted(name)}.`);
    }
    states = Object.fromEntries(Object.entries(gives).filter(([name]) => isState(name)));
  }
}

/** @throws unless all of `wanted` are found in their shapes */
function checkShapes(does: string, wanted: Shapes, found: Shapes): void {
  for (const [name, shape] of Object.entries(wanted)) {
    const there = Object.hasOwn(found, name) ? found[name] : undefined;
    if (`${there}` !== `${shape}`)
      throw new Error(`It ${does} ${quoted(name)} of [${shape}], which is [${there ?? "not there"}].`);
  }
}
