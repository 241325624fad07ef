import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { ask } from "../../src/experiments/ask.js";
import { loadCheckpoint } from "../../src/files/checkpoint-file.js";
import { checkModel } from "../../src/model/check-model.js";
import { drawParameters } from "../../src/model/initialise.js";
import { ntm, paperCopy } from "../../src/model/ntm.js";
import { copyTask } from "../../src/tasks/copy.js";
import { currentBackend, useBackend } from "../../src/tensors/backend.js";
import { namedArray } from "../../src/tensors/named-array.js";
import { toTensor } from "../../src/tensors/transfer.js";
import { rmsprop } from "../../src/training/optimizers.js";
import { train } from "../../src/training/train.js";

// These tests go on from each other: at first no backend is chosen.
describe("Before a backend is chosen", () => {
  const machine = ntm({ ...paperCopy, slots: 4, word: 3, units: 4 });

  const computing: [string, () => unknown][] = [
    ["drawing parameters", () => drawParameters({ "output.weight": [2, 3] }, 1)],
    ["a model's parameters", () => machine.parameters(1)],
    ["checking a model", () => checkModel(machine)],
    ["copying an array into a tensor", () => toTensor(namedArray("a", ["x"], [2], [1, 2]))],
    ["the current backend", () => currentBackend()],
    ["tf.tensor", () => tf.tensor([1, 2])],
    ["tf.zeros", () => tf.zeros([2])],
    ["tf.fill", () => tf.fill([2], 1)],
    ["tf.range", () => tf.range(0, 3)],
    ["tf.linspace", () => tf.linspace(0, 1, 3)],
    ["tf.randomNormal", () => tf.randomNormal([2])],
    ["tf.variable", () => tf.variable(tf.scalar(1))],
  ];

  test.each(computing)("%s says so, and what to do", (_, compute) => {
    expect(compute).toThrow(/^No backend was chosen yet; `await useBackend\(\)` first\.$/);
  });

  test.each(computing)("%s says so too when danfo.js has loaded a cpu backend", (_, compute) => {
    createRequire(import.meta.url)("danfojs-node");
    expect(tf.findBackend("cpu")).not.toBeNull();
    expect(compute).toThrow(/^No backend was chosen yet; `await useBackend\(\)` first\.$/);
  });

  test("a missing file is still what loadCheckpoint complains of, and a checkpoint is loaded, asked and trained on", async () => {
    await expect(loadCheckpoint("none.safetensors")).rejects.toThrow(
      '"none.safetensors" could not be read: there is no such file',
    );
    const both = ["data/ntm-copy.safetensors", "data/ntm-associative-recall.safetensors"];
    const [copy] = await Promise.all(both.map((path) => loadCheckpoint(path))); // at once: one choice is made
    expect(copy && ask(copy, "11000000").right).toBe(true);
    expect(currentBackend()).not.toBe("cpu");
    const training = { model: ntm(paperCopy), task: copyTask(8), optimizer: rmsprop(1e-4), seed: 1 };
    const clip = { by: "value", limit: 10 } as const;
    const { updates } = await train({ ...training, clip, updates: 1, batch: 1, lengths: { shortest: 1, longest: 1 } });
    expect(updates).toBe(1);
  });

  test("a choice that was made stays", async () => {
    await useBackend("cpu");
    await loadCheckpoint("data/ntm-copy.safetensors");
    expect(currentBackend()).toBe("cpu");
  });

  test("choices asked for at once are made one after the other", async () => {
    expect(await Promise.all([useBackend("wasm"), useBackend("cpu"), useBackend("wasm")])).toEqual([
      "wasm",
      "cpu",
      "wasm",
    ]);
    expect(currentBackend()).toBe("wasm");
  });
});
