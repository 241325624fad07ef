import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportNotebooks } from "../../src/notebook/report.js";
import { limit } from "../limit.js";
import { browserMissing, launchBrowser, openOffline, slidesAt, type Watch } from "./browser.js";
import * as scratch from "./scratch.js";
import { code, display, freePort, markdown, PLOTLY, python, root, until, writeNotebook } from "./scratch.js";

let folder: string;
let browser: Browser | undefined;
beforeAll(async () => {
  folder = await scratch.scratchFolder();
  if (!browserMissing) browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await scratch.removeFolder(folder);
});

/** A page opened from its file in the one browser, with its figures drawn. */
async function openPage(path: string): Promise<{ page: Page; watch: Watch }> {
  const opened = await openOffline(browser as Browser, { viewport: { width: 1400, height: 900 } });
  await opened.page.goto(pathToFileURL(path).href);
  await opened.page.waitForSelector("html[data-figures=drawn]");
  return opened;
}

const drawnFigures = (page: Page) => page.locator(".report-figure:has(.main-svg)").count();
const clean: Watch = { errors: [], requests: [], dialogs: [] };

const steps = [0, 1, 2, 3];
const z = (step: number) => steps.map((row) => [0, 1, 2].map((column) => Number(row === step) + column / 10));
const jump = { mode: "immediate", frame: { duration: 0, redraw: true }, transition: { duration: 0 } };
const heatmap = {
  data: [{ type: "heatmap", z: z(0) }],
  layout: {
    title: { text: "Write weights" },
    height: 420,
    sliders: [{ steps: steps.map((step) => ({ label: `${step}`, method: "animate", args: [[`${step}`], jump] })) }],
  },
  frames: steps.map((step) => ({ name: `${step}`, data: [{ z: z(step) }], traces: [0] })),
};
const typed = Buffer.from(Float32Array.of(1, 2, 4).buffer).toString("base64");
const curve = {
  data: [{ type: "scatter", y: { dtype: "f4", bdata: typed, shape: "3" } }],
  layout: { title: { text: "Loss" } },
  config: { showSendToCloud: true },
};

describe("the page of an executed notebook", () => {
  let path: string;
  let page: Page;
  let watch: Watch;

  beforeAll(async () => {
    const draw = `const jupyter = require("tslab/dist/jupyter");
const draw = (figure: object) =>
  jupyter.lastWriteDisplayData({ data: { "${PLOTLY}": figure, "text/plain": "-" }, metadata: {}, transient: {} }, false);`;
    const notebook = await writeNotebook(join(folder, "copy.ipynb"), [
      markdown("# Copying with a *tape*\n\nWeights $w_t$ sum to one: $$\\sum_i w_t(i) = 1$$"),
      code(draw),
      markdown("## Weights"),
      code(`draw(${JSON.stringify(heatmap)});`),
      markdown("## Weights\n\nAgain."),
      code(`draw(${JSON.stringify(curve)});`),
    ]);
    const [report] = await reportNotebooks({ notebooks: [notebook], outDir: join(folder, "pages"), python });
    if (!report?.ok) throw new Error(report?.detail);
    path = report.html;
    if (browser) ({ page, watch } = await openPage(path));
  });

  test("has plotly.js inlined once, is below 8 MB, and names no place of this machine", async () => {
    const html = await readFile(path, "utf8");
    const library = (await readFile(join(root, "node_modules/plotly.js-dist-min/plotly.min.js"), "utf8")).trim();
    const own = html.split(library);
    expect(own.length).toBe(2);
    expect(html.length).toBeLessThan(8e6);
    for (const place of [folder, root, "unpkg", "jsdelivr", "cdnjs"]) expect(own.join("")).not.toContain(place);
    expect(html).toContain("<title>Copying with a tape</title>");
    expect(html).toContain('<html lang="en">');
  });

  describe.skipIf(browserMissing)("in a browser with no network", () => {
    test("draws every figure and formula, asks for nothing and complains about nothing", async () => {
      expect(await drawnFigures(page)).toBe(2);
      expect(await page.locator(".report-figure").first().getAttribute("aria-label")).toBe("Write weights");
      expect(await page.locator("math").count()).toBe(2);
      const buttons = await page.locator(".modebar-btn").evaluateAll((all) => all.map(({ dataset }) => dataset.title));
      expect(buttons).toContain("Zoom");
      expect(buttons.join()).not.toMatch(/cloud|chart studio|edit/i);
      expect(watch).toEqual(clean);
    });

    test("has figures that live: a pointer shows values, the slider moves the heatmap", async () => {
      const figure = page.locator(".report-figure").first();
      await figure.scrollIntoViewIfNeeded();
      const cells = () =>
        figure.locator(".heatmaplayer image").evaluate((image: SVGImageElement) => image.href.baseVal);
      const before = await cells();
      await figure.locator(".nsewdrag").hover();
      await expect.poll(() => figure.locator(".hoverlayer .hovertext").count()).toBeGreaterThan(0);
      const rail = await figure.locator(".slider-rail-touch-rect").boundingBox();
      if (!rail) throw new Error("The figure has no slider.");
      await page.mouse.click(rail.x + rail.width - 4, rail.y + rail.height / 2);
      await expect.poll(cells).not.toBe(before);
    });

    test("folds its code, one cell or all of it, by mouse and by keyboard", async () => {
      const open = () =>
        page.locator("details.report-code").evaluateAll((all) => all.map((cell) => cell.matches("[open]")));
      expect(await open()).toEqual([true, true, true]);
      await page.getByRole("button", { name: "Hide all code" }).click();
      expect(await open()).toEqual([false, false, false]);
      await page.locator(".report-code summary").nth(1).focus();
      await page.keyboard.press("Enter");
      expect(await open()).toEqual([false, true, false]);
      await page.getByRole("button", { name: "Hide all code" }).click();
      await page.getByRole("button", { name: "Show all code" }).click();
      expect(await open()).toEqual([true, true, true]);
    });

    test.each([1400, 900])("has contents that lead to each heading, %i pixels wide", async (width) => {
      await page.setViewportSize({ width, height: 900 });
      const links = page.locator(".report-contents a");
      const targets = await links.evaluateAll((all) =>
        all.map((link) => document.getElementById(decodeURIComponent(link.getAttribute("href")?.slice(1) ?? ""))),
      );
      expect(targets).not.toContain(null);
      const addresses = await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")));
      expect(new Set(addresses).size).toBe(3); // two headings have the same words
      expect(await links.allTextContents()).toEqual(["Copying with a tape", "Weights", "Weights"]);
      // The page follows its width a moment later.
      await expect.poll(() => links.last().isVisible()).toBe(width === 1400);
      if (width === 900) await page.locator(".report-contents summary").click();
      await page.evaluate(() => scrollTo(0, 0));
      await links.last().click();
      const heading = page.getByRole("heading", { name: "Weights" }).last();
      await expect.poll(() => heading.evaluate((h) => h.getBoundingClientRect().top < innerHeight)).toBe(true);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    });

    test.each([390, 1200, 1240, 1280])("slides to no side in a window of %i pixels", async (width) => {
      expect(await slidesAt(page, width)).toBe(0);
    });

    test("is dark where the reader's system is dark, and light and without controls on paper", async () => {
      const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await background()).toBe("rgb(17, 17, 17)");
      await page.emulateMedia({ colorScheme: "dark", media: "print" });
      expect(await background()).toBe("rgb(255, 255, 255)");
      expect(await page.locator(".report-tools").isVisible()).toBe(false);
      const heights = () => page.locator(".report-plot").evaluateAll((all) => all.map((plot) => plot.clientHeight));
      await expect.poll(async () => Math.min(...(await heights()))).toBeGreaterThan(200); // also after the window changed
      expect(watch).toEqual(clean); // after all that was done above
    });
  });
});

describe("the page of a stranger's notebook, as it is", () => {
  const HOSTILE = "</script><img src=x onerror=alert(1)><!--<script>alert(2)</script>";
  const token = randomBytes(16).toString("hex");
  const name = "stranger's & <b>.ipynb";
  let server: ChildProcess | undefined;

  beforeAll(async () => {
    const layout = { title: { text: HOSTILE }, xaxis: { title: { text: HOSTILE } }, height: '"><b onclick=' };
    const outputs = [
      display({ [PLOTLY]: { data: [{ type: "bar", x: [HOSTILE, "b"], y: [1, 2] }], layout }, "text/html": "not this" }),
      display({ [PLOTLY]: heatmap, "text/plain": "figure" }),
      display({ [PLOTLY]: { data: "nothing that can be drawn" }, "text/plain": "figure" }),
      display({ "application/x-unknown+json": { a: 1 }, "text/plain": `plain ${HOSTILE}` }),
      display({ "text/vnd.mermaid": HOSTILE }),
      display({ [HOSTILE]: "x" }),
      { output_type: "stream", name: "stdout", text: HOSTILE },
      { output_type: "error", ename: "E", evalue: HOSTILE, traceback: [HOSTILE] },
    ];
    const cells = [
      markdown(`# About \`${HOSTILE}\`\n\n## Second \`${HOSTILE}\``),
      code(`const text = ${JSON.stringify(HOSTILE)};`, outputs, { tags: ['"><script>alert(3)</script>'] }),
    ];
    const widgets = { "application/vnd.jupyter.widget-state+json": { state: { [HOSTILE]: {} } } };
    await writeNotebook(join(folder, name), cells, { title: HOSTILE, authors: [{ name: HOSTILE }], widgets });

    const to = join(folder, "command.html");
    execFileSync(python, ["-m", "nbconvert", "--to", "html", "--output", to, join(folder, name)], {
      stdio: "ignore",
      timeout: limit,
    });
    // JupyterLab's menu "Save and Export Notebook As → HTML" asks its server for this address.
    const url = await startJupyterLab();
    const answer = await fetch(`${url}/nbconvert/html/${encodeURIComponent(name)}?download=false&token=${token}`);
    expect(answer.status).toBe(200);
    await writeFile(join(folder, "server.html"), await answer.text());
  });
  afterAll(() => {
    server?.kill();
  });

  /** JupyterLab's server on this machine only, with no settings but those of the environment that set-up made. */
  async function startJupyterLab(): Promise<string> {
    const port = await freePort();
    const serve = [
      `--port=${port}`,
      "--ip=127.0.0.1",
      "--no-browser",
      "--allow-root",
      `--ServerApp.root_dir=${folder}`,
    ];
    const homes = ["CONFIG", "DATA", "RUNTIME"].map((kind) => [`JUPYTER_${kind}_DIR`, join(folder, ".jupyter", kind)]);
    server = spawn(python, ["-m", "jupyterlab", ...serve, `--IdentityProvider.token=${token}`], {
      stdio: "ignore",
      env: { ...process.env, ...Object.fromEntries(homes) },
    });
    const url = `http://127.0.0.1:${port}`;
    const answers = async () =>
      (await fetch(`${url}/api/status?token=${token}`).catch(() => undefined))?.status === 200;
    await until(answers, "JupyterLab's first answer");
    return url;
  }

  test("is the same from the command line and from JupyterLab's menu", async () => {
    const read = (from: string) => readFile(join(folder, `${from}.html`), "utf8");
    expect((await read("server")) === (await read("command"))).toBe(true);
  });

  test.skipIf(browserMissing)("shows its words and runs none of them", async () => {
    const { page, watch } = await openPage(join(folder, "server.html"));
    expect(await page.title()).toBe(`About ${HOSTILE}`);
    expect(await page.locator(".report-figure").count()).toBe(3);
    expect(await drawnFigures(page)).toBe(2);
    expect(await page.locator(".report-problem").allTextContents()).toEqual([
      "This figure could not be drawn: it has no list of data.",
      `This output has no form that a page can show: ${HOSTILE}.`,
    ]);
    expect(await page.getByText(`plain ${HOSTILE}`).count()).toBe(1);
    await page.waitForTimeout(500);
    expect(watch).toEqual(clean);
  });
});
