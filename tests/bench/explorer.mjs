// The explorer's page in headless Chromium, on what is in data/: from the page's address to its first figure, from an edit to
// the figures that show it, and tokens stepped through; beside the limits that it should keep, and beside drawing the same
// figures anew with Plotly.newPlot. Usage: node tests/bench/explorer.mjs [DIST]
import { join } from "node:path";
import { chromium } from "playwright-core";
import { browserPath } from "./shared/browser.mjs";
import { median, tell } from "./shared/measure.mjs";

const root = join(import.meta.dirname, "..", "..");
const [dist = join(root, "dist")] = process.argv.slice(2);
const { startServer } = await import(join(dist, "dashboard/server.js"));
const data = join(root, "data");
const limits = { first: 2000, edit: 100, steps: 20 }; // ms, ms, tokens a second
const [rounds, steps, edits] = [3, 24, 10];

const executablePath = browserPath();
if (executablePath) await measure();
else console.error("No Chromium on PATH: no figures of a browser.");

async function measure() {
  const server = await startServer({
    places: { history: join(data, "ttm-multiplication-history"), model: data },
    checkpoints: ["ttm-multiplication.safetensors"],
    ...{ host: "127.0.0.1", port: 0, debug: false, log: () => {} },
  });
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const firsts = [];
    for (let round = 0; round < rounds; round++) firsts.push(await firstView(browser, server.address));
    const first = (kind) => median(firsts.map((one) => one[kind]));
    limited("explorer: first view", "ms", first("time"), limits.first);
    limited("explorer: first view, of the processor's time", "ms", first("cpu"), limits.first);
    for (const view of ["history", "inference"]) {
      const page = await opened(browser, `${server.address}#mode=${view}`);
      await page.evaluate(prepareSteps, "memory after token");
      await page.evaluate(() => globalThis.oursASecond(6));
      let ours = 0;
      const cpu = await processorTime(page, async () => {
        ours = await page.evaluate((count) => globalThis.oursASecond(count), steps);
      });
      const theirs = await page.evaluate((count) => globalThis.theirsASecond(count), steps / 2);
      limited(`explorer: tokens in ${view}`, "/s", ours, limits.steps);
      limited(`explorer: a token in ${view}, of the processor's time`, "ms", cpu / steps, 1000 / limits.steps);
      tell({ name: `explorer: tokens in ${view}`, batch: 1, unit: "/s", ours, peer: "Plotly.newPlot", theirs });
      await page.close();
    }
    const page = await opened(browser, `${server.address}#mode=experiment`);
    await page.evaluate(editTimes, 2);
    let times = [];
    const cpu = await processorTime(page, async () => {
      times = await page.evaluate(editTimes, edits);
    });
    limited("explorer: edit to redrawn figures", "ms", median(times), limits.edit);
    limited("explorer: an edit, seen or not, of the processor's time", "ms", cpu / edits, limits.edit);
  } finally {
    await browser.close();
    await server.close();
  }
}

function limited(name, unit, ours, theirs) {
  tell({ name, batch: 1, unit, ours, peer: "limit", theirs });
}

/** Milliseconds from the beginning of a page to its first figure, and those that its main thread was at work. */
async function firstView(browser, address) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  let time = 0;
  const cpu = await processorTime(page, async () => {
    await page.goto(address);
    await page.locator(".ts-plot .main-svg").first().waitFor({ timeout: 60_000 });
    time = await page.evaluate(() => performance.now());
  });
  await page.close();
  return { time, cpu };
}

/** Milliseconds that a page's main thread works meanwhile: what other work on the machine hardly changes. */
async function processorTime(page, work) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const used = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  };
  const before = await used();
  await work();
  return (await used()) - before;
}

async function opened(browser, address) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await page.goto(address);
  await page.locator(".ts-plot .main-svg").nth(8).waitFor({ timeout: 60_000 });
  await page.waitForTimeout(1500); // what is not seen is drawn as well
  return page;
}

/** In the page: leaves functions that step through tokens and say how many a second; for newPlot, all figures seen are drawn. */
function prepareSteps(beginning) {
  const heatmap = [...document.querySelectorAll(".ts-plot")].find((one) => {
    return one.offsetParent && one.getAttribute("aria-label").startsWith(beginning);
  });
  const seen = [...document.querySelectorAll(".ts-plot")].filter((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return one.offsetParent && bottom > 0 && top < innerHeight;
  });
  const keys = [...Array(3).fill("ArrowRight"), ...Array(3).fill("ArrowLeft")];
  const rate = async (count, step) => {
    const began = performance.now();
    for (let index = 0; index < count; index++) await step(keys[index % keys.length]);
    return (1000 * count) / (performance.now() - began);
  };
  globalThis.oursASecond = (count) =>
    rate(count, async (key) => {
      const drawn = new Promise((done) => heatmap.once("plotly_afterplot", done));
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      await drawn;
    });
  globalThis.theirsASecond = (count) =>
    rate(count, async () => {
      await new Promise((done) => requestAnimationFrame(done));
      for (const { data, layout, clientWidth } of seen) {
        const element = document.createElement("div");
        element.style.cssText = `position:fixed;left:0;top:0;width:${clientWidth}px`;
        document.body.append(element);
        await globalThis.Plotly.newPlot(element, data, layout);
        element.remove();
      }
    });
}

/** In the page: milliseconds from a touch of the brush until all figures that are seen, and the page, show what it changed. */
async function editTimes(count) {
  const cells = document.querySelector(".ts-canvas-cells");
  cells.setPointerCapture = () => {}; // of a pointer that is none
  const { x, y, width, height } = cells.getBoundingClientRect();
  const times = [];
  for (let edit = 0; edit < count; edit++) {
    const figures = [...document.querySelectorAll('.ts-plot[aria-label$="original, edited, difference"]')].filter(
      (one) => {
        return one.getBoundingClientRect().top < innerHeight;
      },
    );
    const place = {
      bubbles: true,
      button: 0,
      clientX: x + width * (0.1 + edit * 0.06),
      clientY: y + height * (count / 20),
    };
    const drawn = Promise.all(figures.map((one) => new Promise((done) => one.once("plotly_afterplot", done))));
    const began = performance.now();
    cells.dispatchEvent(new PointerEvent("pointerdown", place));
    cells.dispatchEvent(new PointerEvent("pointerup", place));
    await drawn;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    times.push(performance.now() - began);
    await new Promise((done) => setTimeout(done, 600)); // what is not seen follows
  }
  return times;
}
