import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What became of one notebook. */
export type NotebookReport = {
  /** Path of the notebook, as it was given. */
  readonly notebook: string;
  readonly seconds: number;
} & (
  | { readonly ok: true; readonly html: string; readonly bytes: number; readonly cells: number }
  | {
      readonly ok: false;
      /** The code cell that failed, counted from 1 as in its `[1]`; 0 if the notebook failed outside of its cells. */
      readonly cell: number;
      readonly cells: number;
      /** One line. */
      readonly problem: string;
      /** All that the kernel said about it. */
      readonly detail: string;
    }
);

/** How far the work is: sent when a notebook begins, at each of its code cells, and when its page is being written. */
export interface ReportProgress {
  readonly notebook: string;
  /** This is the `index`-th notebook, from 1, of so many. */
  readonly index: number;
  readonly notebooks: number;
  readonly stage: "starting" | "executing" | "writing";
  /** The code cell that runs now, from 1, of so many; 0 before the first and after the last. */
  readonly cell: number;
  readonly cells: number;
  /** Since this notebook began. */
  readonly seconds: number;
}

export interface ReportOptions {
  /** Paths of notebooks, executed in this order; by default all of the repository's notebooks/, by name. */
  readonly notebooks?: readonly string[];
  /** Where the pages go, each under its notebook's name; by default the repository's reports/. */
  readonly outDir?: string;
  /** The Python that has Jupyter; by default the one that set-up made. */
  readonly python?: string;
  /** Also write the outputs back into the notebooks, those that ran without an error. */
  readonly save?: boolean;
  readonly onProgress?: (progress: ReportProgress) => void;
  readonly onReport?: (report: NotebookReport) => void;
  /** Ends the work and the kernel; what was finished is returned. */
  readonly signal?: AbortSignal;
}

const root = fileURLToPath(new URL("../../", import.meta.url)); // from dist/notebook/ as from src/notebook/

/**
 * Execute notebooks, each in a fresh kernel, and write each as one HTML page that needs no network.
 *
 * The notebooks are not changed, unless `save` is set. A notebook that fails leaves the page that was there before, and the others go on.
 *
 * @example
 * const reports = await reportNotebooks({ onProgress: ({ notebook, cell, cells }) => console.log(notebook, cell, cells) });
 * process.exitCode = reports.every(({ ok }) => ok) ? 0 : 1;
 *
 * @throws if a notebook is missing or none, the pages would go to a file, two would share a page, Jupyter is not set up, or executing ends in an unforeseen way.
 */
export async function reportNotebooks(options: ReportOptions = {}): Promise<readonly NotebookReport[]> {
  const notebooks = options.notebooks ?? (await notebooksIn(join(root, "notebooks")));
  const outDir = resolve(options.outDir ?? join(root, "reports"));
  const python = options.python ?? venvPython();
  if (!existsSync(python)) throw new Error(`There is no Python with Jupyter at ${python}; run \`npm run setup\`.`);
  refuseSharedPages(notebooks);
  for (const path of notebooks) await checkNotebook(path);
  if (await isFile(outDir)) throw new Error(`The pages go to a folder; "${outDir}" is a file.`);
  if (notebooks.length === 0 || options.signal?.aborted) return [];
  await mkdir(outDir, { recursive: true });
  return execute(python, notebooks, outDir, options);
}

async function checkNotebook(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (!there) throw new Error(`There is no notebook "${path}".`);
  if (there.isFile() && path.endsWith(".ipynb")) return;
  const what = there.isDirectory()
    ? "a folder; name its notebooks, such as"
    : "no notebook; its name would end in .ipynb, as in";
  throw new Error(`"${path}" is ${what} notebooks/00-start-here.ipynb.`);
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

/** The notebooks of a folder, by name. */
export async function notebooksIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ipynb"));
  return names.sort().map((name) => join(folder, name));
}

/** The Python of the repository's own environment. */
function venvPython(): string {
  return join(root, ".venv", ...(process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"]));
}

function refuseSharedPages(notebooks: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const notebook of notebooks) {
    const name = basename(notebook).toLowerCase(); // some file systems do not tell "A" from "a"
    const other = seen.get(name);
    if (other) throw new Error(`${other} and ${notebook} would be written to the same page; export one at a time.`);
    seen.set(name, notebook);
  }
}

/** One line of execute.py: what changed. */
type Change =
  | { stage: "starting"; notebook?: string; cell: number; cells: number }
  | { stage: "executing"; cell: number }
  | { stage: "writing"; cell: 0 }
  | { stage: "done"; html: string; bytes: number }
  | { stage: "failed"; problem: string; detail: string };

async function execute(
  python: string,
  notebooks: readonly string[],
  outDir: string,
  { onProgress, onReport, signal, save }: ReportOptions,
): Promise<NotebookReport[]> {
  const script = join(root, "src", "notebook", "execute.py");
  // Its standard input stays open while this process lives: when it ends, execute.py ends its kernel and itself.
  const child = spawn(python, [script, ...(save ? ["--save"] : []), outDir, ...notebooks], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((done, fail) => child.on("error", fail).on("close", done));
  ended.catch(() => {}); // thrown where it is awaited, below
  const stop = () => child.stdin.end();
  child.stdin.on("error", () => {}); // it may have ended by itself
  signal?.addEventListener("abort", stop);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });

  const reports: NotebookReport[] = [];
  let began = 0;
  let state = { notebook: "", cell: 0, cells: 0 };
  const finish = (report: NotebookReport) => {
    reports.push(report);
    onReport?.(report);
  };
  const take = (change: Change) => {
    if (change.stage === "starting" && change.notebook !== undefined) began = performance.now();
    const seconds = (performance.now() - began) / 1000;
    const { notebook, cell, cells } = state;
    if (change.stage === "done") {
      finish({ notebook, seconds, ok: true, html: change.html, bytes: change.bytes, cells });
    } else if (change.stage === "failed") {
      finish({ notebook, seconds, ok: false, cell, cells, problem: change.problem, detail: change.detail });
    } else {
      state = { ...state, ...change };
      onProgress?.({ ...state, stage: change.stage, index: reports.length + 1, notebooks: notebooks.length, seconds });
    }
  };

  try {
    for await (const line of createInterface({ input: child.stdout })) take(JSON.parse(line) as Change);
    const code = await ended;
    if (code !== 0 && !signal?.aborted) throw new Error(`Executing notebooks ended with code ${code}.\n${said.trim()}`);
  } finally {
    signal?.removeEventListener("abort", stop);
    stop(); // also when onProgress throws
  }
  return reports;
}
