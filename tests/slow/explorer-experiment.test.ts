import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer } from "../../src/dashboard/server.js";
import { taskInputOf } from "../../src/explorer/inference-tasks.js";
import { loadCheckpoint } from "../../src/files/checkpoint-file.js";
import { historyFolder } from "../../src/files/folder-storage.js";
import * as api from "../../src/index.js";
import type { Checkpoint } from "../../src/model/checkpoint.js";
import type { Edit } from "../../src/model/edits.js";
import { type Run, run, series } from "../../src/model/run.js";
import { useBackend } from "../../src/tensors/backend.js";
import { select } from "../../src/tensors/named-array.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { stateTracker } from "../../src/tracker/state-tracker.js";
import { browserMissing, launchBrowser } from "./browser.js";

const data = join(import.meta.dirname, "..", "..", "data");
const tolerance = 1e-5;
const waiting = { timeout: 120_000 }; // a busy machine takes its time

let folder = "";
let browser: Browser;
const closing: (() => Promise<void>)[] = [];
const loaded = new Map<string, Checkpoint>();

beforeAll(async () => {
  if (browserMissing) return;
  folder = await mkdtemp(join(tmpdir(), "tapescope-experiment-"));
  await useBackend();
  browser = await launchBrowser();
});

afterAll(async () => {
  for (const close of closing) await close();
  await browser?.close();
  for (const { parameters } of loaded.values()) disposeTensors(parameters);
  if (folder) await rm(folder, { recursive: true });
});

/** A page on a checkpoint of data/, loaded and run on its task's example. */
async function open(mode: string, checkpoint: string, history?: string): Promise<{ page: Page; errors: string[] }> {
  const places = { model: join(data, checkpoint), ...(history !== undefined && { history }) };
  const server = await startServer({ places, host: "127.0.0.1", port: 0, debug: false, log: () => {} });
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, acceptDownloads: true });
  context.setDefaultTimeout(waiting.timeout);
  closing.unshift(async () => {
    await context.close();
    await server.close();
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(`${server.address}#mode=${mode}`);
  await page.getByRole("button", { name: "Run inference" }).waitFor();
  if (!loaded.has(checkpoint)) loaded.set(checkpoint, await loadCheckpoint(join(data, checkpoint)));
  return { page, errors };
}

/** The library's own run of a checkpoint on a typed input. */
function inNode(checkpoint: string, text: string, edits: readonly Edit[] = []): Run {
  const one = loaded.get(checkpoint) as Checkpoint;
  const { inputs } = taskInputOf(one).read(text, one).batch;
  return run(one.model, one.parameters, inputs, { record: ["*"], edits });
}

/** Numbers of a trace of the figure whose label begins so. */
async function drawn(page: Page, label: string, trace = 0): Promise<number[] | undefined> {
  return page.evaluate(
    ([beginning, index]) => {
      type Drawn = HTMLElement & { data?: { z?: { bdata: string } }[] };
      const all = [...document.querySelectorAll<Drawn>(".ts-plot")].filter((one) => one.offsetParent);
      const figure = all.find((one) => one.getAttribute("aria-label")?.startsWith(beginning));
      const text = figure?.data?.[index]?.z?.bdata;
      if (text === undefined) return undefined;
      return [...new Float32Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer)];
    },
    [label, trace] as const,
  );
}

/** Wait until a figure shows these numbers. */
async function shows(page: Page, label: string, wanted: ArrayLike<number>, trace = 0): Promise<void> {
  const difference = async (): Promise<number> => {
    const values = await drawn(page, label, trace);
    if (values?.length !== wanted.length) return Number.POSITIVE_INFINITY;
    return values.reduce((most, value, index) => Math.max(most, Math.abs(value - (wanted[index] as number))), 0);
  };
  await expect.poll(difference, { ...waiting, message: `${label} [${trace}]` }).toBeLessThanOrEqual(tolerance);
}

/** Outputs of one sequence as the page draws them: a row for each output. */
function turned({ outputs }: Run): number[] {
  const { shape, data: values } = select(outputs, { batch: 0 });
  const [steps, width] = shape as [number, number];
  return Array.from(
    { length: values.length },
    (_, at) => values[(at % steps) * width + Math.floor(at / steps)] as number,
  );
}

/** Wait until the page compares these two runs: outputs and memory. */
async function compares(page: Page, original: Run, edited: Run, step: number): Promise<void> {
  const memory = (result: Run): Float32Array => select(series(result, "memory"), { step }).data;
  await shows(page, "Outputs: original, edited, difference", turned(original), 0);
  await shows(page, "Outputs: original, edited, difference", turned(edited), 1);
  await shows(page, `memory at token ${step}`, memory(original), 0);
  await shows(page, `memory at token ${step}`, memory(edited), 1);
}

/** The edits that the page has, by its own "Save as JSON". */
async function saved(page: Page): Promise<Edit[]> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save as JSON" }).click(),
  ]);
  return JSON.parse(await readFile(await download.path(), "utf8"));
}

async function slide(page: Page, name: string, position: number): Promise<void> {
  const slider = page.getByRole("slider", { name, exact: true });
  await slider.press("Home");
  for (let i = 0; i < position; i++) await slider.press("ArrowRight");
}

async function typeInput(page: Page, text: string): Promise<void> {
  const factors = /^(\d+) × (\d+)$/.exec(text);
  if (factors) {
    await page.getByRole("spinbutton", { name: "First factor" }).fill(factors[1] as string);
    await page.getByRole("spinbutton", { name: "Second factor" }).fill(factors[2] as string);
  } else await page.getByRole("textbox", { name: "Input" }).fill(text);
  await page.getByRole("button", { name: "Run inference" }).click();
}

const component = (page: Page) => page.getByRole("combobox", { name: "Component" });
const operation = (page: Page) => page.getByRole("combobox", { name: "Operation" });
const apply = (page: Page) => page.getByRole("button", { name: "Apply" }).click();
const removeAll = (page: Page) => page.getByRole("button", { name: "Remove all" }).click();

const copied = "10110010\n01001101\n11110000";
const machines = [
  { checkpoint: "ntm-copy.safetensors", text: copied, step: 1 },
  {
    checkpoint: "nsm-recall.safetensors",
    text: "put 7 in the red box\nput 3 in the blue cup\nwhat is in the red box?",
    step: 1,
  },
  { checkpoint: "ttm-multiplication.safetensors", text: "38 × 6", step: 3 },
].filter(({ checkpoint }) => existsSync(join(data, checkpoint)));

describe.skipIf(browserMissing).each(machines)("The page runs $checkpoint", ({ checkpoint, text, step }) => {
  test("on a typed input as the library does: probabilities, verdict, memory at a token", async () => {
    const { page, errors } = await open("inference", checkpoint);
    await typeInput(page, text);
    const wanted = inNode(checkpoint, text);
    await slide(page, "Token", step);
    await shows(page, `memory after token ${step}`, select(series(wanted, "memory"), { step }).data);

    const one = loaded.get(checkpoint) as Checkpoint;
    const { batch } = taskInputOf(one).read(text, one);
    const asked = [...batch.mask.data.keys()].filter((at) => batch.mask.data[at] === 1);
    const rows = page.locator(".ts-answers tbody tr");
    await expect.poll(() => rows.count(), waiting).toBe(asked.length);
    const probabilities = select(wanted.outputs, { batch: 0 });
    const width = probabilities.shape[1] as number;
    for (const [row, at] of asked.entries()) {
      const cells = await rows
        .nth(row)
        .locator("td.ts-number")
        .evaluateAll((all) => all.map((cell) => cell.getAttribute("title")));
      cells.forEach((cell, column) => {
        expect(Math.abs(Number(cell) - (probabilities.data[at * width + column] as number))).toBeLessThanOrEqual(
          tolerance,
        );
      });
    }
    const right = page.locator(".ts-verdict .ts-right, .ts-verdict .ts-wrong");
    const marks = await rows.locator("td.ts-wrong").count();
    expect(await right.innerText()).toBe(marks === 0 ? "✓ right" : "✗ wrong");
    expect(errors).toEqual([]);
  });

  test("and edits it as the library does: a typed number, a stroke of the brush", async () => {
    const { page, errors } = await open("experiment", checkpoint);
    await typeInput(page, text);
    const original = inNode(checkpoint, text);
    await slide(page, "Edited at token", step);
    await slide(page, "Token", step + 1);
    const cell = page.getByRole("spinbutton", { name: /^slot \d+, \w+ \d+$/ }).nth(2);
    const [, slot, axis, place] = /^slot (\d+), (\w+) (\d+)$/.exec((await cell.getAttribute("aria-label")) ?? "") ?? [];
    await cell.fill("-1.5");
    await page.keyboard.press("Tab");
    const index = { slot: Number(slot), [axis as string]: Number(place) };
    expect(await saved(page)).toEqual([{ site: "memory", step, index, operation: "set", value: -1.5 }]);
    await compares(page, original, inNode(checkpoint, text, await saved(page)), step + 1);

    await page.getByRole("spinbutton", { name: "Brush sets" }).fill("0.75");
    const cells = await page.locator(".ts-canvas-cells").boundingBox();
    if (!cells) throw new Error("the editor has cells");
    const y = cells.y + cells.height * 0.6;
    await page.mouse.move(cells.x + cells.width * 0.25, y);
    await page.mouse.down();
    await page.mouse.move(cells.x + cells.width * 0.75, y, { steps: 3 });
    await page.mouse.up();
    const painted = await saved(page);
    expect(painted.length).toBeGreaterThan(6);
    expect(new Set(painted.slice(1).map(({ index, value }) => `${index?.slot} ${value}`)).size).toBe(1);
    await compares(page, original, inNode(checkpoint, text, painted), step + 1);

    await page.getByRole("button", { name: "Undo" }).click();
    expect(await saved(page)).toEqual(painted.slice(0, 1));
    await compares(page, original, inNode(checkpoint, text, painted.slice(0, 1)), step + 1);
    await page.getByRole("button", { name: "Undo" }).click();
    await compares(page, original, original, step + 1);
    await expect.poll(() => page.getByRole("status", { name: "Outcome" }).innerText()).toContain("same to the bit");
    await page.getByRole("button", { name: "Redo" }).click();
    await page.getByRole("button", { name: "Redo" }).click();
    expect(await saved(page)).toEqual(painted);
    await compares(page, original, inNode(checkpoint, text, painted), step + 1);
    expect(errors).toEqual([]);
  });
});

describe.skipIf(browserMissing)("An experiment in the page", () => {
  const checkpoint = "ntm-copy.safetensors";
  let page: Page;
  let errors: string[];
  let original: Run;

  beforeAll(async () => {
    const { model } = await loadCheckpoint(join(data, checkpoint));
    const storage = historyFolder(join(folder, "history"));
    const tracker = await stateTracker({ model, storage, samplingRate: 1, sequences: 2 });
    tracker.startEpoch(0);
    await tracker.startBatch(0);
    const size = 128 * 20;
    const numbers = Float32Array.from({ length: 2 * size }, (_, at) => Math.sin(at));
    tracker.recordValues([{ kind: "state", step: 3, site: "memory", shape: [2, 128, 20], data: numbers }]);
    await tracker.saveStateHistory();
    ({ page, errors } = await open("experiment", checkpoint, join(folder, "history")));
    await typeInput(page, copied);
    original = inNode(checkpoint, copied);
    await slide(page, "Edited at token", 2);
    await slide(page, "Token", 4);
  });

  test("zeroes, sets, adds to, scales and shakes a region as the library does", async () => {
    await page.getByRole("spinbutton", { name: "slot", exact: true }).fill("63");
    for (const name of ["zero", "set", "add", "scale", "noise"]) {
      await operation(page).selectOption(name);
      if (name !== "zero") await page.getByRole("spinbutton", { name: /^(value|deviation)$/ }).fill("0.3");
      await apply(page);
      const edits = await saved(page);
      expect(edits).toHaveLength(1);
      expect(edits[0]).toMatchObject({ site: "memory", step: 2, index: { slot: 63 } });
      await compares(page, original, inNode(checkpoint, copied, edits), 4);
      await removeAll(page);
    }
    await page.getByRole("spinbutton", { name: "slot", exact: true }).fill("");
  });

  test("patches from another token, from another input, and from the training history", async () => {
    await operation(page).selectOption("patch");
    const from = page.getByRole("combobox", { name: "From" });
    await slide(page, "Its token", 5);
    await apply(page);
    const whole = (result: Run, step: number) => select(series(result, "memory"), { step });
    const patched = async (): Promise<Float32Array> =>
      Float32Array.from((await saved(page)).flatMap(({ value }) => (value as readonly number[][]).flat()));
    await expect.poll(patched, waiting).toEqual(whole(original, 5).data); // a patch is read before it is applied
    await compares(page, original, inNode(checkpoint, copied, await saved(page)), 4);

    await from.selectOption("elsewhere");
    const other = "11111111\n00000000";
    await page.getByRole("textbox", { name: "Input" }).last().fill(other);
    await slide(page, "Its token", 1);
    await apply(page);
    const wanted = whole(inNode(checkpoint, other), 1).data;
    const apart = (values: Float32Array) =>
      Math.max(...values.map((value, at) => Math.abs(value - (wanted[at] as number))));
    await expect.poll(async () => apart(await patched()), waiting).toBeLessThanOrEqual(tolerance);
    await compares(page, original, inNode(checkpoint, copied, await saved(page)), 4);

    await from.selectOption("history");
    await page.getByRole("spinbutton", { name: "sequence" }).fill("1");
    await apply(page);
    const recorded = Float32Array.from({ length: 128 * 20 }, (_, at) => Math.sin(128 * 20 + at));
    await expect.poll(patched, waiting).toEqual(recorded);
    await compares(page, original, inNode(checkpoint, copied, await saved(page)), 4);
    expect(await saved(page)).toHaveLength(1); // each took the place of the one before
    await removeAll(page);
  });

  test("edits where heads look, and parameters", async () => {
    await component(page).selectOption("site write.0.weights");
    await page.getByRole("spinbutton", { name: "slot", exact: true }).fill("63");
    await operation(page).selectOption("scale");
    await page.getByRole("spinbutton", { name: "value" }).fill("0.5");
    await apply(page);
    await component(page).selectOption("parameter output.bias");
    await page.getByRole("spinbutton", { name: "axis 0 3", exact: true }).fill("4");
    await page.keyboard.press("Tab");
    const edits = await saved(page);
    expect(edits).toEqual([
      { site: "write.0.weights", step: 2, index: { slot: 63 }, operation: "scale", value: 0.5 },
      { parameter: "output.bias", index: { "axis 0": 3 }, operation: "set", value: 4 },
    ]);
    await compares(page, original, inNode(checkpoint, copied, edits), 4);
    await expect.poll(() => page.getByRole("status", { name: "Outcome" }).innerText()).toContain("part at token 0");
  });

  test("is the same in a notebook: its code gives the outputs that the page shows", async () => {
    await page.getByText("Notebook code").click();
    const code = await page.locator(".ts-code pre").innerText();
    const body = code.replace(/^import \{(.*)\} from "tapescope";/, "const {$1} = tapescope;");
    expect(body).not.toContain("import");
    const tapescope = {
      ...api,
      show: () => {},
      loadCheckpoint: (path: string) => api.loadCheckpoint(join(data, "..", "notebooks", path)),
    };
    const AsyncFunction = (async () => {}).constructor as new (...code: string[]) => (given: object) => Promise<Run[]>;
    const [plain, edited] = await new AsyncFunction("tapescope", `${body}\nreturn [original, edited];`)(tapescope);
    await shows(page, "Outputs: original, edited, difference", turned(plain as Run), 0);
    await shows(page, "Outputs: original, edited, difference", turned(edited as Run), 1);
  });

  test("loads the JSON it saved, and refuses edits that do not fit, which changes nothing", async () => {
    const edits = await saved(page);
    const load = page.getByLabel("Load JSON");
    const path = join(folder, "edits.json");
    await writeFile(path, JSON.stringify(edits));
    await removeAll(page);
    await load.setInputFiles(path);
    await expect.poll(() => page.locator(".ts-edits li").count(), waiting).toBe(edits.length);
    expect(await saved(page)).toEqual(edits);
    await compares(page, original, inNode(checkpoint, copied, edits), 4);

    const problem = page.getByLabel("Edits").getByRole("alert");
    for (const [text, message] of [
      ['[{"site":"layers.0.attention","step":0,"operation":"set","value":0}]', 'ntm has no site "layers.0.attention"'],
      ["{", "edits.json: This file holds no edits: it is no JSON"],
    ] as const) {
      await writeFile(path, text);
      await load.setInputFiles(path);
      await expect.poll(() => problem.innerText(), waiting).toContain(message);
      expect(await saved(page)).toEqual(edits);
    }
  });

  test("says what is wrong with an input or a checkpoint, and goes on with the last that was right", async () => {
    await typeInput(page, "10\n01");
    const problem = page.getByLabel("Machine").getByRole("alert");
    await expect
      .poll(() => problem.innerText(), waiting)
      .toBe('A vector of 8 bits such as 10101010 is needed; "10" was given.');
    await typeInput(page, copied);
    await expect.poll(() => problem.count(), waiting).toBe(0);
    const path = join(folder, "broken.safetensors");
    await writeFile(path, "not a checkpoint");
    await page.getByLabel("Open a file").setInputFiles(path);
    await expect
      .poll(() => problem.innerText(), waiting)
      .toContain("broken.safetensors is no checkpoint that can be run here");
    await shows(page, "Outputs: original, edited, difference", turned(original), 0);
    expect(errors).toEqual([]);
  });
});
