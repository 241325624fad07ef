import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCheckpoint, saveCheckpoint } from "../../src/files/checkpoint-file.js";
import { checkModel } from "../../src/model/check-model.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/model/checkpoint.js";
import { drawParameters } from "../../src/model/initialise.js";
import type { Model } from "../../src/model/model.js";
import { ntm } from "../../src/model/ntm.js";
import { useBackend } from "../../src/tensors/backend.js";
import { disposeTensors, linear, tensorOf } from "../../src/tensors/tensors.js";

let folder: string;
beforeAll(async () => {
  await useBackend("cpu");
  folder = await mkdtemp(join(tmpdir(), "tapescope-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A machine as somebody else would write one: it adds up what it is shown. */
function adder(width: number): Model {
  const shapes = { "output.weight": [2, width], "output.bias": [2] };
  return {
    name: "adder",
    metadata: { width: `${width}` },
    inputs: width,
    outputs: 2,
    activation: "sigmoid",
    sites: [{ name: "total", axes: ["input"], shape: [width], about: "the sum of all inputs so far" }],
    shapes,
    fixed: [],
    parameters: (seed) => drawParameters(shapes, seed),
    start: (_parameters, batch) => ({ total: tf.zeros([batch, width]) }),
    step(parameters, state, input, hook) {
      const total = hook("total", tf.add(tensorOf(state, "total"), input));
      return { state: { total }, logits: linear(parameters, "output", total) };
    },
  };
}

describe("a checkpoint of a model of one's own", () => {
  const models = { adder: (metadata: ReadonlyMap<string, string>) => adder(Number(metadata.get("width"))) };

  test("is loaded by the function that makes the model of its metadata", async () => {
    const model = adder(3);
    const parameters = model.parameters(1);
    const path = join(folder, "adder.safetensors");
    await saveCheckpoint(path, { model, parameters, metadata: { task: "sums" } });
    const loaded = await loadCheckpoint(path, { models });
    expect(loaded.model.shapes).toEqual(model.shapes);
    expect(loaded.metadata).toEqual({ model: "adder", width: "3", task: "sums" });
    expect(encodeCheckpoint(loaded)).toEqual(encodeCheckpoint({ model, parameters, metadata: { task: "sums" } }));
    disposeTensors(parameters);
    disposeTensors(loaded.parameters);
  });

  test("that cannot be recorded is refused where its model was not given, saying where to give it", () => {
    const reading: Model["step"] = (parameters, state, input, hook) => {
      input.dataSync();
      return adder(3).step(parameters, state, input, hook);
    };
    const model = { ...adder(3), step: reading };
    const bytes = encodeCheckpoint({ model, parameters: model.parameters(1), metadata: {} });
    expect(() => decodeCheckpoint(bytes)).toThrow(/"model" is "adder"; known models are ntm, nsm, ttm\..*`models`/);
    expect(() => decodeCheckpoint(bytes, { other: () => adder(3) })).toThrow("known models are ntm, nsm, ttm, other.");
    expect(() => decodeCheckpoint(bytes, { adder: () => adder(4) })).toThrow('"output.weight" of shape [2,4]; [2,3]');
  });

  test("may have the name of a model that is known here, which is then left out", () => {
    const model = { ...adder(3), name: "ntm" };
    const bytes = encodeCheckpoint({ model, parameters: model.parameters(1), metadata: {} });
    expect(decodeCheckpoint(bytes, { ntm: () => model }).model).toBe(model);
  });
});

describe("trying a model out", () => {
  const sizes = { inputs: 3, outputs: 2, slots: 5, word: 4, units: 6, readHeads: 1, writeHeads: 1 };
  const small = ntm({ ...sizes, controller: "lstm", initialWeights: "learned" });

  test("counts the parameters of one that is what it says, and leaves no tensor behind", () => {
    const before = tf.memory().numTensors;
    expect(checkModel(adder(3))).toBe(2 * 3 + 2);
    const count = Object.values(small.shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(checkModel(small)).toBe(count);
    expect(tf.memory().numTensors).toBe(before);
  });

  const model = adder(3);
  const [total] = model.sites as [Model["sites"][0]];
  const stepping = (change: (result: ReturnType<Model["step"]>) => object): Partial<Model> => ({
    step: (...given) => change(model.step(...given)) as ReturnType<Model["step"]>,
  });
  test.each<[string, Partial<Model>, string]>([
    ["a site that is declared twice", { sites: [total, total] }, 'the site "total" is declared twice'],
    ["a name that objects have already", { sites: [{ ...total, name: "__proto__" }] }, "needs another name"],
    ["an axis that is a word of edits", { sites: [{ ...total, axes: ["step"] }] }, 'has an axis "step"'],
    ["an axis too few", { sites: [{ ...total, axes: [] }] }, 'the site "total" has the axes [] but the shape [3]'],
    ["a site of another shape", { sites: [{ ...total, shape: [4] }] }, 'passed [2,3] at the site "total"'],
    ["a site that no step passes", { sites: [total, { ...total, name: "top" }] }, 'declares the site "top"'],
    ["a site that is not declared", { sites: [] }, 'has no site "total"'],
    ["numbers in the metadata", { metadata: { width: 3 as unknown as string } }, '"width" is 3; text was expected'],
    ["a parameter that is missing", { parameters: () => ({}) }, 'needs the parameter "output.weight"'],
    ["a fixed parameter that is not there", { fixed: ["bias"] }, 'a parameter "bias" that `shapes` does not name'],
    ["a state of one sequence", { start: () => ({ total: tf.zeros([1, 3]) }) }, 'state "total" is [1,3] at the start'],
    ["a step that loses its state", stepping(({ logits }) => ({ state: {}, logits })), 'a state without "total"'],
    [
      "a step without logits",
      stepping(({ state }) => ({ state })),
      "returns { state, logits }; one of them is missing",
    ],
    ["more logits than outputs", { outputs: 1 }, "returns logits [2,2]; [2,1] was expected"],
  ])("refuses %s", (_what, change, message) => {
    const before = tf.memory().numTensors;
    expect(() => checkModel({ ...model, ...change })).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
