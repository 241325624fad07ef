import { crc32 } from "../tensors/crc32.js";
import { quoted } from "../tensors/quoted.js";
import {
  fromFloat32,
  readSafetensors,
  type SafetensorsFile,
  type StoredTensor,
  toFloat32,
  writeSafetensors,
} from "../tensors/safetensors.js";
import { checkShapes, type Tensors, tensorOf } from "../tensors/tensors.js";
import { toTensor } from "../tensors/transfer.js";
import { isOfLibrary } from "./library-models.js";
import type { Model } from "./model.js";
import { nsmFromMetadata } from "./nsm-metadata.js";
import { ntmFromMetadata } from "./ntm-metadata.js";
import { decodeModel, encodeModel } from "./recorded-model.js";
import type { Shapes } from "./sizes.js";
import { ttmFromMetadata } from "./ttm-metadata.js";

/** A model with its parameters, and what else the file's metadata says (task, training, ...). */
export interface Checkpoint {
  readonly model: Model;
  readonly parameters: Tensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Makes a model by what a checkpoint's metadata, and names and shapes of its tensors, say of it. */
export type ModelReader = (metadata: ReadonlyMap<string, string>, shapes: Shapes) => Model;

/** Models by the name that the metadata's "model" gives. */
export type ModelReaders = Readonly<Record<string, ModelReader>>;

const readers: ModelReaders = { ntm: ntmFromMetadata, nsm: nsmFromMetadata, ttm: ttmFromMetadata };

/** Where the metadata keep the recording of a model's step, its checksum, or why there is none. */
const keys = {
  recording: "tapescope.recording",
  checksum: "tapescope.recording.crc32",
  refusal: "tapescope.recording.refusal",
};
const mostRecorded = 16e6; // characters; only a step full of constants takes as many

/**
 * A checkpoint as safetensors bytes: the parameters under their names, the model and its sizes in the metadata. A model
 * whose own metadata have no "model" is kept by its name. With a model that is not of this library goes the recording of its
 * step, so that it can be run where its code is not known; or why the step cannot be recorded.
 */
export function encodeCheckpoint({ model, parameters, metadata }: Checkpoint): Uint8Array {
  const tensors = Object.keys(model.shapes).map((name) => {
    const tensor = tensorOf(parameters, name);
    return [name, fromFloat32(tensor.shape, tensor.dataSync() as Float32Array)] as const;
  });
  const said = new Map(Object.entries({ ...metadata, model: model.name, ...model.metadata }));
  for (const key of Object.values(keys)) said.delete(key);
  if (!isOfLibrary(model)) for (const [key, text] of recordingOf(model)) said.set(key, text);
  return writeSafetensors({ metadata: said, tensors: new Map(tensors) });
}

/** What the metadata keep of a model's step. Whatever goes wrong here, the parameters are kept. */
function recordingOf(model: Model): [key: string, text: string][] {
  try {
    const text = encodeModel(model);
    if (text.length > mostRecorded) throw new Error("Its constants are too large.");
    decodeModel(text);
    return [
      [keys.recording, text],
      [keys.checksum, checksum(text)],
    ];
  } catch (error) {
    return [[keys.refusal, error instanceof Error ? error.message : String(error)]];
  }
}

/** Why a checkpoint's model cannot be run without its code; undefined if it can. */
export function recordingRefusal({ metadata }: Pick<SafetensorsFile, "metadata">): string | undefined {
  return metadata.get(keys.refusal);
}

function checksum(text: string): string {
  return crc32(new TextEncoder().encode(text)).toString(16);
}

function readerOf(metadata: ReadonlyMap<string, string>, known: ModelReaders): ModelReader | undefined {
  const kind = metadata.get("model");
  return kind !== undefined && Object.hasOwn(known, kind) ? known[kind] : undefined;
}

/**
 * Read a checkpoint. The caller disposes of its parameters.
 *
 * @param models of the caller's own, by name; they go before those that are known here
 * @throws if the bytes are no sound safetensors file, or do not hold a model that is known here or given.
 */
export function decodeCheckpoint(bytes: Uint8Array, models: ModelReaders = {}): Checkpoint {
  return checkpointIn(readSafetensors(bytes), models);
}

/** The model and parameters in a safetensors file that was read already; other tensors in it are left alone. */
export function checkpointIn(file: SafetensorsFile, models: ModelReaders = {}): Checkpoint {
  const shapes = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]));
  const model = modelOf(file.metadata, shapes, models);
  checkShapes(model.name, model.shapes, shapes);
  const arrays = Object.entries(model.shapes).map(([name, shape]) => {
    return [name, { shape, data: toFloat32(name, file.tensors.get(name) as StoredTensor) }] as const;
  });
  const ours: readonly string[] = Object.values(keys);
  const metadata = Object.fromEntries([...file.metadata].filter(([key]) => !ours.includes(key)));
  return {
    model,
    parameters: Object.fromEntries(arrays.map(([name, array]) => [name, toTensor(array)])),
    metadata,
  };
}

/** The caller's code for a model goes before the recording that a file holds of it, and that before the library's. */
function modelOf(metadata: ReadonlyMap<string, string>, shapes: Shapes, models: ModelReaders): Model {
  const own = readerOf(metadata, models);
  if (own) return own(metadata, shapes);
  const recording = metadata.get(keys.recording);
  if (recording !== undefined) {
    if (metadata.get(keys.checksum) === checksum(recording)) return decodeModel(recording);
    throw new Error("The recording of its step was changed after it was saved. Save the checkpoint again.");
  }
  const reader = readerOf(metadata, readers);
  if (reader) return reader(metadata, shapes);
  const unrecorded = metadata.get(keys.refusal);
  throw new Error(
    `The metadata's "model" is ${quoted(metadata.get("model") ?? "")}; known models are ` +
      `${Object.keys({ ...readers, ...models }).join(", ")}. In a notebook, a model of your own is given to loadCheckpoint as ` +
      `one of its \`models\`.${unrecorded === undefined ? "" : ` It holds no recording of its step: ${unrecorded}`}`,
  );
}
