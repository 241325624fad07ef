import { createHash } from "node:crypto";
import { type Dirent, existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Section } from "./report-page.js";

export const MANIFEST = "manifest.json";
const FORMAT = "tapescope report";

/** What file managers leave in every folder that they show. */
const CLUTTER = [".DS_Store", "Thumbs.db", "desktop.ini"];

/** What the manifest says of a report. */
export interface ReportAccount {
  readonly title: string;
  readonly about: string;
  /** What made it, with its version. */
  readonly maker: string;
  readonly sections: readonly Section[];
  readonly notes: readonly string[];
}

/** The manifest of a report: what it holds and explains, and the size and SHA-256 sum of every other file. */
export function manifestOf(account: ReportAccount, files: ReadonlyMap<string, string>): string {
  const { title, about, maker, sections, notes } = account;
  const entries = sections.map(({ id, part }) => ({
    kind: "figure" in part ? "figure" : "table",
    title: part.name,
    about: part.about,
    files: filesOf(id, files),
    arrays: part.arrays.map(({ name, axes, shape }) => ({ name, axes, shape })),
  }));
  const sums = [...files].map(([path, content]) => {
    const sha256 = createHash("sha256").update(content).digest("hex");
    return { path, bytes: Buffer.byteLength(content), sha256 };
  });
  const manifest = { format: FORMAT, version: 1, createdBy: maker, created: new Date().toISOString() };
  return `${JSON.stringify({ ...manifest, title, about, notes, entries, files: sums }, null, 2)}\n`;
}

/** The files of one figure or table. */
function filesOf(id: string, files: ReadonlyMap<string, string>): string[] {
  return [`figures/${id}.html`, `figures/${id}.svg`, `tables/${id}.csv`].filter((path) => files.has(path));
}

const CHOOSE = "choose another directory, or move it away first";

/**
 * Make sure that a path, or what is there of the way to it, is a directory.
 *
 * @throws saying which file is in the way.
 */
export async function refuseFiles(directory: string): Promise<void> {
  let there = directory;
  while (!existsSync(there) && there !== dirname(there)) there = dirname(there);
  const found = await stat(there).catch(absent);
  if (!found || found.isDirectory()) return;
  const within = there === directory ? "" : `, so that "${directory}" cannot be made`;
  throw new Error(`"${there}" is a file${within}; a report needs a directory: ${CHOOSE}.`);
}

/**
 * Make sure that a report may take a directory: nothing is there, or an empty folder, or a report with nothing else beside it.
 *
 * @throws saying what is there instead.
 */
export async function refuseOthers(directory: string): Promise<void> {
  const found = await stat(directory).catch(absent);
  if (!found) return;
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  const paths = entries.filter((entry) => !CLUTTER.includes(entry.name)).map((entry) => pathWithin(directory, entry));
  if (paths.length === 0) return;
  const own = await ownPaths(directory);
  if (!own) throw new Error(`"${directory}" holds something that is not a report: ${CHOOSE}.`);
  const other = paths.find((path) => !own.has(path));
  if (other) throw new Error(`"${directory}" holds "${other}", which is not of the report there: ${CHOOSE}.`);
}

/** The paths of a report's files and folders, by its manifest; undefined if it is none. */
async function ownPaths(directory: string): Promise<Set<string> | undefined> {
  try {
    const { format, files } = JSON.parse(await readFile(join(directory, MANIFEST), "utf8"));
    if (format !== FORMAT) return undefined;
    const paths = (files as { path: string }[]).map(({ path }) => path);
    return new Set([MANIFEST, ...paths, ...paths.flatMap((path) => path.split("/").slice(0, -1))]);
  } catch {
    return undefined;
  }
}

/** With "/" between folders, as in the manifest. */
function pathWithin(directory: string, entry: Dirent): string {
  return join(entry.parentPath, entry.name)
    .slice(join(directory, "x").length - 1)
    .replaceAll("\\", "/");
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
