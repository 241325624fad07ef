import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserMissing, launchBrowser, openOffline, openPage } from "./browser.js";
import { code, figuresIn, freePort, python, root, until, writeNotebook } from "./scratch.js";

const notebook = "00-start-here.ipynb";
const token = "test";
let folder: string;
let server: ChildProcess;
let address: string;
let browser: Browser;
let page: Page;

/** The real JupyterLab, on a copy of the notebook and its data, in a real browser. */
beforeAll(async () => {
  if (browserMissing) return;
  await mkdir(join(root, "reports"), { recursive: true });
  folder = await mkdtemp(join(root, "reports", "jupyterlab-")); // inside, where "tapescope" is found
  await mkdir(join(folder, "notebooks"));
  await cp(join(root, "data"), join(folder, "data"), { recursive: true });
  await writeFile(join(folder, "notebooks", notebook), await withoutOutputs(join(root, "notebooks", notebook)));
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  const settings = [
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    `--port=${port}`,
    `--IdentityProvider.token=${token}`,
  ];
  const env = { ...process.env, JUPYTERLAB_SETTINGS_DIR: join(folder, "settings") };
  server = spawn(python, ["-m", "jupyter", "lab", ...settings], {
    cwd: join(folder, "notebooks"),
    stdio: "ignore",
    env,
  });
  await until(
    () =>
      fetch(`${address}/api?token=${token}`).then(
        (a) => a.ok,
        () => false,
      ),
    "JupyterLab's start",
  );
  browser = await launchBrowser();
  page = await openPage(browser, { viewport: { width: 1400, height: 1000 } });
});

afterAll(async () => {
  await browser?.close();
  if (server) {
    server.kill("SIGTERM");
    await once(server, "exit");
  }
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function withoutOutputs(path: string): Promise<string> {
  const content = JSON.parse(await readFile(path, "utf8"));
  for (const cell of content.cells)
    if (cell.cell_type === "code") Object.assign(cell, { outputs: [], execution_count: null });
  return JSON.stringify(content);
}

/** The values that the first heatmap of the n-th figure draws, as Plotly holds them in the page. */
function drawn(figure: number): Promise<number[][]> {
  const plots = page.locator(".jp-OutputArea .js-plotly-plot");
  return plots.nth(figure).evaluate((plot) => {
    const { _fullData } = plot as unknown as { _fullData: { z: ArrayLike<number>[] }[] };
    return Array.from(_fullData[0]?.z ?? [], (row) => Array.from(row));
  });
}

describe.skipIf(browserMissing)("JupyterLab in a browser", () => {
  test("opens the notebook, runs all cells without an error, and draws every figure", async () => {
    await page.goto(`${address}/lab/tree/${notebook}?token=${token}`);
    await page.locator(".jp-NotebookPanel .jp-CodeCell").first().waitFor();
    await page.getByText("TypeScript | Idle").waitFor(); // before its kernel is there, JupyterLab forgets what to run
    await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
    await page.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
    const showing = figuresIn(await readFile(join(root, "notebooks", notebook), "utf8"));
    const figures = () => page.locator(".js-plotly-plot:has(.main-svg)").count();
    const errors = () => page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').allTextContents();
    const settled = async () => (await figures()) === showing || (await errors()).length > 0;
    await until(settled, `${showing} figures`);
    expect(await errors()).toEqual([]);
    await expect.poll(figures).toBe(showing);
  });

  test("runs a changed cell again and shows another figure", async () => {
    const firstVector = async () => (await drawn(0)).slice(0, 8).map((row) => row[0]);
    expect(await firstVector()).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
    const cell = page.locator(".jp-CodeCell", { hasText: '"11000000"' });
    const editor = cell.locator(".cm-content");
    await editor.getByText('"11000000"').dblclick(); // selects the bits
    await page.keyboard.type("01111110");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.press("Shift+Enter"); // the cell below runs the machine and draws
    await expect.poll(firstVector).toEqual([0, 1, 1, 1, 1, 1, 1, 0]);
  });

  test("exports the notebook by its menu as a page that lives with the network off", async () => {
    await page.keyboard.press("Control+s");
    const download = new Promise<Download>((resolve) => {
      page.on("download", resolve);
      page.on("popup", (popup) => popup.on("download", resolve)); // JupyterLab opens a window for it
    });
    await page.locator(".lm-MenuBar-itemLabel", { hasText: /^File$/ }).click();
    await page.locator(".lm-Menu-itemLabel", { hasText: /^Save and Export Notebook As$/ }).hover();
    await page.locator(".lm-Menu-itemLabel", { hasText: /^HTML$/ }).click();
    await page.getByRole("button", { name: "Ok" }).click(); // as it is offered: with HTML in outputs sanitized
    const path = join(folder, "exported.html");
    await (await download).saveAs(path);
    const { page: exported, watch } = await openOffline(browser);
    await exported.goto(pathToFileURL(path).href);
    await exported.waitForSelector("html[data-figures=drawn]");
    const wanted = figuresIn(await readFile(join(root, "notebooks", notebook), "utf8"));
    expect(await exported.locator(".report-figure:has(.main-svg)").count()).toBe(wanted);
    expect(watch).toEqual({ errors: [], requests: [], dialogs: [] });
  });

  test("stops at an error, which begins with its sentence, and runs what is sent by hand as soon as it is shown", async () => {
    const cells = [
      "const slot = 3;",
      'throw new Error("There is no such site.");',
      "console.log({ slot });",
      "console.log(4);",
    ];
    await writeNotebook(
      join(folder, "notebooks", "stops.ipynb"),
      cells.map((cell) => code(cell)),
    );
    await page.goto(`${address}/lab/tree/stops.ipynb?token=${token}&reset`);
    const cell = (number: number) => page.locator(".jp-NotebookPanel .jp-CodeCell").nth(number);
    await cell(3).waitFor();
    await page.getByText("TypeScript | Idle").waitFor();
    await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
    await page.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
    const error = cell(1).locator('[data-mime-type="application/vnd.jupyter.stderr"]');
    await error.waitFor();
    await cell(2).locator(".cm-content").click();
    await page.keyboard.press("Shift+Enter");
    await cell(2).getByText("{ slot: 3 }", { exact: true }).waitFor();
    expect(await error.innerText()).toMatch(/^Error: There is no such site\.\n +at cell \[2\], line 1, column 7$/);
    expect(await cell(3).locator(".jp-OutputArea-output").count()).toBe(0);
    expect(await cell(3).locator(".jp-InputPrompt").innerText()).toBe("[ ]:");
  });
});
