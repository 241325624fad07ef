import {
  fromFloat32,
  readSafetensors,
  type SafetensorsFile,
  toFloat32,
  writeSafetensors,
} from "../tensors/safetensors.js";
import type { Tensors } from "../tensors/tensors.js";
import { toTensor } from "../tensors/transfer.js";
import type { Moment } from "../training/train.js";
import { writeAtomically } from "./atomic.js";
import { readWith } from "./checkpoint-file.js";

const format = "tapescope moment 1";

/**
 * Keep a moment of a training, whole or not at all: what `train` goes on from.
 *
 * @param settings what the training was told; a resumed one must be told the same, but may be made longer
 */
export async function saveMoment(
  path: string,
  moment: Moment,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const { parameters, memory, ...plain } = moment;
  const tensors = [...named("parameters", parameters), ...named("memory", memory)];
  const metadata = new Map(
    Object.entries({ format, settings: JSON.stringify(settings), plain: JSON.stringify(plain) }),
  );
  await writeAtomically(path, writeSafetensors({ metadata, tensors: new Map(tensors) }));
}

/**
 * Load a moment. The training that goes on from it owns its tensors.
 *
 * @throws naming the file and what is wrong with it, also if it was kept by a training of other settings.
 */
export async function loadMoment(path: string, settings: Readonly<Record<string, string>>): Promise<Moment> {
  return readWith(path, (bytes) => {
    const file = readSafetensors(bytes);
    if (file.metadata.get("format") !== format) throw new Error("it holds no moment of a training");
    const before = JSON.parse(file.metadata.get("settings") ?? "{}") as Record<string, string>;
    const names = new Set([...Object.keys(before), ...Object.keys(settings)]);
    const other = [...names].find((name) => name !== "updates" && before[name] !== settings[name]);
    if (other) {
      throw new Error(
        `it was kept by a training with ${other} ${before[other]}; now ${other} is ${settings[other]}. ` +
          "Give the same settings, or begin anew without --resume",
      );
    }
    const plain = JSON.parse(file.metadata.get("plain") ?? "{}") as Omit<Moment, "parameters" | "memory">;
    if (!(Number(settings.updates ?? plain.update) >= plain.update)) {
      throw new Error(`it was kept after ${plain.update} updates; ${settings.updates} are fewer. Give more updates`);
    }
    return { ...plain, parameters: part(file, "parameters"), memory: part(file, "memory") };
  });
}

function named(kind: string, tensors: Tensors) {
  return Object.entries(tensors).map(
    ([name, tensor]) => [`${kind}/${name}`, fromFloat32(tensor.shape, tensor.dataSync() as Float32Array)] as const,
  );
}

function part(file: SafetensorsFile, kind: string): Tensors {
  const found = [...file.tensors].filter(([name]) => name.startsWith(`${kind}/`));
  return Object.fromEntries(
    found.map(([name, stored]) => {
      return [name.slice(kind.length + 1), toTensor({ shape: stored.shape, data: toFloat32(name, stored) })];
    }),
  );
}
