import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { names, numbersOf } from "../tracker/manifest.js";

/** What the dashboard was told to show. */
export interface Places {
  /** Folder of a state history. */
  readonly history?: string;
  /** A checkpoint, or a folder of them. */
  readonly model?: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url)); // from dist/dashboard/ as from src/dashboard/

/** The page's own files, by the names under which they are served. */
export const pageFiles: Readonly<Record<string, string>> = {
  "explorer.js": join(root, "dist", "explorer-page", "explorer.js"),
  "explorer.css": join(root, "dist", "explorer-page", "explorer.css"),
  "plotly.min.js": join(root, "node_modules", "plotly.js-dist-min", "plotly.min.js"),
};

/** What the repository itself brings: a history and the checkpoints, in data/. */
export async function placesInData(): Promise<Places> {
  const data = join(root, "data");
  const [history] = (await readdir(data).catch(() => [])).filter((name) => name.endsWith("-history")).sort();
  return { ...(history !== undefined && { history: join(data, history) }), model: data };
}

/**
 * Paths of checkpoints by name, of a folder those that lie in it.
 *
 * @throws if there is no such file or folder
 */
export async function checkpointsIn({ model }: Places): Promise<ReadonlyMap<string, string>> {
  if (model === undefined) return new Map();
  const found = await stat(model).catch(() => undefined);
  if (!found) throw new Error(`"${model}" could not be read: there is no such file or folder.`);
  if (!found.isDirectory()) return new Map([[basename(model), model]]);
  const checkpoints = new Map<string, string>();
  for (const name of (await readdir(model)).sort()) {
    // A training that goes on keeps a file of its own, which is no checkpoint.
    if (!/^[^.].*\.safetensors$/.test(name) || name.endsWith(".resume.safetensors")) continue;
    const path = await fileWithin(model, name);
    if (path !== undefined) checkpoints.set(name, path);
  }
  return checkpoints;
}

/**
 * The file behind a path of the page's address.
 *
 * @param path as it was sent: "/history/part-000001.parquet". Only names that are known are looked for, so that no
 * spelling of a path leads anywhere else.
 * @returns undefined if there is none that may be read
 */
export async function fileAt(path: string, places: Places): Promise<string | undefined> {
  const [, folder, encoded, ...deeper] = path.split("/");
  if (folder === undefined || deeper.length > 0) return undefined;
  if (encoded === undefined) return Object.hasOwn(pageFiles, folder) ? pageFiles[folder] : undefined;
  const name = decoded(encoded);
  if (folder === "checkpoints") return (await checkpointsIn(places)).get(name);
  if (folder !== "history" || places.history === undefined || !isOfHistory(name)) return undefined;
  return fileWithin(places.history, name);
}

function isOfHistory(name: string): boolean {
  return name === names.latest || numbersOf([name], "manifest").length > 0 || numbersOf([name], "part").length > 0;
}

/** The path of a file in a folder, all links followed; undefined if it is none, or a link leads out of the folder. */
async function fileWithin(folder: string, name: string): Promise<string | undefined> {
  const path = await realpath(join(folder, name)).catch(() => undefined);
  if (path === undefined || dirname(path) !== (await realpath(folder))) return undefined;
  return (await stat(path)).isFile() ? path : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
