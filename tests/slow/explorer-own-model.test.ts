import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer } from "../../src/dashboard/server.js";
import { loadCheckpoint, saveCheckpoint } from "../../src/files/checkpoint-file.js";
import { edit } from "../../src/model/edits.js";
import { drawParameters } from "../../src/model/initialise.js";
import type { Model } from "../../src/model/model.js";
import { run, series } from "../../src/model/run.js";
import { taskInputOf } from "../../src/tasks/typed-tasks.js";
import { useBackend } from "../../src/tensors/backend.js";
import { select } from "../../src/tensors/named-array.js";
import { linear, tensorOf } from "../../src/tensors/tensors.js";
import { browserMissing, launchBrowser, openPage } from "./browser.js";
import { shows } from "./explorer-page.js";

/** A machine that the library does not know: a queue, into which each step pushes what it is shown. */
const [symbols, slots, word] = [3, 4, 5];
const shapes = {
  "pushed.weight": [word, symbols],
  "pushed.bias": [word],
  "output.weight": [2, word],
  "output.bias": [2],
};
const queue: Model = {
  ...{ name: "queue", metadata: {}, inputs: symbols, outputs: 2, activation: "softmax", shapes, fixed: [] },
  sites: [{ name: "memory", axes: ["slot", "word"], shape: [slots, word], about: "newest first" }],
  parameters: (seed) => drawParameters(shapes, seed),
  start: (_, batch) => ({ memory: tf.zeros([batch, slots, word]) }),
  step(parameters, state, input, hook) {
    const pushed = tf.tanh(linear(parameters, "pushed", input));
    const older = tf.slice(tensorOf(state, "memory"), [0, 0, 0], [-1, slots - 1, -1]);
    const memory = hook("memory", tf.concat([tf.expandDims(pushed, 1), older], 1));
    return { state: { memory }, logits: linear(parameters, "output", tf.mean(memory, 1)) };
  },
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tapescope-own-"));
  await useBackend();
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(browserMissing)("The page runs a machine of the reader's own", () => {
  test("from its checkpoint alone: answers, memory and an edit are those of its code", async () => {
    const path = join(folder, "queue.safetensors");
    const metadata = { task: "parity", symbols: "a b ?", answers: "odd even", examples: "a b a ?=even" };
    await saveCheckpoint(path, { model: queue, parameters: queue.parameters(1), metadata });
    const known = await loadCheckpoint(path, { models: { queue: () => queue } });
    expect(known.model).toBe(queue);
    const { inputs } = taskInputOf(known).read(metadata.examples, known).batch;
    const edits = [edit("memory", { step: 1, slot: 0 }).set(2)];
    const [plain, edited] = [[], edits].map((some) => {
      return run(queue, known.parameters, inputs, { record: ["memory"], edits: some });
    }) as [ReturnType<typeof run>, ReturnType<typeof run>];

    const server = await startServer({
      places: { model: path },
      host: "127.0.0.1",
      port: 0,
      debug: false,
      log: () => {},
    });
    const browser = await launchBrowser();
    try {
      const page = await openPage(browser, { viewport: { width: 1200, height: 1000 } });
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(`${server.address}#mode=experiment&token=2&edits=${encodeURIComponent(JSON.stringify(edits))}`);
      const memory = (result: typeof plain): Float32Array => select(series(result, "memory"), { step: 2 }).data;
      await shows(page, "memory at token 2", memory(plain), 0);
      await shows(page, "memory at token 2", memory(edited), 1);
      await page.getByRole("tab", { name: "Inference" }).click();
      await shows(page, "memory after token 2", memory(plain));
      const heads = await page.locator(".ts-answers thead th.ts-number").allInnerTexts();
      expect(heads).toEqual(["odd", "even"]);
      const shown = page.locator(".ts-answers tbody td.ts-number");
      const wanted = select(plain.outputs, { step: 3, batch: 0 }).data;
      for (const [column, probability] of wanted.entries()) {
        expect(Number(await shown.nth(column).getAttribute("title"))).toBeCloseTo(probability, 5);
      }
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
