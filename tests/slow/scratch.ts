import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { limit } from "../limit.js";

export const root: string = join(import.meta.dirname, "../..");

/** The Python that set-up made. */
export const python: string = join(root, ".venv/bin/python");

export const PLOTLY = "application/vnd.plotly.v1+json";

/** A folder for notebooks that import as those of the repository do, under a name that wants care. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tapescope é & <b>-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

export function markdown(source: string): object {
  return { cell_type: "markdown", metadata: {}, source };
}

export function code(source: string, outputs: readonly object[] = [], metadata: object = {}): object {
  return { cell_type: "code", metadata, source, outputs, execution_count: outputs.length ? 1 : null };
}

export function display(data: object): object {
  return { output_type: "display_data", data, metadata: {} };
}

/** Write a notebook for the tslab kernel and return its path. */
export async function writeNotebook(path: string, cells: readonly object[], metadata: object = {}): Promise<string> {
  const kernelspec = { name: "tslab", display_name: "TypeScript", language: "typescript" };
  const numbered = cells.map((cell, index) => ({ id: `cell-${index}`, ...cell }));
  const content = { cells: numbered, metadata: { kernelspec, ...metadata }, nbformat: 4, nbformat_minor: 5 };
  await writeFile(path, JSON.stringify(content));
  return path;
}

/** How many figures the outputs of a notebook hold. */
export function figuresIn(notebook: string): number {
  const { cells } = JSON.parse(notebook) as { cells: { outputs?: { data?: object }[] }[] };
  return cells.flatMap(({ outputs }) => outputs ?? []).filter(({ data }) => data && PLOTLY in data).length;
}

/** A port of this machine that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().on("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}

/** Wait for a condition in hooks, where expect.poll() cannot be used. @throws at the limit of all tests. */
export async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (const end = Date.now() + limit; !(await condition()); ) {
    if (Date.now() > end) throw new Error(`${what} did not happen in ${limit / 1000} seconds.`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
