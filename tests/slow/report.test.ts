import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type NotebookReport, type ReportProgress, reportNotebooks } from "../../src/notebook/report.js";
import { code, markdown, python, removeFolder, scratchFolder, until, writeNotebook } from "./scratch.js";

let folder: string;
beforeAll(async () => {
  folder = await scratchFolder();
});
afterAll(() => removeFolder(folder));

describe("of several notebooks", () => {
  let reports: readonly NotebookReport[];
  let outDir: string;
  const progress: ReportProgress[] = [];
  const sources = new Map<string, string>();

  beforeAll(async () => {
    const write = (name: string, ...cells: object[]) => writeNotebook(join(folder, name), cells);
    const notebooks = [
      await write("throws.ipynb", code("1 + 1"), markdown("# Words"), code('throw new RangeError("the tape ends");')),
      await write("types.ipynb", code('const width: number = "8";')),
      await write("dies.ipynb", code("process.exit(3)")),
      await write("good.ipynb", markdown("# Good"), code("const x = 1;"), code(""), code('console.log("x", x);')),
      join(folder, "broken.ipynb"),
    ];
    await writeFile(join(folder, "broken.ipynb"), "{");
    for (const path of notebooks) sources.set(path, await readFile(path, "utf8"));
    outDir = join(folder, "pages");
    await mkdir(outDir);
    await writeFile(join(outDir, "throws.html"), "the good page of yesterday");
    reports = await reportNotebooks({ notebooks, outDir, python, onProgress: (event) => progress.push(event) });
  });

  test("each that fails is reported with its cell and its message, and the others go on", () => {
    const seen = reports.map((report) => (report.ok ? "ok" : `${report.cell}/${report.cells} ${report.problem}`));
    expect(seen).toEqual([
      "2/2 RangeError: the tape ends",
      "1/1 CompileError: 1:7 - Type 'string' is not assignable to type 'number'.",
      "1/1 The kernel died.",
      "ok",
      expect.stringContaining("0/0 NotJSONError"),
    ]);
  });

  test("one that fails leaves the page that was there, and no half a page", async () => {
    expect((await readdir(outDir)).sort()).toEqual(["good.html", "throws.html"]);
    expect(await readFile(join(outDir, "throws.html"), "utf8")).toBe("the good page of yesterday");
  });

  test("none is changed on disk", async () => {
    for (const [path, source] of sources) expect(await readFile(path, "utf8")).toBe(source);
  });

  test("one without figures is a small page with the outputs of this run", async () => {
    const page = await readFile(join(outDir, "good.html"), "utf8");
    expect(page).toContain("x 1\n");
    expect(page.length).toBeLessThan(100_000);
  });

  test("each says how far it is: which notebook, which of its code cells, when it writes", () => {
    const good = progress.filter((event) => event.notebook.endsWith("good.ipynb"));
    expect(good.map(({ stage, cell, cells }) => `${stage} ${cell}/${cells}`)).toEqual([
      "starting 0/0",
      "starting 0/2",
      "executing 1/2",
      "executing 2/2",
      "writing 0/2",
    ]);
    expect(new Set(good.map(({ index, notebooks }) => `${index} of ${notebooks}`))).toEqual(new Set(["4 of 5"]));
  });
});

test("that is to be saved keeps its outputs, numbered, and one that fails stays as it was", async () => {
  const good = await writeNotebook(join(folder, "saved.ipynb"), [code("1 + 1"), markdown("# Words"), code("2 + 2")]);
  const bad = await writeNotebook(join(folder, "unsaved.ipynb"), [code("1 + 1"), code("throw new Error('no')")]);
  const before = await readFile(bad, "utf8");
  await reportNotebooks({ notebooks: [good, bad], outDir: folder, python, save: true });
  const { cells } = JSON.parse(await readFile(good, "utf8"));
  expect(cells.map((cell: { execution_count?: number }) => cell.execution_count)).toEqual([1, undefined, 2]);
  expect(cells[2].outputs[0].text.join("")).toBe("4\n");
  expect(cells[2].metadata).toEqual({});
  expect(await readFile(bad, "utf8")).toBe(before);
});

test("two notebooks of one name are refused before anything runs", async () => {
  const notebooks = ["a/copy.ipynb", "b/Copy.ipynb"];
  await expect(reportNotebooks({ notebooks, outDir: folder, python: process.execPath })).rejects.toThrow(/same page/);
});

test("a Python that is not there is an error that says what to run", async () => {
  const options = { notebooks: ["a.ipynb"], outDir: folder, python: join(folder, "no-python") };
  await expect(reportNotebooks(options)).rejects.toThrow(/npm run setup/);
});

test.each([
  ["waits", "await new Promise((done) => setTimeout(done, 600_000));"],
  ["computes", "for (;;) {}"],
])("an abort ends a kernel that %s, and leaves no page", async (name, work) => {
  const pidFile = join(folder, `${name}.pid`);
  const tellPid = `require("fs").writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));`;
  const notebook = await writeNotebook(join(folder, `${name}.ipynb`), [code(`${tellPid}\n${work}`)]);
  const outDir = join(folder, name);
  const stop = new AbortController();
  const reports = reportNotebooks({ notebooks: [notebook], outDir, python, signal: stop.signal });
  await until(() => existsSync(pidFile), "The cell");
  const pid = Number(await readFile(pidFile, "utf8"));
  expect(isAlive(pid)).toBe(true);
  stop.abort();
  expect(await reports).toEqual([]);
  await until(() => !isAlive(pid), "The end of the kernel");
  expect(await readdir(outDir)).toEqual([]);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
