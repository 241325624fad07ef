import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type NotebookReport, reportNotebooks } from "../../src/notebook/report.js";
import { random } from "../../src/tensors/random.js";
import { limit } from "../limit.js";
import { seed, times } from "../repeat.mjs";
import { browserMissing, launchBrowser, openOffline, slidesAt } from "./browser.js";
import { figuresIn, root } from "./scratch.js";

interface Cell {
  readonly cell_type: string;
  readonly source: string | readonly string[];
  readonly execution_count?: number | null;
  readonly outputs?: readonly { readonly output_type: string; readonly name?: string; readonly data?: object }[];
}

const folder = join(root, "notebooks");
const names = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));
const codeCells = (name: string): readonly Cell[] => {
  const { cells } = JSON.parse(readFileSync(join(folder, name), "utf8")) as { cells: readonly Cell[] };
  return cells.filter(({ cell_type }) => cell_type === "code");
};
const linesOf = ({ source }: Cell): number => [source].flat().join("").split("\n").length;

describe.each(names)("%s as it is committed", (name) => {
  test("is under 1 MB, was run from top to bottom, and shows no error", () => {
    expect(statSync(join(folder, name)).size).toBeLessThan(1e6);
    const cells = codeCells(name);
    expect(cells.map(({ execution_count }) => execution_count)).toEqual(cells.map((_, index) => index + 1));
    const outputs = cells.flatMap((cell) => cell.outputs ?? []);
    expect(outputs.filter((output) => output.output_type === "error" || output.name === "stderr")).toEqual([]);
  });

  test("has short cells and names no path of the machine it was run on", () => {
    expect(
      codeCells(name)
        .map(linesOf)
        .filter((lines) => lines > 15),
    ).toEqual([]);
    expect(readFileSync(join(folder, name), "utf8")).not.toContain(root);
  });
});

/** A folder for copies of notebooks that find data/ and the package beside it, as in the repository, but reports/ of its own. */
async function besideData(scratch: string): Promise<string> {
  for (const name of ["data", "node_modules", "package.json"]) await symlink(join(root, name), join(scratch, name));
  const copies = join(scratch, "notebooks");
  await mkdir(copies);
  return copies;
}

const share = times("cells-again");

/** The notebook with some of its code cells standing there twice, as if they had been run again before going on. */
async function withCellsAgain(name: string, into: string): Promise<{ notebook: string; figures: number }> {
  const notebook = JSON.parse(readFileSync(join(folder, name), "utf8")) as {
    cells: readonly (Cell & { id?: string })[];
  };
  const source = random(seed + names.indexOf(name));
  const cells = notebook.cells.flatMap((cell) => {
    const again = cell.cell_type === "code" && source.integer(1, 100) <= share;
    return again ? [cell, { ...cell, id: `${cell.id}-again` }] : [cell];
  });
  const content = JSON.stringify({ ...notebook, cells });
  const path = join(into, name);
  await writeFile(path, content);
  return { notebook: path, figures: figuresIn(content) };
}

describe(`every notebook, run from top to bottom, ${share} of 100 cells twice in a row`, {
  tags: ["cells-again"],
}, () => {
  let outDir: string;
  let scratch: string;
  let reports: readonly NotebookReport[] = [];
  let copied: readonly { notebook: string; figures: number }[] = [];
  let browser: Browser | undefined;

  beforeAll(async () => {
    outDir = await mkdtemp(join(tmpdir(), "tapescope-reports-"));
    scratch = await mkdtemp(join(tmpdir(), "tapescope-twice-"));
    const copies = await besideData(scratch);
    copied = await Promise.all(names.map((name) => withCellsAgain(name, copies)));
    reports = await reportNotebooks({ outDir, notebooks: copied.map(({ notebook }) => notebook) });
    if (!browserMissing) browser = await launchBrowser();
  }, names.length * limit); // each notebook may take the limit
  afterAll(async () => {
    await browser?.close();
    await rm(outDir, { recursive: true });
    await rm(scratch, { recursive: true });
  });

  test("ends without an error and becomes a page under 8 MB", () => {
    expect(reports.map((report) => (report.ok ? "ok" : `${report.cell}: ${report.detail}`))).toEqual(
      names.map(() => "ok"),
    );
    for (const report of reports) expect(report.ok && report.bytes).toBeLessThan(8e6);
  });

  test("writes its files into the reports/ beside it", () => {
    expect(readdirSync(join(scratch, "reports"))).toEqual(
      expect.arrayContaining(["mean-focus.csv", "memory-and-attention"]),
    );
  });

  test.skipIf(browserMissing).each(names)("%s lives in a browser with the network off", async (name) => {
    const { page, watch } = await openOffline(browser as Browser, { viewport: { width: 1200, height: 900 } });
    await page.goto(pathToFileURL(join(outDir, name.replace(/ipynb$/, "html"))).href);
    await page.waitForSelector("html[data-figures=drawn]");
    const drawn = await page.locator(".report-figure:has(.main-svg)").count();
    expect(drawn).toBe(copied[names.indexOf(name)]?.figures);
    for (const width of [1200, 1280]) expect(await slidesAt(page, width)).toBe(0);
    expect(watch).toEqual({ errors: [], requests: [], dialogs: [] });
    await page.context().close();
  });
});
