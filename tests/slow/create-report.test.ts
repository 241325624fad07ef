import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { restoreFolder } from "../../src/files/replace-folder.js";
import { type CreatedReport, createReport } from "../../src/notebook/create-report.js";
import type { ReportData } from "../../src/notebook/report-parts.js";
import { htmlTable } from "../../src/notebook/table.js";
import { namedArray } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { limit } from "../limit.js";
import { seed, times } from "../repeat.mjs";
import { browserMissing, launchBrowser, openOffline, slidesAt, type Watch } from "./browser.js";
import { python, removeFolder, root, scratchFolder } from "./scratch.js";

const HOSTILE = `</script><img src=x onerror=alert(1)><a href="javascript:alert(2)">x</a>`;
const clean: Watch = { errors: [], requests: [], dialogs: [] };

const rows = (count: number, length: number): number[][] =>
  Array.from({ length: count }, (_, row) => {
    const raw = Array.from({ length }, (_, column) => Math.exp(2 * Math.sin(3 * row + 5 * column)));
    const sum = raw.reduce((total, value) => total + value);
    return raw.map((value) => value / sum);
  });
const labels = { query: [HOSTILE, "b", "c"], key: ["x", "y", HOSTILE] };
const data: ReportData = {
  attentionWeights: namedArray(HOSTILE, ["query", "key"], [3, 3], rows(3, 3).flat(), labels),
  tokenStateAttention: rows(12, 6),
  stateAttention: rows(6, 6),
  multiHeadAttention: [rows(8, 8), rows(8, 8), rows(8, 8), rows(8, 8)],
  memoryContent: rows(32, 16),
  memoryOverSteps: [rows(16, 8), rows(16, 8), rows(16, 8)],
  importanceScores: rows(1, 32).flat(),
  initialReadWeights: rows(2, 32),
  initialWriteWeights: rows(1, 32),
  finalReadWeights: rows(2, 32),
  finalWriteWeights: rows(1, 32),
  figures: {
    [HOSTILE]: {
      figure: {
        data: [{ type: "bar", x: [HOSTILE], y: [1] }],
        layout: { title: { text: HOSTILE }, height: 300 },
        config: {},
      },
      about: HOSTILE,
    },
  },
  tables: {
    Losses: {
      about: "Three heads.",
      table: [
        { head: "Head 2", loss: 1.23456789 },
        { head: "Head 10", loss: Number.NaN },
        { head: HOSTILE, loss: -0.5 },
      ],
    },
  },
};
const FIGURES = 11;

let folder: string;
let browser: Browser | undefined;
beforeAll(async () => {
  folder = await scratchFolder();
  if (!browserMissing) browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await removeFolder(folder);
});

async function open(path: string, colorScheme: "light" | "dark" = "light"): Promise<{ page: Page; watch: Watch }> {
  const opened = await openOffline(browser as Browser, { colorScheme, viewport: { width: 1300, height: 900 } });
  await opened.page.goto(pathToFileURL(path).href);
  await opened.page.waitForSelector("html[data-figures=drawn]");
  return opened;
}

describe.skipIf(browserMissing)("a report in a browser with no network", () => {
  let report: CreatedReport;
  let index: Awaited<ReturnType<typeof open>>; // its figures take long to draw: opened once for all tests
  beforeAll(async () => {
    report = await createReport(data, join(folder, "report"), { title: HOSTILE });
    index = await open(join(report.directory, "index.html"));
  });

  test.each(["index.html", "report.html"])(
    "%s draws every figure, runs no stranger's script, asks for nothing",
    async (name) => {
      const { page, watch } = name === "index.html" ? index : await open(join(report.directory, name));
      expect(await page.locator(".report-figure:has(.main-svg)").count()).toBe(FIGURES);
      expect(await page.locator(".report-problem").count()).toBe(0);
      expect(await page.title()).toBe(HOSTILE);
      expect(await page.locator(".report-contents a").count()).toBe(FIGURES + 4);
      for (const width of [1300, 1280, 1240, 1200, 700, 390]) {
        expect(await slidesAt(page, width), `${width} pixels wide`).toBe(0);
      }
      expect(watch).toEqual(clean);
      if (page !== index.page) await page.context().close();
    },
  );

  test("each link of the index leads to a file of the report", async () => {
    const links = await index.page
      .locator("main a[href]")
      .evaluateAll((all) => all.map((link) => link.getAttribute("href") as string));
    const paths = links.filter((link) => !link.startsWith("#"));
    expect(paths.length).toBe(2 + 2 * FIGURES + 3);
    for (const path of paths) expect(report.files).toContain(decodeURI(path));
  });

  test("a figure by itself is alive, and dark where the reader's system is dark", async () => {
    const { page, watch } = await open(join(report.directory, "figures/memory-over-the-steps.html"), "dark");
    expect(await page.locator(".report-figure .slider-container").count()).toBe(1);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(17, 17, 17)");
    expect(await page.locator("h1, h2").allTextContents()).toEqual(["Memory over the steps"]);
    expect(watch).toEqual(clean);
    await page.context().close();
  });

  test("a figure's title is the heading above it on the report's pages, and in it where it stands by itself", async () => {
    const titles = async (page: Page): Promise<string[]> => {
      const all = page.locator(".report-figure");
      const found = await all.evaluateAll((figures) =>
        figures.map((figure) => figure.querySelector(".gtitle")?.textContent ?? ""),
      );
      await expect.poll(() => page.getByRole("figure", { name: "Memory content", exact: true }).count()).toBe(1);
      return found;
    };
    expect((await titles(index.page)).filter((title) => title === "Memory content")).toEqual([]);
    const { page } = await open(join(report.directory, "figures/memory-content.html"));
    expect(await titles(page)).toEqual(["Memory content"]);
    await page.context().close();
    expect(await readFile(join(report.directory, "figures/memory-content.svg"), "utf8")).toContain(">Memory content<");
  });

  test("every figure has a picture on white that a browser reads as SVG", async () => {
    expect(report.notes).toEqual([]);
    const pictures = report.files.filter((path) => path.endsWith(".svg"));
    expect(pictures.length).toBe(FIGURES);
    const { page, watch } = await openOffline(browser as Browser);
    for (const path of pictures) {
      await page.goto(pathToFileURL(join(report.directory, path)).href);
      const found = await page.evaluate(() => ({
        root: document.documentElement.localName,
        ground: document.querySelector("rect")?.style.fill,
        marks: document.querySelectorAll("image, path, text").length,
        scripts: document.querySelectorAll("script, a[*|href^=javascript]").length,
      }));
      expect(found).toMatchObject({ root: "svg", ground: "rgb(255, 255, 255)", scripts: 0 });
      expect(found.marks, path).toBeGreaterThan(3);
    }
    expect(watch).toEqual(clean);
    await page.context().close();
  });

  test("a plain figure of Plotly's has its titles, also where they were given as texts", async () => {
    const figure = { data: [{ y: Float32Array.of(1, 4) }], layout: { title: "Squares", xaxis: { title: "Number" } } };
    const plain = await createReport({ figures: { plain: { figure, about: "" } } }, join(folder, "plain"));
    const { page } = await open(join(plain.directory, "index.html"));
    expect(await page.locator(".gtitle, .xtitle").allTextContents()).toEqual(["Squares", "Number"]);
    expect(await page.locator(".scatterlayer .point").count()).toBe(2);
    await page.context().close();
  });

  test("a browser that ends costs only the pictures, and the report says so", async () => {
    const figure = { data: [{ type: "bar", y: [1] }], layout: { title: { text: "" }, height: 300 }, config: {} };
    vi.stubEnv("TAPESCOPE_BROWSER", process.execPath); // a program, but no browser
    const broken = await createReport({ figures: { a: { figure, about: "" } } }, join(folder, "broken"));
    vi.unstubAllEnvs();
    expect(broken.notes).toEqual([expect.stringMatching(/^No static picture of "a": the browser ended/)]);
    expect(broken.files).toContain("figures/a.html");
    expect(broken.files).not.toContain("figures/a.svg");
  });
});

describe.skipIf(browserMissing)("a table in a browser", () => {
  const frame = {
    columns: ["head", "loss"],
    index: [0, 1, 2, 3],
    values: [
      ["Head 10", 1.23449],
      ["Head 9", Number.NaN],
      ["Head 1", 1.23441],
      ["Head 2", 20],
    ],
  };
  let page: Page;
  let watch: Watch;
  beforeAll(async () => {
    ({ page, watch } = await openOffline(browser as Browser, { acceptDownloads: true }));
    await page.setContent("<!DOCTYPE html><body></body>");
    await page.evaluate((html) => {
      for (let copy = 0; copy < 2; copy++) {
        const host = document.createElement("div");
        host.innerHTML = html; // as JupyterLab does
        document.body.append(host);
      }
    }, htmlTable(frame));
  });
  const heads = (table: number) => page.locator("table").nth(table).locator("[role=rowheader]").allTextContents();
  const press = (table: number, name: string) =>
    page.locator("table").nth(table).getByRole("button", { name, exact: true }).click();

  test("sorts numbers as numbers and in full, NaN last both ways, then as it was; another table stays", async () => {
    await press(0, "loss");
    expect(await heads(0)).toEqual(["2", "0", "3", "1"]);
    expect(await heads(1)).toEqual(["0", "1", "2", "3"]);
    await press(0, "loss");
    expect(await heads(0)).toEqual(["3", "0", "2", "1"]);
    await press(0, "loss");
    expect(await heads(0)).toEqual(["0", "1", "2", "3"]);
  });

  test("sorts text as people count, by keyboard too, and says how it is sorted", async () => {
    const sorted = () =>
      page
        .locator("table")
        .nth(1)
        .locator("[role=columnheader]")
        .evaluateAll((all) => all.map((head) => head.getAttribute("aria-sort")));
    await page.locator("table").nth(1).getByRole("button", { name: "#" }).focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await heads(1)).toEqual(["2", "3", "1", "0"]);
    expect(await sorted()).toEqual(["none", "ascending", "none"]);
    await page.keyboard.press("Space");
    expect(await heads(1)).toEqual(["0", "1", "3", "2"]);
    await press(1, "loss");
    expect(await sorted()).toEqual(["none", "none", "ascending"]);
    await press(1, "#");
    expect(await heads(1)).toEqual(["0", "1", "2", "3"]);
  });

  test("is saved as CSV in its own order, and leaves no name behind", async () => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "CSV" }).first().click(),
    ]);
    expect(download.suggestedFilename()).toBe("table.csv");
    const csv = await readFile(await download.path(), "utf8");
    expect(csv).toBe("head,loss\r\nHead 10,1.23449\r\nHead 9,NaN\r\nHead 1,1.23441\r\nHead 2,20\r\n");
    const untouched = await page.evaluate(() => {
      const frame = document.createElement("iframe");
      document.body.append(frame);
      const known = Object.keys(frame.contentWindow as object);
      return Object.keys(window).filter((name) => !known.includes(name) && name !== "0");
    });
    expect(untouched).toEqual([]);
    expect(watch).toEqual(clean);
  });
});

test("a table that JupyterLab's export has sanitized shows its cells and no source of what sorted it", () => {
  const html = htmlTable({ columns: ["head"], index: [0, 1], values: [["a & b"], [1.23456]] });
  const program = "import sys; from nbconvert.filters.strings import clean_html; print(clean_html(sys.stdin.read()))";
  const left = execFileSync(python, ["-c", program], { input: html, encoding: "utf8", timeout: limit });
  const rows = left.replace(/&lt;\/?tbody&gt;/g, ""); // a parser's own addition
  const cells = [...rows.matchAll(/<td>(.*?)<\/td>/gs)].map(([, cell]) => cell?.replace(/<[^>]*>/g, ""));
  expect(cells).toEqual(["#", "head", "0", "a &#38; b", "1", "1.235"]);
  expect(left).not.toMatch(/&lt;(?!\/?tbody)|sortTable|style/);
});

const kills = times("kills");
test(`a process that is killed at ${kills} moments leaves a whole report, the old or the new`, {
  tags: ["kills"],
}, async () => {
  const directory = join(folder, "killed");
  const program = `
    import { createReport } from ${JSON.stringify(pathToFileURL(join(root, "dist/notebook/create-report.js")).href)};
    for (let count = 0; ; count++) {
      const parts = count % 2 ? { memoryContent: [[1, 2]] } : { attentionWeights: [[0.5, 0.5]], importanceScores: [1, 2] };
      await createReport(parts, ${JSON.stringify(directory)}, { title: "number " + count });
      console.log(count);
    }`;
  const source = random(seed + 13);
  for (let kill = 0; kill < kills; kill++) {
    const wait = 100 * source.uniform();
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      env: { ...process.env, PATH: "", TAPESCOPE_BROWSER: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await new Promise((done) => setTimeout(done, wait));
    child.kill("SIGKILL");
    await once(child, "close");
    if (!existsSync(directory)) await restoreFolder(directory); // as the next createReport does
    const manifest = JSON.parse(await readFile(join(directory, "manifest.json"), "utf8"));
    expect(await readFile(join(directory, "index.html"), "utf8")).toContain(`<title>${manifest.title}</title>`);
    const found = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    expect(found.length).toBe(manifest.files.length + 1);
    for (const { path, sha256 } of manifest.files) {
      const sum = createHash("sha256")
        .update(await readFile(join(directory, path)))
        .digest("hex");
      expect({ path, sum }).toEqual({ path, sum: sha256 });
    }
  }
});
