import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rowFocus } from "../../src/analysis/entropy.js";
import { meanOver } from "../../src/analysis/means.js";
import { startServer } from "../../src/dashboard/server.js";
import { histogram } from "../../src/figures/histogram.js";
import { historyFolder } from "../../src/files/folder-storage.js";
import { ntm } from "../../src/model/ntm.js";
import { ttm } from "../../src/model/ttm.js";
import { copyTask } from "../../src/tasks/copy.js";
import { multiplicationTask } from "../../src/tasks/multiplication.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, select } from "../../src/tensors/named-array.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { type History, openHistory } from "../../src/tracker/history.js";
import { stateTracker } from "../../src/tracker/state-tracker.js";
import { adam } from "../../src/training/optimizers.js";
import { type Training, train } from "../../src/training/train.js";
import { browserMissing, launchBrowser, openPage } from "./browser.js";

const sizes = { tokens: 1, symbols: 13, outputs: 10, features: 8, slots: 5, read: 3, layers: 2, heads: 2, hidden: 8 };
const learning = { optimizer: adam(), clip: { by: "norm", limit: 1 }, seed: 1, batch: 4 } as const;
const multiplying: Training = {
  ...learning,
  model: ttm({ ...sizes, summariser: "mlp", write: "summarise" }),
  task: multiplicationTask(),
  updates: 12,
  lengths: { shortest: 1, longest: 2 }, // one digit by one and two by two: 6 or 10 tokens
};
const copying: Training = {
  ...learning,
  model: ntm({
    ...{ inputs: 4, outputs: 3, controller: "feedforward", units: 6, initialWeights: "learned" },
    ...{ slots: 6, word: 4, readHeads: 1, writeHeads: 1 },
  }),
  task: copyTask(3),
  updates: 4,
  lengths: { shortest: 3, longest: 3 },
};

let folder = "";
let browser: Browser;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  if (browserMissing) return;
  folder = await mkdtemp(join(tmpdir(), "tapescope-explorer-"));
  await useBackend("cpu");
  for (const [name, training] of Object.entries({ multiplying, copying })) {
    const storage = historyFolder(join(folder, name));
    const tracker = await stateTracker({ model: training.model, storage, samplingRate: 1, sequences: 2 });
    const { parameters } = await train(training, { how: "eager", tracking: { tracker, epoch: 4 } });
    disposeTensors(parameters);
  }
  browser = await launchBrowser();
});

afterAll(async () => {
  for (const close of closing) await close();
  await browser?.close();
  if (folder) await rm(folder, { recursive: true });
});

/** A page on a history, with what its console complained of and the ranges that it read. */
async function open(name: string, hash = ""): Promise<{ page: Page; errors: string[]; bytes: () => number }> {
  const places = { history: join(folder, name) };
  const server = await startServer({ places, host: "127.0.0.1", port: 0, debug: false, log: () => {} });
  const page = await openPage(browser, { viewport: { width: 1400, height: 1000 } });
  closing.unshift(async () => {
    await page.context().close();
    await server.close();
  });
  const errors: string[] = [];
  let bytes = 0;
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("request", (request) => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers().range ?? "") ?? [];
    if (to) bytes += Number(to) - Number(from) + 1;
  });
  await page.goto(`${server.address}${hash}`);
  return { page, errors, bytes: () => bytes };
}

/** What is drawn in the figure whose label begins so: numbers of its first traces, and the shapes over it. */
async function drawn(page: Page, label: string) {
  return page.evaluate((beginning) => {
    type Encoded = { dtype: string; bdata: string };
    type Drawn = HTMLElement & {
      data?: { z?: Encoded; y?: Encoded }[];
      layout?: { shapes: { x0: number; y0: number; type: string }[] };
    };
    const all = [...document.querySelectorAll<Drawn>(".ts-plot")].filter((one) => one.offsetParent);
    const figure = all.find((one) => one.getAttribute("aria-label")?.startsWith(beginning));
    const numbers = ({ dtype, bdata }: Encoded): number[] => {
      const bytes = Uint8Array.from(atob(bdata), (character) => character.charCodeAt(0)).buffer;
      return Array.from(dtype === "f4" ? new Float32Array(bytes) : new Float64Array(bytes));
    };
    return {
      values: figure?.data?.map(({ z, y }) => (z ?? y) && numbers((z ?? y) as Encoded)),
      marks: figure?.layout?.shapes.map(({ type, x0, y0 }) => ({ type, x0, y0 })),
    };
  }, label);
}

/** Wait until a figure shows these numbers. */
async function shows(page: Page, label: string, values: ArrayLike<number>, trace = 0): Promise<void> {
  const first = async () => (await drawn(page, label)).values?.[trace];
  await expect.poll(first).toEqual(Array.from(values));
}

/** Move a slider to one of its positions, by the keyboard. */
async function slide(page: Page, name: string, position: number): Promise<void> {
  const slider = page.getByRole("slider", { name });
  await slider.press("Home");
  for (let i = 0; i < position; i++) await slider.press("ArrowRight");
}

const sliderText = (page: Page, name: string) => page.getByRole("slider", { name }).getAttribute("aria-valuetext");

describe.skipIf(browserMissing)("The training history in the page", () => {
  let page: Page;
  let errors: string[];
  let bytes: () => number;
  let history: History;
  const memoryAt = async (epoch: number, batch: number, token: number, sequence = 0): Promise<Float32Array> =>
    select(await history.getState(epoch, batch, token, "memory"), { batch: sequence }).data;

  beforeAll(async () => {
    history = await openHistory(historyFolder(join(folder, "multiplying")));
    ({ page, errors, bytes } = await open("multiplying"));
  });

  test("opens on the newest epoch, and reads only what it shows", async () => {
    await shows(page, "memory after token 0", await memoryAt(2, 0, 0));
    expect(bytes()).toBeLessThan(history.size.bytes / 2);
    expect(await page.getByRole("slider", { name: "Epoch" }).getAttribute("max")).toBe("2");
  });

  test("each slider moves memory to the numbers of the history", async () => {
    await slide(page, "Epoch", 1);
    await shows(page, "memory after token 0", await memoryAt(1, 0, 0));
    await slide(page, "Batch", 3);
    await shows(page, "memory after token 0", await memoryAt(1, 3, 0));
    await slide(page, "Token", 4);
    await shows(page, "memory after token 4", await memoryAt(1, 3, 4));
    await page.getByRole("combobox", { name: "sequence" }).selectOption("1");
    await shows(page, "memory after token 4", await memoryAt(1, 3, 4, 1));
    await page.getByRole("combobox", { name: "sequence" }).selectOption("0");
    const series = select(await history.getSeries(1, 3, "memory"), { batch: 0 });
    await shows(page, "Mean magnitude", Float64Array.from(meanOver(series, ["slot", "feature"], Math.abs).data));
    expect((await drawn(page, "Mean magnitude")).marks).toEqual([{ type: "line", x0: 4, y0: 0 }]);
  });

  test("buttons and keys step and play, and pause", async () => {
    await page.getByRole("button", { name: "Step forward" }).click();
    await shows(page, "memory after token 5", await memoryAt(1, 3, 5));
    await page.getByRole("button", { name: "Step backward" }).click();
    await shows(page, "memory after token 4", await memoryAt(1, 3, 4));
    await page.locator("body").press("ArrowLeft");
    await shows(page, "memory after token 3", await memoryAt(1, 3, 3));
    await page.locator("body").press("ArrowRight");
    await page.locator("body").press("Shift+ArrowLeft");
    await shows(page, "memory after token 4", await memoryAt(1, 2, 4));
    await page.locator("body").press("Shift+ArrowDown");
    await shows(page, "memory after token 4", await memoryAt(0, 2, 4));
    await page.locator("body").press("Shift+ArrowUp");
    await page.getByRole("combobox", { name: "speed" }).selectOption("20");
    await page.getByRole("button", { name: "Play" }).click();
    const seen = new Set<string | null>();
    await expect.poll(async () => seen.add(await sliderText(page, "Token")).size).toBeGreaterThan(3);
    await page.locator("body").press("Space");
    await expect.poll(() => page.getByRole("button", { name: "Play" }).count()).toBe(1);
    const rest = await sliderText(page, "Token");
    await page.waitForTimeout(400);
    expect(await sliderText(page, "Token")).toBe(rest);
    const token = Number.parseInt(rest ?? "", 10);
    await shows(page, `memory after token ${token}:`, await memoryAt(1, 2, token));
    await page.getByRole("combobox", { name: "through" }).selectOption("epoch");
    await page.getByRole("button", { name: "Step forward" }).click();
    await expect.poll(() => sliderText(page, "Epoch")).toBe("2");
  });

  test("loss and accuracy are those of the history, with the current epoch marked; a click goes to an epoch", async () => {
    for (const name of ["loss", "accuracy"]) {
      await shows(
        page,
        name,
        history.metrics.map(({ means }) => means[name] as number),
      );
      expect((await drawn(page, name)).marks).toEqual([{ type: "line", x0: 2, y0: 0 }]);
    }
    const box = await page.locator('.ts-plot[aria-label^="loss"] .points path').first().boundingBox();
    if (!box) throw new Error("the loss has points");
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await expect.poll(() => sliderText(page, "Epoch")).toBe("0");
    await expect.poll(async () => (await drawn(page, "loss")).marks).toEqual([{ type: "line", x0: 0, y0: 0 }]);
  });

  test("the numbers about every state are the history's", async () => {
    await slide(page, "Epoch", 1);
    await slide(page, "Batch", 0);
    await slide(page, "Token", 2);
    const rows = await history.getRows({ epoch: 1, batch: 0, step: 2, kind: "state" });
    const table = page.locator(".ts-details tbody tr");
    await expect.poll(() => table.count()).toBe(rows.length);
    const cells = async () => Promise.all((await table.all()).map((row) => row.locator("th, td").allInnerTexts()));
    const near = (text: string | undefined) => Number((text ?? "").replaceAll("−", "-"));
    await expect.poll(async () => near((await cells()).at(-1)?.[2])).toBeCloseTo(rows.at(-1)?.mean as number, 4);
    (await cells()).forEach(([site, shape, ...numbers], index) => {
      const row = rows[index];
      expect([site, shape]).toEqual([row?.site, row?.shape.join(" × ")]);
      [row?.mean, row?.std, row?.min, row?.max, row?.norm].forEach((wanted = Number.NaN, column) => {
        expect(Math.abs(near(numbers[column]) - wanted)).toBeLessThanOrEqual(0.006 * Math.abs(wanted));
      });
      expect(numbers[5] === "").toBe(row?.entropy === null);
    });
  });

  test("attention is that of the layer and head chosen, and its focus is 1 − H / ln n", async () => {
    await page.getByRole("tab", { name: "Attention" }).click();
    const at = async (site: string): Promise<NamedArray> => select(await history.getState(1, 0, 2, site), { batch: 0 });
    await shows(page, "Attention weights of layer 0, head 0", select(await at("layers.0.attention"), { head: 0 }).data);
    await page.getByRole("combobox", { name: "Layer" }).selectOption("1");
    await page.getByRole("combobox", { name: "Head" }).selectOption("1");
    await shows(page, "Attention weights of layer 1, head 1", select(await at("layers.1.attention"), { head: 1 }).data);
    const series = select(await history.getSeries(1, 0, "layers.1.attention"), { batch: 0 });
    const focus = rowFocus(series);
    for (const head of [0, 1]) {
      await shows(page, "Focus of layer 1", meanOver(select(focus, { head }), ["query"]).data, head);
      await shows(page, "All heads of layer 1", select(await at("layers.1.attention"), { head }).data, head);
    }
    await shows(page, "Focus of layer 1", meanOver(focus, ["head", "query"]).data, 2);
    const heads = page.locator('.ts-plot[aria-label^="All heads"]');
    await heads.scrollIntoViewIfNeeded();
    const panel = await heads.locator(".nsewdrag").first().boundingBox();
    if (!panel) throw new Error("each head has a panel");
    await page.mouse.click(panel.x + panel.width / 2, panel.y + panel.height / 2);
    await shows(page, "Attention weights of layer 1, head 0", select(await at("layers.1.attention"), { head: 0 }).data);
    await page.getByRole("combobox", { name: "Head" }).selectOption("1");
    await page.getByRole("combobox", { name: "Layer" }).selectOption({ label: "write" });
    await shows(page, "Attention weights of write", (await at("write.weights")).data);
  });

  test("histograms count the parameters and gradients of all layers, of one layer, and of one parameter", async () => {
    await page.getByRole("tab", { name: "Parameters" }).click();
    const values = async (kind: "getParameter" | "getGradient", wanted: (name: string) => boolean) => {
      const names = history.sites.filter((one) => one.kind === (kind === "getParameter" ? "parameter" : "gradient"));
      const arrays = await Promise.all(
        names.filter(({ name }) => wanted(name)).map(({ name }) => history[kind](1, 0, name)),
      );
      return Float32Array.from(arrays.flatMap(({ data }) => [...data]));
    };
    const counts = (array: Float32Array): Float64Array => {
      const { y } = histogram(array, { title: "" }).data[0] as unknown as { y: { bdata: string } };
      return new Float64Array(Uint8Array.from(Buffer.from(y.bdata, "base64")).buffer);
    };
    const both = async (what: string, wanted: (name: string) => boolean) => {
      for (const [kind, label] of [
        ["getParameter", "parameters"],
        ["getGradient", "gradients"],
      ] as const) {
        await shows(page, `Histogram of the ${label} of ${what}:`, counts(await values(kind, wanted)));
      }
    };
    await both("all layers", () => true);
    await page.getByRole("combobox", { name: "Layer" }).selectOption("layers.0");
    await both("layers.0", (name) => name.startsWith("layers.0."));
    await page.getByRole("combobox", { name: "Parameter" }).selectOption("layers.0.mlp.0.weight");
    await both("layers.0.mlp.0.weight", (name) => name === "layers.0.mlp.0.weight");
  });

  test("a step of the process flow is lit, and leads to its state's figure and numbers", async () => {
    const step = (name: string) => page.getByRole("button", { name: new RegExp(`^${name}:`) });
    const input = select(await history.getState(1, 0, 2, "tokens"), { batch: 0 }).data;
    await step("embed").click();
    await expect.poll(() => step("embed").getAttribute("aria-pressed")).toBe("true");
    await expect.poll(() => page.locator(".ts-details .ts-chosen button").innerText()).toBe("tokens");
    await shows(page, "tokens, epoch 1, batch 0", input);
    await step("memory").press("Enter");
    await shows(page, "memory after token 2", await memoryAt(1, 0, 2));
    await step("write").click();
    const write = select(await history.getState(1, 0, 2, "write.weights"), { batch: 0 }).data;
    await shows(page, "Attention weights of write", write);
    await page.locator(".ts-details").getByRole("button", { name: "memory", exact: true }).click();
    await shows(page, "memory after token 2", await memoryAt(1, 0, 2));
  });

  test("what is pointed at in one figure is marked in the others", async () => {
    await page.getByRole("button", { name: /^token 1:/ }).hover();
    const marks = async (label: string) => (await drawn(page, label)).marks ?? [];
    await expect.poll(() => marks("Mean magnitude")).toContainEqual({ type: "rect", x0: 0.5, y0: 0 });
    const cells = await page.locator('.ts-plot[aria-label^="memory after"] .nsewdrag').boundingBox();
    if (!cells) throw new Error("memory has cells");
    await page.mouse.move(cells.x + 40, cells.y + (cells.height * 3.5) / sizes.slots, { steps: 4 });
    const slot = { type: "rect", x0: 0, y0: 2.5 };
    await expect.poll(() => marks("Norm of each slot")).toContainEqual(slot);
    await page.mouse.down();
    await page.mouse.up();
    const series = select(await history.getSeries(1, 0, "memory"), { batch: 0, slot: 3 });
    await shows(page, "Mean magnitude", meanOver(series, ["feature"], Math.abs).data, 1);
    expect(await marks("memory after")).toContainEqual(slot);
  });

  test("the address holds the view, and a link reopens it", async () => {
    await expect
      .poll(() => page.evaluate(() => location.hash))
      .toBe("#epoch=1&batch=0&token=2&layer=3&head=1&slot=3&parameter=layers.0.mlp.0.weight");
    const other = await open("multiplying", "#epoch=0&batch=1&token=3&tab=attention&layer=1&head=1");
    const weights = select(await history.getState(0, 1, 3, "layers.1.attention"), { batch: 0, head: 1 });
    await shows(other.page, "Attention weights of layer 1, head 1 at token 3", weights.data);
    expect(other.errors).toEqual([]);
    await other.page.context().close();
  });

  test("a history that grows, grows in the page, and what a batch lacks is said", async () => {
    const storage = historyFolder(join(folder, "multiplying"));
    const resumeAt = { epoch: 3, batch: 0 };
    const tracker = await stateTracker({ model: multiplying.model, storage, samplingRate: 1, sequences: 2, resumeAt });
    tracker.startEpoch(3);
    await tracker.startBatch(0);
    const data = Float32Array.from({ length: 2 * 5 * 8 }, (_, index) => index);
    tracker.recordValues([{ kind: "state", step: 0, site: "memory", shape: [2, 5, 8], start: 0 }], data);
    tracker.recordMetrics({ loss: 7 });
    await tracker.saveStateHistory();
    await expect.poll(() => page.getByRole("slider", { name: "Epoch" }).getAttribute("max")).toBe("3");
    expect(await sliderText(page, "Epoch")).toBe("1");
    await expect.poll(async () => (await drawn(page, "loss")).values?.[0]?.at(-1)).toBe(7);
    await slide(page, "Epoch", 3);
    await shows(page, "memory after token 0", data.subarray(0, 40));
    await page.getByRole("tab", { name: "Attention" }).click();
    const missing = /^The state "write.weights" was not recorded at epoch 3, batch 0, token 0.$/;
    await expect.poll(() => page.getByRole("alert").innerText()).toMatch(missing);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  test("weights of heads over slots are drawn over all tokens", async () => {
    const copied = await openHistory(historyFolder(join(folder, "copying")));
    const { page: other, errors: complaints } = await open("copying", "#tab=attention&layer=1&token=3");
    const weights = select(await copied.getSeries(0, 0, "write.0.weights"), { batch: 0 }); // [step, slot]
    const [steps, slots] = weights.shape as [number, number];
    const across = Array.from(
      weights.data,
      (_, i) => weights.data[(i % steps) * slots + Math.floor(i / steps)] as number,
    );
    await shows(other, "Weights of write head 0 over the tokens", across);
    await shows(other, "Focus of write head 0", rowFocus(weights).data);
    expect(complaints).toEqual([]);
    await other.context().close();
  });

  test("a history that is damaged or not there is said in one message", async () => {
    const { page: none } = await open("nothing");
    await expect.poll(() => none.getByRole("alert").innerText()).toMatch(/^There is no state history in/);
    await none.context().close();
    await rm(join(folder, "copying", "_manifest-latest.json"));
    await writeFile(join(folder, "copying", "_manifest-latest.json"), "{");
    const { page: torn } = await open("copying");
    await expect.poll(() => torn.getByRole("alert").innerText()).toMatch(/is damaged/);
  });
});
