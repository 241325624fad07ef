import { basename } from "node:path";
import type { EmbeddedBundle } from "../explorer/embedded.js";
import { readWith } from "../files/checkpoint-file.js";
import { historyFolder } from "../files/folder-storage.js";
import { type Checkpoint, encodeCheckpoint, recordingRefusal } from "../model/checkpoint.js";
import { readSafetensors } from "../tensors/safetensors.js";
import { type History, openHistory } from "../tracker/history.js";
import { historyAt } from "../tracker/http-storage.js";
import { modelDifference } from "../tracker/same-model.js";
import type { ReadableStorage } from "../tracker/storage.js";
import { type Excerpt, excerptOfEpochs, excerptWithin, packed } from "./explorer-excerpt.js";
import { escapeHtml } from "./table.js";

/** MIME type of the explorer, which tapescope's extension of JupyterLab and its template of nbconvert draw. */
export const EXPLORER_MIME = "application/vnd.tapescope.explorer.v1+json";

/** What the explorer shows. */
export interface ExplorerInputs {
  /** A state history: opened, or where it is, as a folder's path or an address. */
  readonly history?: History | ReadableStorage | string;
  /** A checkpoint: loaded, or a file's path. */
  readonly checkpoint?: Checkpoint | string;
  /** Epochs of the history to keep whole; without them, as much as there is room for. */
  readonly epochs?: readonly number[];
  /** Bytes that it may take in the notebook: 900,000, so that the notebook stays below 1 MB. */
  readonly mostBytes?: number;
}

/** The explorer with its data inside, for `show`. */
export interface Explorer {
  readonly bundle: EmbeddedBundle;
  /** What it takes in the notebook. */
  readonly bytes: number;
  /** One line: what is inside. */
  readonly about: string;
  /** What of the history is not inside, a line each. */
  readonly leftOut: readonly string[];
}

/**
 * The explorer's page for a cell, with a part of a history and a checkpoint inside. It lives on in the saved notebook and
 * in its HTML export.
 *
 * The page's script is not in the notebook: JupyterLab has it from the extension that set-up installs, and an export
 * takes it in once.
 *
 * @throws if something cannot be read, checkpoint and history are of different models, the page could not run the checkpoint,
 * or it takes more than `mostBytes`.
 * @example
 * const explored = await explorer({
 *   history: "../data/ttm-multiplication-history",
 *   checkpoint: "../data/ttm-multiplication.safetensors",
 * });
 * show(`${explored.about}; ${(explored.bytes / 1e3).toFixed(0)} kB. Left out: ${explored.leftOut.join("; ") || "nothing"}.`);
 * show(explored);
 */
export async function explorer(inputs: ExplorerInputs): Promise<Explorer> {
  const { mostBytes = 900_000 } = inputs;
  if (inputs.history === undefined && inputs.checkpoint === undefined) {
    throw new Error("explorer() takes a history, a checkpoint or both; neither was given.");
  }
  const history = inputs.history === undefined ? undefined : await opened(inputs.history);
  const checkpoint = inputs.checkpoint === undefined ? undefined : await bytesOf(inputs.checkpoint);
  if (checkpoint) {
    const refusal = recordingRefusal(readSafetensors(checkpoint.content));
    if (refusal !== undefined) {
      throw new Error(
        `The page cannot run the checkpoint ${checkpoint.name}, as its model's step cannot be recorded: ${refusal} Give the ` +
          "history alone, or make the step of operations that can be.",
      );
    }
  }
  if (history && checkpoint) {
    const difference = modelDifference(history, readSafetensors(checkpoint.content));
    if (difference) throw new Error(`The checkpoint is of another model than the history: ${difference}.`);
  }
  const base64 = checkpoint && packed(checkpoint.content);
  const checkpoints = checkpoint && base64 ? [{ name: checkpoint.name, base64 }] : [];
  const room = mostBytes - sizeOf({ version: 1, checkpoints });
  const excerpt = history && (await excerptFor(history, inputs, room));
  const bundle = { version: 1, ...(excerpt && { history: excerpt.files }), checkpoints } as const;
  const bytes = sizeOf(bundle);
  if (bytes > mostBytes || (excerpt && excerpt.pieces.length === 0)) throw tooLarge(inputs, bytes, mostBytes, base64);
  const parts = [
    ...(history && excerpt ? [`the history of ${history.model.name} at ${insideOf(excerpt)}`] : []),
    ...checkpoints.map(({ name }) => `the checkpoint ${name}`),
  ];
  const leftOut = history && excerpt ? leftOutOf(history, excerpt) : [];
  return { bundle, bytes, about: `Explorer of ${parts.join(" and ")}`, leftOut };
}

/** Whether something is what `explorer` returns. */
export function isExplorer(what: unknown): what is Explorer {
  const { bundle, about } = (what ?? {}) as Partial<Explorer>;
  return typeof about === "string" && bundle?.version === 1;
}

/** The output of a cell by MIME type. What cannot draw the page says how to see it. */
export function explorerOutput({ bundle, about }: Explorer): Record<string, unknown> {
  const how =
    "To see it here, open the notebook in JupyterLab with tapescope's extension, which `npm start` puts in place; or open " +
    "the notebook's HTML export.";
  const html = escapeHtml(`${about}. ${how}`).replace(/`([^`]*)`/g, "<code>$1</code>");
  return { [EXPLORER_MIME]: bundle, "text/html": `<p>${html}</p>`, "text/plain": `[${about}. ${how}]` };
}

async function opened(history: History | ReadableStorage | string): Promise<History> {
  if (typeof history !== "string") return "getState" in history ? history : openHistory(history);
  return openHistory(/^https?:/.test(history) ? historyAt(history) : historyFolder(history));
}

async function bytesOf(checkpoint: Checkpoint | string): Promise<{ name: string; content: Uint8Array }> {
  if (typeof checkpoint !== "string") {
    return { name: `${checkpoint.model.name}.safetensors`, content: encodeCheckpoint(checkpoint) };
  }
  return readWith(checkpoint, (content) => {
    readSafetensors(content); // what is damaged is told now, not when the page is read
    return { name: basename(checkpoint), content };
  });
}

function excerptFor(history: History, { epochs }: ExplorerInputs, room: number): Promise<Excerpt> {
  return epochs ? excerptOfEpochs(history, epochs) : excerptWithin(history, room);
}

function sizeOf(bundle: EmbeddedBundle): number {
  return JSON.stringify(bundle).length;
}

function tooLarge({ epochs }: ExplorerInputs, bytes: number, mostBytes: number, checkpoint = ""): Error {
  const advice = epochs ? "Give fewer epochs, or allow" : "Leave the checkpoint or the history out, or allow";
  const needed = epochs ? bytes : Math.max(bytes, checkpoint.length + 300_000);
  const rounded = Math.ceil(needed / 1e5) * 1e5;
  return new Error(
    `The explorer would take ${epochs ? "" : "more than "}${Math.round((epochs ? bytes : mostBytes) / 1e3)} kB in the ` +
      `notebook (its checkpoint ${Math.round(checkpoint.length / 1e3)} kB), and ${Math.round(mostBytes / 1e3)} kB are ` +
      `allowed. ${advice} more: mostBytes: ${rounded}.`,
  );
}

function insideOf({ pieces }: Excerpt): string {
  const epochs = [...new Set(pieces.map(({ epoch }) => epoch))].sort((a, b) => a - b);
  const [first = 0, last = 0] = [epochs[0], epochs.at(-1)];
  if (epochs.length === 1) return `epoch ${first}`;
  return `epochs ${epochs.length === last - first + 1 && epochs.length > 2 ? `${first} to ${last}` : epochs.join(", ")}`;
}

/** What was recorded and is not in an excerpt, in the words of a reader. */
function leftOutOf(history: History, { pieces }: Excerpt): string[] {
  const all = history.getAvailableEpochs();
  const having = (kind: string): Set<number> =>
    new Set(pieces.filter((one) => one.kind === kind).map(({ epoch }) => epoch));
  const recorded = new Set(history.sites.map(({ kind }) => kind));
  const states = having("state");
  const missing = (kind: "state" | "parameter" | "gradient", name: string): string[] => {
    const count = all.filter((epoch) => !having(kind).has(epoch)).length;
    return recorded.has(kind) && count > 0 ? [`${name} of ${count} of ${all.length} epochs`] : [];
  };
  const batches = all
    .filter((epoch) => states.has(epoch))
    .map((epoch) => {
      const inside = pieces.filter((one) => one.kind === "state" && one.epoch === epoch).length;
      return history.getAvailableBatches(epoch).length - inside;
    });
  const more = batches.reduce((sum, count) => sum + count, 0);
  return [
    ...missing("state", "states"),
    ...missing("parameter", "parameters"),
    ...missing("gradient", "gradients"),
    ...(more > 0 ? [`states of ${more} more batches of the epochs inside`] : []),
  ];
}
