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
import type { Model } from "./model.js";
import { nsmFromMetadata } from "./nsm-metadata.js";
import { ntmFromMetadata } from "./ntm-metadata.js";
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

/**
 * A checkpoint as safetensors bytes: the parameters under their names, the model and its sizes in the metadata. A model
 * whose own metadata have no "model" is kept by its name.
 */
export function encodeCheckpoint({ model, parameters, metadata }: Checkpoint): Uint8Array {
  const tensors = Object.keys(model.shapes).map((name) => {
    const tensor = tensorOf(parameters, name);
    return [name, fromFloat32(tensor.shape, tensor.dataSync() as Float32Array)] as const;
  });
  return writeSafetensors({
    metadata: new Map(Object.entries({ ...metadata, model: model.name, ...model.metadata })),
    tensors: new Map(tensors),
  });
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
  const kind = file.metadata.get("model");
  const known = { ...readers, ...models };
  const reader = kind !== undefined && Object.hasOwn(known, kind) ? known[kind] : undefined;
  if (!reader) {
    throw new Error(
      `The metadata's "model" is ${quoted(kind ?? "")}; known models are ${Object.keys(known).join(", ")}. In a notebook, ` +
        "a model of your own is given to loadCheckpoint as one of its `models`.",
    );
  }
  const shapes = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]));
  const model = reader(file.metadata, shapes);
  checkShapes(model.name, model.shapes, shapes);
  const arrays = Object.entries(model.shapes).map(([name, shape]) => {
    return [name, { shape, data: toFloat32(name, file.tensors.get(name) as StoredTensor) }] as const;
  });
  return {
    model,
    parameters: Object.fromEntries(arrays.map(([name, array]) => [name, toTensor(array)])),
    metadata: Object.fromEntries(file.metadata),
  };
}
