import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { ntm } from "../../src/model/ntm.js";
import { copyTask } from "../../src/tasks/copy.js";
import { useBackend } from "../../src/tensors/backend.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { adam, rmsprop } from "../../src/training/optimizers.js";
import { train } from "../../src/training/train.js";

test.each([
  ["adam", 1000],
  ["rmsprop", 50],
] as const)("training with %s over %i updates never keeps a tensor more", async (name, updates) => {
  await useBackend("cpu");
  const task = copyTask(2);
  const sizes = { slots: 4, word: 3, units: 6, readHeads: 1, writeHeads: 1, initialWeights: "learned" as const };
  const model = ntm({ inputs: task.inputs, outputs: task.outputs, controller: "lstm", ...sizes });
  const counts = new Set<number>();
  const before = tf.memory().numTensors;
  const result = await train(
    {
      model,
      task,
      optimizer: name === "adam" ? adam() : rmsprop(),
      clip: { by: "value", limit: 10 },
      seed: 1,
      updates,
      batch: 1,
      lengths: { shortest: 1, longest: 2 },
    },
    { onProgress: () => void counts.add(tf.memory().numTensors) },
  );
  expect(counts.size).toBe(1);
  disposeTensors(result.parameters);
  expect(tf.memory().numTensors).toBe(before);
});
