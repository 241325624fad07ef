import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCheckpoint } from "../../src/files/checkpoint-file.js";
import { historyFolder } from "../../src/files/folder-storage.js";
import { run, series } from "../../src/model/run.js";
import { EXPLORER_MIME } from "../../src/notebook/explorer.js";
import { reportNotebooks } from "../../src/notebook/report.js";
import { taskInputOf } from "../../src/tasks/typed-tasks.js";
import { useBackend } from "../../src/tensors/backend.js";
import { select } from "../../src/tensors/named-array.js";
import { type History, openHistory } from "../../src/tracker/history.js";
import { limit } from "../limit.js";
import { browserMissing, launchBrowser, openOffline, openPage } from "./browser.js";
import { code, display, freePort, python, root, until, writeNotebook } from "./scratch.js";

const tiny = ["--controller", "feedforward-8", "--slots", "6", "--word", "5", "--bits", "2", "--lengths", "2-3"];
const token = "test";
let folder: string;
let notebook: string;
let page: string;
let plainPage: string;
let history: History;
let browser: Browser;

/** A short training with its history; a notebook that shows both, and one that shows neither, executed and exported. */
beforeAll(async () => {
  await mkdir(join(root, "reports"), { recursive: true });
  folder = await mkdtemp(join(root, "reports", "explorer-")); // inside, where "tapescope" is found
  const train = ["train", "copy", "--out", "ntm.safetensors", "--history", "history", "--sampling-rate", "1"];
  await promisify(execFile)(
    process.execPath,
    [join(root, "src/cli/tapescope.mjs"), ...train, ...tiny, "--updates", "20", "--epoch", "5"],
    { timeout: limit, cwd: folder, env: { ...process.env, TAPESCOPE_BACKEND: "cpu" } },
  );
  history = await openHistory(historyFolder(join(folder, "history")));
  notebook = await writeNotebook(join(folder, "explored.ipynb"), [
    code(
      'import { explorer, show, useBackend } from "tapescope";\nawait useBackend();\n' +
        'const explored = await explorer({ history: "history", checkpoint: "ntm.safetensors" });\n' +
        'show(explored.about + "; " + explored.bytes + " bytes");',
    ),
    code("show(explored);"),
    code("show(explored);"),
  ]);
  const plain = await writeNotebook(join(folder, "plain.ipynb"), [code("1 + 1")]);
  const reports = await reportNotebooks({ notebooks: [notebook, plain], outDir: folder, python, save: true });
  const pageOf = (index: number): string => {
    const report = reports[index];
    if (!report?.ok) throw new Error(report?.detail);
    return report.html;
  };
  [page, plainPage] = [pageOf(0), pageOf(1)];
  if (!browserMissing) browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const sorted = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);

/** The numbers that the memory's heatmap of a page draws after a token, as Plotly holds them. */
async function memoryDrawn(explored: Locator, step: number): Promise<number[]> {
  const plot = explored.getByRole("img", { name: new RegExp(`^memory after token ${step}:`) });
  await plot.locator(".main-svg").first().waitFor();
  const values = await plot.evaluate((element) => {
    const { _fullData } = element as unknown as { _fullData: { z: ArrayLike<number>[] }[] };
    return Array.from(_fullData[0]?.z ?? []).flatMap((row) => Array.from(row));
  });
  return sorted(values.map(Math.fround));
}

/** What the library says of it: the newest epoch's first batch, first sequence. */
async function memoryRecorded(step: number): Promise<number[]> {
  const epoch = history.getAvailableEpochs().at(-1) as number;
  const batch = history.getAvailableBatches(epoch)[0] as number;
  const { data, shape } = await history.getState(epoch, batch, step, "memory");
  return sorted(data.subarray(0, data.length / (shape[0] as number)));
}

/** What the library makes of an input that was typed: the memory after a token. */
async function memoryOfRun(text: string, step: number): Promise<number[]> {
  await useBackend("cpu");
  const checkpoint = await loadCheckpoint(join(folder, "ntm.safetensors"));
  const { inputs } = taskInputOf(checkpoint).read(text, checkpoint).batch;
  const result = run(checkpoint.model, checkpoint.parameters, inputs, { record: ["memory"] });
  return sorted(select(series(result, "memory"), { step }).data);
}

/** Wait until the memory's heatmap after a token shows these numbers. */
async function drawsMemory(explored: Locator, step: number, wanted: readonly number[]): Promise<void> {
  const difference = async (): Promise<number> => {
    const drawn = await memoryDrawn(explored, step);
    if (drawn.length !== wanted.length) return Number.POSITIVE_INFINITY;
    return Math.max(...drawn.map((value, index) => Math.abs(value - (wanted[index] as number))));
  };
  await expect.poll(difference).toBeLessThan(1e-5); // a figure follows in the next frame
}

/** The page is alive: it draws the right numbers, other right ones after a key was pressed, and runs the model right. */
async function expectAlive(explored: Locator): Promise<void> {
  await drawsMemory(explored, 0, await memoryRecorded(0));
  await explored.getByRole("slider", { name: /^Token/ }).press("ArrowRight");
  await drawsMemory(explored, 1, await memoryRecorded(1));
  expect(await memoryRecorded(1)).not.toEqual(await memoryRecorded(0));
  await explored.getByRole("tab", { name: "Inference" }).click();
  await explored.getByRole("textbox", { name: "Input" }).fill("10\n11\n01");
  await explored.getByRole("button", { name: "Run inference" }).click();
  await drawsMemory(explored, 1, await memoryOfRun("10\n11\n01", 1));
}

test("the saved notebook holds the data and no script, says how to see them, and is small", async () => {
  const saved = await readFile(notebook, "utf8");
  type Output = { readonly data: Readonly<Record<string, unknown>> };
  const cells = JSON.parse(saved).cells as { readonly outputs: readonly Output[] }[];
  const [told, explored] = cells.flatMap(({ outputs }) => outputs);
  const text = (output: Output | undefined, type: string): string => [output?.data[type]].flat().join(""); // or lines
  expect(text(told, "text/plain")).toMatch(/^Explorer of the history of ntm at epochs .* and the checkpoint ntm/);
  expect(text(explored, "text/html")).toContain("<code>npm start</code>");
  expect(explored?.data[EXPLORER_MIME]).toMatchObject({ version: 1, checkpoints: [{ name: "ntm.safetensors" }] });
  const script = await readFile(join(root, "dist/explorer-page/explorer.js"), "utf8");
  expect(saved).not.toContain(JSON.stringify(script.slice(0, 200)).slice(1, -1));
  expect((await stat(notebook)).size).toBeLessThan(1e6);
});

test("the export has the page's script, its style and plotly.js inlined once, for two explorers", async () => {
  const html = await readFile(page, "utf8");
  for (const path of [
    "dist/explorer-page/explorer.js",
    "dist/explorer-page/explorer.css",
    "node_modules/plotly.js-dist-min/plotly.min.js",
  ]) {
    const content = (await readFile(join(root, path), "utf8")).trim();
    expect({ path, times: html.split(content).length - 1 }).toEqual({ path, times: 1 });
  }
  expect(html.split('class="report-explorer').length - 1).toBe(2);
});

test("a page without an explorer has none of the explorer's script", async () => {
  expect(await readFile(plainPage, "utf8")).not.toContain("tapescopeExplorer=");
});

test("the page's script can stand in a document: nothing in it ends a script or begins a comment", async () => {
  const script = await readFile(join(root, "dist/explorer-page/explorer.js"), "utf8");
  expect(script).not.toMatch(/<\/script|<!--|<script/i);
  expect(await readFile(join(root, "dist/explorer-page/explorer.css"), "utf8")).not.toMatch(/<\/style/i);
});

describe.skipIf(browserMissing)("the exported page, with the network off", () => {
  test.each(["light", "dark"] as const)("is alive, twice, each by itself, %s", async (colorScheme) => {
    const { page: opened, watch } = await openOffline(browser, {
      viewport: { width: 1400, height: 1000 },
      colorScheme,
    });
    await opened.goto(pathToFileURL(page).href);
    const explored = opened.locator(".report-explorer");
    await expectAlive(explored.first());
    await drawsMemory(explored.nth(1), 0, await memoryRecorded(0));
    expect(new URL(opened.url()).hash).toBe(""); // it is the report's, not the explorer's
    expect(watch).toEqual({ errors: [], requests: [], dialogs: [] });
    await opened.context().close();
  });

  test("says in its place what cannot be shown, and runs nothing that stands in a stranger's output", async () => {
    const hostile = "</script><img src=x onerror=alert(1)><!--<script>alert(2)</script>";
    const outputs = [
      { version: 1, history: { [hostile]: hostile }, checkpoints: [] },
      { version: 1, checkpoints: [{ name: hostile, base64: "AAAA" }] },
      { version: hostile },
      hostile,
    ].map((bundle) => display({ [EXPLORER_MIME]: bundle }));
    const strange = await writeNotebook(join(folder, "strange.ipynb"), [code("// nothing", outputs)]);
    const convert = ["-m", "nbconvert", "--to", "html", "--template", "tapescope", "--log-level", "ERROR", strange];
    await promisify(execFile)(python, convert, {
      timeout: limit,
      env: { ...process.env, JUPYTER_PREFER_ENV_PATH: "1" },
    });
    const { page: opened, watch } = await openOffline(browser);
    await opened.goto(pathToFileURL(strange.replace(".ipynb", ".html")).href);
    await opened.waitForSelector("html[data-figures=drawn]");
    const problems = opened.locator(".report-explorer .report-problem");
    expect(await problems.allTextContents()).toEqual([
      expect.stringMatching(/^The explorer could not be shown: The data of "<\/script>.* are damaged/),
      ...Array(2).fill(expect.stringMatching(/^The explorer could not be shown: .*another version of tapescope/)),
    ]);
    expect({ requests: watch.requests, dialogs: watch.dialogs }).toEqual({ requests: [], dialogs: [] });
    await opened.context().close();
  });
});

describe.skipIf(browserMissing)("JupyterLab", () => {
  let server: ChildProcess;
  let address: string;
  let opened: Page; // the last test goes on in the page that the one before it opened

  beforeAll(async () => {
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    const settings = ["--no-browser", "--allow-root", "--ip=127.0.0.1", `--port=${port}`];
    const env = { ...process.env, JUPYTERLAB_SETTINGS_DIR: join(folder, "settings"), JUPYTER_PREFER_ENV_PATH: "1" };
    server = spawn(python, ["-m", "jupyter", "lab", ...settings, `--IdentityProvider.token=${token}`], {
      cwd: folder,
      stdio: "ignore",
      env,
    });
    const answers = () =>
      fetch(`${address}/api?token=${token}`).then(
        (answer) => answer.ok,
        () => false,
      );
    await until(answers, "JupyterLab's start");
  });
  afterAll(async () => {
    server?.kill("SIGTERM");
    if (server) await once(server, "exit");
  });

  /** JupyterLab with the saved notebook, instead of the page that was open. @returns what will go wrong in it */
  async function open(theme: string): Promise<string[]> {
    const place = join(folder, "settings", "@jupyterlab", "apputils-extension");
    await mkdir(place, { recursive: true });
    await writeFile(join(place, "themes.jupyterlab-settings"), JSON.stringify({ theme }));
    await opened?.context().close();
    opened = await openPage(browser, { viewport: { width: 1500, height: 1200 } });
    const problems: string[] = [];
    opened.on("pageerror", (error) => problems.push(String(error)));
    await opened.goto(`${address}/lab/tree/explored.ipynb?token=${token}`);
    return problems;
  }

  test.each([
    ["JupyterLab Dark", "rgb(22, 24, 27)"],
    ["JupyterLab Light", "rgb(255, 255, 255)"],
  ])("shows the saved notebook's page alive, in the theme %s", async (theme, paper) => {
    const problems = await open(theme);
    const explored = opened.locator(".jp-OutputArea .ts-explorer").first();
    await explored.scrollIntoViewIfNeeded();
    await expectAlive(explored);
    expect(await explored.evaluate((element) => getComputedStyle(element).backgroundColor)).toBe(paper);
    expect(problems).toEqual([]);
  });

  test("shows it in a cell that runs, and again after the notebook was saved and opened anew", async () => {
    await opened.locator(".jp-NotebookPanel .jp-CodeCell").first().scrollIntoViewIfNeeded();
    await opened.getByText("TypeScript | Idle").waitFor(); // before its kernel is there, JupyterLab forgets what to run
    await opened.locator(".lm-MenuBar-itemLabel", { hasText: /^Edit$/ }).click();
    await opened.locator(".lm-Menu-itemLabel", { hasText: /^Clear Outputs of All Cells$/ }).click();
    await opened.locator(".jp-OutputArea .ts-explorer").first().waitFor({ state: "detached" });
    await opened.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
    await opened.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
    const explored = opened.locator(".jp-OutputArea .ts-explorer").first();
    await explored.waitFor();
    await explored.scrollIntoViewIfNeeded();
    await expectAlive(explored);
    const before = (await stat(notebook)).mtimeMs;
    await opened.locator(".jp-CodeCell .cm-content").first().click(); // in an output, JupyterLab leaves all keys alone
    await opened.keyboard.press("Control+s");
    await until(async () => (await stat(notebook)).mtimeMs > before, "saving");
    await opened.reload();
    await opened.locator(".jp-OutputArea .ts-explorer").first().scrollIntoViewIfNeeded();
    await expectAlive(opened.locator(".jp-OutputArea .ts-explorer").first());
  });
});
