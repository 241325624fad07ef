import { historyAt } from "../tracker/http-storage.js";
import { gatheredStorage } from "./gathered-storage.js";
import type { CheckpointSource, Sources } from "./sources.js";

/** What the server says it has: `sources.json`. */
export interface Served {
  /** The folder of the history's files, relative to the page; null if there is none. */
  readonly history: string | null;
  /** Names of checkpoints, files in the folder "checkpoints". */
  readonly checkpoints: readonly string[];
  /** Whether the history may grow. */
  readonly live: boolean;
}

/**
 * What a served page is given: a history and checkpoints that stay where they are, and are read piece by piece.
 *
 * @param base address of the page's folder, without "/" at its end.
 * @throws if the server cannot be reached, or does not say what it has.
 */
export async function servedSources(base: string): Promise<Sources> {
  const { history, checkpoints, live } = (await answer(`${base}/sources.json`).then((all) => all.json())) as Served;
  return {
    ...(history !== null && { history: gatheredStorage(historyAt(`${base}/${history}`)) }),
    checkpoints: checkpoints.map((name): CheckpointSource => {
      const address = `${base}/checkpoints/${encodeURIComponent(name)}`;
      return { name, load: async () => new Uint8Array(await (await answer(address)).arrayBuffer()) };
    }),
    live,
  };
}

/** @throws if there is no good answer, saying what to do */
async function answer(address: string): Promise<Response> {
  const response = await fetch(address, { cache: "no-store" }).catch(() => {
    throw new Error("The server does not answer; start `tapescope dashboard` again, then reload this page.");
  });
  if (response.ok) return response;
  throw new Error(`${address} could not be read: the server answers ${response.status}.`);
}
