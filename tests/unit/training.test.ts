import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { ntm } from "../../src/model/ntm.js";
import { duration, progressText } from "../../src/notebook/train-here.js";
import { copyTask } from "../../src/tasks/copy.js";
import { useBackend } from "../../src/tensors/backend.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, type Tensors } from "../../src/tensors/tensors.js";
import { evaluate } from "../../src/training/evaluate.js";
import { logFromCsv, logToCsv } from "../../src/training/log.js";
import { adam, clipGradients, type Optimizer, rmsprop } from "../../src/training/optimizers.js";
import { lossAndGradients } from "../../src/training/sequence.js";
import { type Training, type TrainingResult, train } from "../../src/training/train.js";

beforeAll(() => useBackend("cpu"));

const task = copyTask(2);
const model = ntm({
  inputs: 3,
  outputs: 2,
  slots: 4,
  word: 3,
  controller: "feedforward",
  units: 8,
  readHeads: 1,
  writeHeads: 1,
  initialWeights: "learned",
});
const training: Training = {
  model,
  task,
  optimizer: adam(0.02),
  clip: { by: "norm", limit: 10 },
  seed: 1,
  updates: 4,
  batch: 4,
  lengths: { shortest: 1, longest: 2 },
};
const numbersOf = (tensors: Tensors) => Object.entries(tensors).map(([name, tensor]) => [name, [...tensor.dataSync()]]);
const outcome = (result: TrainingResult) => {
  const numbers = numbersOf(result.parameters);
  disposeTensors(result.parameters);
  return { numbers, log: result.log.map(({ seconds: _, ...row }) => row), ended: result.ended };
};

/** Two updates of one number with the gradients 0.5 and −2. */
function twoUpdates(optimizer: Optimizer): number {
  return tf.tidy(() => {
    let parameters: Tensors = { x: tf.tensor1d([1]) };
    let memory = optimizer.start(parameters);
    for (const gradient of [0.5, -2]) {
      const next = optimizer.update(parameters, { x: tf.tensor1d([gradient]) }, memory);
      parameters = next.parameters;
      memory = next.memory;
    }
    return parameters.x?.dataSync()[0] as number;
  });
}

describe("optimisers", () => {
  test("Adam updates as algorithm 1 of Kingma and Ba says", () => {
    let [x, mean, square] = [1, 0, 0];
    [0.5, -2].forEach((gradient, index) => {
      mean = 0.9 * mean + 0.1 * gradient;
      square = 0.999 * square + 0.001 * gradient ** 2;
      x -= (0.1 * mean) / (1 - 0.9 ** (index + 1)) / (Math.sqrt(square / (1 - 0.999 ** (index + 1))) + 1e-8);
    });
    expect(twoUpdates(adam(0.1))).toBeCloseTo(x, 5);
  });

  test("RMSProp updates as equations 38 to 41 of Graves say", () => {
    let [x, mean, square, velocity] = [1, 0, 0, 0];
    for (const gradient of [0.5, -2]) {
      square = 0.95 * square + 0.05 * gradient ** 2;
      mean = 0.95 * mean + 0.05 * gradient;
      velocity = 0.9 * velocity - (0.1 * gradient) / Math.sqrt(square - mean ** 2 + 1e-4);
      x += velocity;
    }
    expect(twoUpdates(rmsprop(0.1))).toBeCloseTo(x, 5);
  });

  test("clipping by norm shortens all gradients together, by value each number", () => {
    const clipped = (by: "norm" | "value", limit: number) =>
      tf.tidy(() => numbersOf(clipGradients({ a: tf.tensor1d([3, 0]), b: tf.tensor1d([-4]) }, { by, limit })));
    expect(clipped("norm", 10)).toEqual([
      ["a", [3, 0]],
      ["b", [-4]],
    ]);
    expect(clipped("norm", 2.5)).toEqual([
      ["a", [1.5, 0]],
      ["b", [-2]],
    ]);
    expect(clipped("value", 1)).toEqual([
      ["a", [1, 0]],
      ["b", [-1]],
    ]);
  });
});

test("gradients are the slopes of the loss", () => {
  const batch = task.draw(random(2), 2, 3);
  const parameters = model.parameters(5);
  const { gradients } = lossAndGradients(model, parameters, batch);
  const lossAt = (name: string, index: number, change: number): number => {
    const moved = Float32Array.from(parameters[name]?.dataSync() ?? []);
    moved[index] = (moved[index] as number) + change;
    const tensor = tf.tensor(moved, parameters[name]?.shape);
    const result = lossAndGradients(model, { ...parameters, [name]: tensor }, batch);
    disposeTensors({ ...result.gradients, tensor });
    return result.loss;
  };
  for (const name of ["controller.weight", "read.0.weight", "write.0.bias", "output.weight"]) {
    const slope = (lossAt(name, 1, 0.01) - lossAt(name, 1, -0.01)) / 0.02;
    expect(gradients[name]?.dataSync()[1]).toBeCloseTo(slope, 3);
  }
  disposeTensors(gradients);
  disposeTensors(parameters);
});

describe("training", () => {
  test("gives the same parameters and log for the same settings, others for another seed", async () => {
    const first = outcome(await train(training));
    expect(outcome(await train(training))).toEqual(first);
    expect(outcome(await train({ ...training, seed: 2 }))).not.toEqual(first);
    expect(first.log.at(-1)).toMatchObject({ update: 4, sequences: 16 });
  });

  test("leaves what is fixed as it was and frees every tensor but the result", async () => {
    const before = tf.memory().numTensors;
    const { parameters } = await train(training);
    expect(parameters["memory.init"]?.dataSync().every((value) => value === Math.fround(1e-6))).toBe(true);
    disposeTensors(parameters);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("stops after the update under way when told to, keeping what it has", async () => {
    const stop = new AbortController();
    const onProgress = ({ update }: { update: number }) => (update === 2 ? stop.abort() : undefined);
    const stopped = await train({ ...training, updates: 100 }, { signal: stop.signal, onProgress });
    expect(stopped).toMatchObject({ ended: "interrupted", updates: 2 });
    expect(outcome(stopped).numbers).toEqual(outcome(await train({ ...training, updates: 2 })).numbers);
  });

  test("that diverges ends with the last parameters that gave a finite loss", async () => {
    const result = await train({ ...training, optimizer: adam(1e30), updates: 20 });
    expect(result.ended).toBe("diverged");
    const { loss, gradients } = lossAndGradients(model, result.parameters, task.draw(random(3), 2, 4));
    expect(loss).toSatisfy(Number.isFinite);
    disposeTensors(gradients);
    disposeTensors(result.parameters);
  });

  test("refuses settings that make no sense, before anything is drawn", async () => {
    await expect(train({ ...training, task: copyTask(3) })).rejects.toThrow(
      "copy has 4 inputs and 3 outputs, but the model ntm has 3 and 2",
    );
    await expect(train({ ...training, batch: 0 })).rejects.toThrow(
      '"batch" is a whole number of at least 1; 0 was given',
    );
    await expect(train({ ...training, optimizer: adam(-1) })).rejects.toThrow("learning rate is above 0; -1 was given");
    const lengths = { shortest: 3, longest: 2 };
    await expect(train({ ...training, lengths })).rejects.toThrow("from shortest to longest; 3 to 2 was given");
  });
});

test("evaluation counts wrong bits and cost per sequence, whatever the batches", () => {
  const parameters = model.parameters(1);
  const blind = Object.fromEntries(Object.entries(parameters).map(([name, one]) => [name, tf.zerosLike(one)]));
  const result = evaluate(model, blind, task, { length: 3, sequences: 60, seed: 4 });
  // All outputs are one half: one bit of cost for each of 3 × 2 bits, and rounding to zero misses the ones.
  expect(result.crossEntropyBitsPerSequence).toBeCloseTo(6, 4);
  expect(result.wrongBitsPerSequence).toBeGreaterThan(2);
  expect(result.wrongBitsPerSequence).toBeLessThan(4);
  expect(() => evaluate(model, blind, copyTask(4), { length: 1, sequences: 1, seed: 1 })).toThrow("copy has 5 inputs");
  disposeTensors(parameters);
  disposeTensors(blind);
});

test("a log written as CSV reads back, and another file is refused with the line that is wrong", () => {
  const log = [{ update: 50, sequences: 800, bitsPerAnswer: 0.5, bitsPerSequence: 80.25, seconds: 12.5 }];
  expect(logFromCsv(logToCsv(log))).toEqual(log);
  expect(() => logFromCsv(logToCsv([...log, ...log]))).toThrow("Line 3 of the training log");
  expect(() => logFromCsv("a,b\n1,2\n")).toThrow('it begins with "a,b"');
  for (const damaged of ["half", "", " ", "0x1", "NaN", "1e+999", "-1"]) {
    expect(() => logFromCsv(logToCsv(log).replace("0.5", damaged))).toThrow("Line 2 of the training log");
  }
});

test("the progress line tells how far, the loss, the speed and the time left", () => {
  const progress = {
    update: 1200,
    updates: 8000,
    longest: 20,
    bitsPerAnswer: 0.25,
    seconds: 600,
    log: [],
    parameters: {},
  };
  expect(progressText("copy", progress)).toBe(
    "copy: 1,200/8,000 (15 %), 0.2500 bits lost per answer bit, 2.0 updates/s, 56 min 40 s left",
  );
  expect(progressText("copy", { ...progress, update: 100 })).toContain("6.0 s/update, 13 h 10 min left");
  expect(duration(8)).toBe("8 s");
});
