// A model without its code: what it says of itself, and the recording of its step. So a checkpoint can be run, with records
// and edits, where nobody knows the function that computed it: in the explorer's page, on the command line, by a reader.
import { type RecordingData, recordingData, recordingFrom } from "../engine/recording-data.js";
import { quoted } from "../tensors/quoted.js";
import type { Model } from "./model.js";
import { modelRecording, recordSteps, type StepRecordings } from "./step-recording.js";

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
  const { start, steps, version: made, ...said } = JSON.parse(text) as RecordedModel;
  if (made !== version) {
    throw new Error(`Its recording is of version ${made}; version ${version} was expected. Save the checkpoint again.`);
  }
  const refuse = (): never => {
    throw new Error(
      `This ${said.name} came without its code, as the recording of a step of one sequence: tapescope's engine runs it, with ` +
        "records and edits, and nothing else can. For more, give its code: loadCheckpoint(path, { models }).",
    );
  };
  const model: Model = { ...said, parameters: refuse, start: refuse, step: refuse };
  const found = { start: recordingFrom(start), steps: steps.map(recordingFrom) };
  check(model, found);
  recordings.set(model, found);
  return model;
}

/** @throws unless every input of the recordings is one that a run gives, in its shape, and every site comes out */
function check(model: Model, recordings: StepRecordings): void {
  const { given, results } = modelRecording(model, batch, recordings);
  for (const { inputs } of [recordings.start, ...recordings.steps]) {
    for (const [name, { shape }] of inputs) {
      if (`${given[name]}` !== `${shape}`) throw new Error(`Its recording takes ${quoted(name)} of [${shape}].`);
    }
  }
  const width: readonly number[] = [batch, model.outputs];
  const sites = Object.fromEntries(model.sites.map(({ name, shape }) => [`site.${name}`, [batch, ...shape]]));
  for (const [name, shape] of Object.entries({ outputs: width, logits: width, ...sites })) {
    if (`${results[name]}` !== `${shape}`)
      throw new Error(`Its recording gives ${quoted(name)} of [${results[name]}].`);
  }
}
