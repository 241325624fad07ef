import { basename } from "node:path";
import { readWith } from "../files/checkpoint-file.js";
import { historyFolder } from "../files/folder-storage.js";
import { readSafetensors } from "../tensors/safetensors.js";
import { type History, openHistory } from "../tracker/history.js";
import { modelDifference } from "../tracker/same-model.js";
import { checkpointsIn, type Places } from "./places.js";

/** What there is to show, and what is amiss with it. */
export interface Checked {
  readonly history?: Pick<History, "model" | "size">;
  /** Names of the checkpoints, those of the history's model first. */
  readonly checkpoints: readonly string[];
  /** Sentences about what cannot be used, or not with the rest. */
  readonly warnings: readonly string[];
}

/**
 * Look at what the dashboard is to show before it is served.
 *
 * A single checkpoint must be sound, and of the history's model; in a folder of them those that are not are warned of.
 *
 * @throws naming the file and what is wrong with it.
 */
export async function checkPlaces(places: Places): Promise<Checked> {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const history = places.history === undefined ? undefined : await openHistory(historyFolder(places.history), { warn });
  const checkpoints = await checkpointsIn(places);
  const others: string[] = [];
  for (const [name, path] of checkpoints) {
    const alone = path === places.model;
    try {
      const difference = await readWith(path, (bytes) => {
        const file = readSafetensors(bytes);
        if (!file.metadata.has("model")) throw new Error('its metadata name no "model", so it is no checkpoint');
        return history && modelDifference(history, file);
      });
      if (difference && alone) {
        throw new Error(
          `"${path}" is a checkpoint of another model than that of "${places.history}": ${difference}. Leave one of ` +
            "them out, or give the ones that belong together.",
        );
      }
      if (difference) others.push(name);
    } catch (error) {
      if (alone) throw error;
      warn(`${(error as Error).message}.`.replace(/\.\.$/, "."));
    }
  }
  if (others.length > 0 && places.history !== undefined) {
    warn(
      `Of another model than ${basename(places.history)}: ${others.join(", ")}. They can be run, but the history's ` +
        "states do not fit them.",
    );
  }
  if (places.model !== undefined && checkpoints.size === 0) {
    throw new Error(`There is no checkpoint in "${places.model}": none of its files is named NAME.safetensors.`);
  }
  const fitting = [...checkpoints.keys()].filter((name) => !others.includes(name));
  return { ...(history && { history }), checkpoints: [...fitting, ...others], warnings };
}
