import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer } from "../../src/dashboard/server.js";
import { loadCheckpoint } from "../../src/files/checkpoint-file.js";
import { historyFolder } from "../../src/files/folder-storage.js";
import * as api from "../../src/index.js";
import type { Checkpoint } from "../../src/model/checkpoint.js";
import type { Edit, PackedValues } from "../../src/model/edits.js";
import { type Run, run, series } from "../../src/model/run.js";
import { explorer, explorerOutput } from "../../src/notebook/explorer.js";
import { taskInputOf } from "../../src/tasks/typed-tasks.js";
import { useBackend } from "../../src/tensors/backend.js";
import { select } from "../../src/tensors/named-array.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { stateTracker } from "../../src/tracker/state-tracker.js";
import { limit } from "../limit.js";
import { browserMissing, launchBrowser, openOffline, openPage } from "./browser.js";
import { apply, component, operation, removeAll, saved, shows, slide, tolerance, typeInput } from "./explorer-page.js";
import { code, display, python, writeNotebook } from "./scratch.js";

const data = join(import.meta.dirname, "..", "..", "data");

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

interface Opened {
  readonly page: Page;
  /** What its console complained of. */
  readonly errors: readonly string[];
}

/** A page on a checkpoint of data/, loaded and run on its task's example. */
async function open(view: string, checkpoint: string, history?: string): Promise<Opened> {
  const places = { model: join(data, checkpoint), ...(history !== undefined && { history }) };
  const server = await startServer({ places, host: "127.0.0.1", port: 0, debug: false, log: () => {} });
  const page = await openPage(browser, { viewport: { width: 1400, height: 1000 }, acceptDownloads: true });
  closing.unshift(async () => {
    await page.context().close();
    await server.close();
  });
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(`${server.address}#mode=${view}`);
  await ready(page, checkpoint);
  return { page, errors };
}

/** The same page in the HTML export of a notebook, its data inside, with the network off. */
async function openExport(checkpoint: string, history: string): Promise<Opened> {
  const explored = await explorer({ history, checkpoint: join(data, checkpoint), mostBytes: 2e6 });
  const outputs = [display(explorerOutput(explored))];
  const notebook = await writeNotebook(join(folder, "explored.ipynb"), [code("show(explored);", outputs)]);
  const convert = ["-m", "nbconvert", "--to", "html", "--template", "tapescope", "--log-level", "ERROR", notebook];
  await promisify(execFile)(python, convert, { timeout: limit, env: { ...process.env, JUPYTER_PREFER_ENV_PATH: "1" } });
  const { page, watch } = await openOffline(browser, {
    viewport: { width: 1400, height: 1000 },
    acceptDownloads: true,
  });
  closing.unshift(() => page.context().close());
  await page.goto(pathToFileURL(notebook.replace(".ipynb", ".html")).href);
  await page.getByRole("tab", { name: "State experimentation" }).click();
  await ready(page, checkpoint);
  expect(watch.requests).toEqual([]);
  return { page, errors: watch.errors };
}

async function ready(page: Page, checkpoint: string): Promise<void> {
  await page.getByRole("button", { name: "Run inference" }).waitFor();
  if (!loaded.has(checkpoint)) loaded.set(checkpoint, await loadCheckpoint(join(data, checkpoint)));
}

/** The library's own run of a checkpoint on a typed input. */
function inNode(checkpoint: string, text: string, edits: readonly Edit[] = []): Run {
  const one = loaded.get(checkpoint) as Checkpoint;
  const { inputs } = taskInputOf(one).read(text, one).batch;
  return run(one.model, one.parameters, inputs, { record: ["*"], edits });
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
    await expect.poll(() => rows.count()).toBe(asked.length);
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

const places = ["in the page that is served", "in an export, with the network off"];
describe.skipIf(browserMissing).each(places)("An experiment %s", (place) => {
  const checkpoint = "ntm-copy.safetensors";
  let page: Page;
  let errors: readonly string[];
  let original: Run;

  beforeAll(async () => {
    const { model } = await loadCheckpoint(join(data, checkpoint));
    const history = join(folder, place);
    const storage = historyFolder(history);
    const tracker = await stateTracker({ model, storage, samplingRate: 1, sequences: 2 });
    tracker.startEpoch(0);
    await tracker.startBatch(0);
    const size = 128 * 20;
    const numbers = Float32Array.from({ length: 2 * size }, (_, at) => Math.sin(at));
    tracker.recordValues([{ kind: "state", step: 3, site: "memory", shape: [2, 128, 20], start: 0 }], numbers);
    await tracker.saveStateHistory();
    const opening = place === places[0] ? open("experiment", checkpoint, history) : openExport(checkpoint, history);
    ({ page, errors } = await opening);
    await typeInput(page, copied);
    original = inNode(checkpoint, copied);
    await slide(page, "Edited at token", 2);
    await slide(page, "Token", 4);
  });

  test("zeroes, sets, adds to, scales, shakes and clamps a region as the library does", async () => {
    await page.getByRole("spinbutton", { name: "slot", exact: true }).fill("63");
    for (const name of ["zero", "set", "add", "scale", "noise", "clamp"]) {
      await operation(page).selectOption(name);
      if (name !== "zero") await page.getByRole("spinbutton", { name: /^(value|deviation|least)$/ }).fill("0.3");
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
    const patched = async (): Promise<Float32Array> => {
      const bytes = (await saved(page)).map(({ value }) => Buffer.from((value as PackedValues).float32, "base64"));
      return new Float32Array(Uint8Array.from(Buffer.concat(bytes)).buffer);
    };
    await expect.poll(patched).toEqual(whole(original, 5).data); // a patch is read before it is applied
    await compares(page, original, inNode(checkpoint, copied, await saved(page)), 4);

    await from.selectOption("elsewhere");
    const other = "11111111\n00000000";
    await page.getByRole("textbox", { name: "Input" }).last().fill(other);
    await slide(page, "Its token", 1);
    await apply(page);
    const wanted = whole(inNode(checkpoint, other), 1).data;
    const apart = (values: Float32Array) =>
      Math.max(...values.map((value, at) => Math.abs(value - (wanted[at] as number))));
    await expect.poll(async () => apart(await patched())).toBeLessThanOrEqual(tolerance);
    await compares(page, original, inNode(checkpoint, copied, await saved(page)), 4);

    await from.selectOption("history");
    await page.getByRole("spinbutton", { name: "sequence" }).fill("1");
    await apply(page);
    const recorded = Float32Array.from({ length: 128 * 20 }, (_, at) => Math.sin(128 * 20 + at));
    await expect.poll(patched).toEqual(recorded);
    await compares(page, original, inNode(checkpoint, copied, await saved(page)), 4);
    expect(await saved(page)).toHaveLength(1); // each took the place of the one before
    await removeAll(page);
  });

  test("edits where heads look, and parameters", async () => {
    await component(page).selectOption("site write.0.weights");
    await page.getByRole("spinbutton", { name: "slot", exact: true }).fill("63");
    await operation(page).selectOption("scale");
    await page.getByRole("spinbutton", { name: "value" }).fill("0.5");
    await page.getByRole("combobox", { name: "Then sum to 1 along" }).selectOption("slot");
    await apply(page);
    await component(page).selectOption("parameter output.bias");
    await page.getByRole("spinbutton", { name: "axis 0 3", exact: true }).fill("4");
    await page.keyboard.press("Tab");
    const edits = await saved(page);
    expect(edits).toEqual([
      { site: "write.0.weights", step: 2, index: { slot: 63 }, operation: "scale", value: 0.5, renormalise: "slot" },
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
    await expect.poll(() => page.locator(".ts-edits li").count()).toBe(edits.length);
    expect(await saved(page)).toEqual(edits);
    await compares(page, original, inNode(checkpoint, copied, edits), 4);

    const problem = page.getByLabel("Edits").getByRole("alert");
    for (const [text, message] of [
      ['[{"site":"layers.0.attention","step":0,"operation":"set","value":0}]', 'ntm has no site "layers.0.attention"'],
      [
        '[{"site":"memory","step":0,"operation":"set","value":0,"model":"ntm-00000000"}]',
        'it was made for the model "ntm-00000000"',
      ],
      ["{", "edits.json: This file holds no edits: it is no JSON"],
    ] as const) {
      await writeFile(path, text);
      await load.setInputFiles(path);
      await expect.poll(() => problem.innerText()).toContain(message);
      expect(await saved(page)).toEqual(edits);
    }
  });

  test("says what is wrong with an input or a checkpoint, and goes on with the last that was right", async () => {
    await typeInput(page, "10\n01");
    const problem = page.getByLabel("Machine").getByRole("alert");
    await expect.poll(() => problem.innerText()).toBe('A vector of 8 bits such as 10101010 is needed; "10" was given.');
    await typeInput(page, copied);
    await expect.poll(() => problem.count()).toBe(0);
    const path = join(folder, "broken.safetensors");
    await writeFile(path, "not a checkpoint");
    await page.getByLabel("Open a file").setInputFiles(path);
    await expect.poll(() => problem.innerText()).toContain("broken.safetensors is no checkpoint that can be run here");
    await shows(page, "Outputs: original, edited, difference", turned(original), 0);
    expect(errors).toEqual([]);
  });
});

describe.skipIf(browserMissing)("The address of an experiment", () => {
  const checkpoint = "ntm-copy.safetensors";

  test("holds what is to be edited; a slot that is marked is marked in every comparison", async () => {
    const { page, errors } = await open("experiment&token=2&slot=3", checkpoint);
    await page.getByLabel("Component").selectOption("site read.0.weights");
    await page.getByRole("spinbutton", { name: "slot", exact: true }).fill("7");
    const held = () => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get("target"));
    await expect.poll(held).toContain('"region":{"slot":7}');

    const other = await open(await page.evaluate(() => location.hash.replace("#mode=", "")), checkpoint);
    expect(await other.page.getByLabel("Component").inputValue()).toBe("site read.0.weights");
    expect(await other.page.getByRole("spinbutton", { name: "slot", exact: true }).inputValue()).toBe("7");
    for (const label of ["Memory compared", "Attention compared"]) {
      const plot = other.page.getByLabel(label).locator(".js-plotly-plot");
      const rows = () =>
        plot.evaluate((element) => {
          const { layout } = element as unknown as { layout: { shapes?: { y0: number }[] } };
          return layout.shapes?.filter(({ y0 }) => y0 === 2.5).length;
        });
      await expect.poll(rows).toBe(3);
    }
    expect([...errors, ...other.errors]).toEqual([]);
  });

  test("holds its edits, and a link reopens them; of too many for it the page says that a link leaves them out", async () => {
    const { page, errors } = await open("experiment", checkpoint);
    await typeInput(page, copied);
    await slide(page, "Edited at token", 2);
    await page.getByRole("spinbutton", { name: "slot", exact: true }).fill("63");
    await apply(page);
    const edits = await saved(page);
    const held = () => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get("edits"));
    await expect.poll(held).toBe(JSON.stringify(edits));

    const link = await page.evaluate(() => location.hash.replace("#mode=", ""));
    const other = await open(link, checkpoint);
    expect(await saved(other.page)).toEqual(edits);
    await slide(other.page, "Token", 4);
    await compares(other.page, inNode(checkpoint, copied), inNode(checkpoint, copied, edits), 4);

    await page.evaluate(() => {
      const view = new URLSearchParams(location.hash.slice(1));
      view.set("edits", '[{"site":"layers.0.attention","step":0,"operation":"set","value":0}]');
      location.hash = view.toString();
    });
    const alert = page.getByRole("alert");
    await expect.poll(() => alert.innerText()).toMatch(/^The edits in the address were left out\. Edit 1 of 1: ntm/);
    expect(await saved(page)).toEqual(edits);

    await page.getByRole("spinbutton", { name: "slot", exact: true }).fill("");
    await operation(page).selectOption("patch");
    await apply(page); // 2,560 numbers
    await expect.poll(held).toBeNull();
    expect(await page.getByLabel("Edits").innerText()).toContain("A link to this page leaves these edits out");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(held).toBe(JSON.stringify(edits));
    expect([...errors, ...other.errors]).toEqual([]);
  });

  test("goes with a training history of another model: the page says so, and takes no state from it", async () => {
    const { page, errors } = await open("experiment", checkpoint, join(data, "ttm-multiplication-history"));
    const message =
      /states do not fit this checkpoint, which is of another model: its "model" is "ntm", the history's is "ttm"/;
    await expect.poll(() => page.getByLabel("Machine").innerText()).toMatch(message);
    await operation(page).selectOption("patch");
    await page.getByRole("combobox", { name: "From" }).selectOption("history");
    await expect.poll(() => page.getByLabel("Target").getByRole("alert").innerText()).toMatch(message);
    await apply(page);
    await expect.poll(() => page.getByLabel("Target").getByRole("alert").count()).toBe(2);
    expect(await page.locator(".ts-edits li").count()).toBe(0);
    expect(errors).toEqual([]);
  });
});
