import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Model } from "../../src/model/model.js";
import { nsm } from "../../src/model/nsm.js";
import { ntm } from "../../src/model/ntm.js";
import { run } from "../../src/model/run.js";
import { duration, progressText } from "../../src/notebook/train-here.js";
import { copyTask } from "../../src/tasks/copy.js";
import { recallTask } from "../../src/tasks/recall.js";
import type { Task } from "../../src/tasks/task.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, select } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, type Tensors } from "../../src/tensors/tensors.js";
import { openHistory } from "../../src/tracker/history.js";
import { stateTracker } from "../../src/tracker/state-tracker.js";
import { evaluate } from "../../src/training/evaluate.js";
import { logFromCsv, logToCsv } from "../../src/training/log.js";
import { adam, clipGradients, type Optimizer, rmsprop } from "../../src/training/optimizers.js";
import { constant, cosine } from "../../src/training/schedule.js";
import { lossAndGradients } from "../../src/training/sequence.js";
import { type Training, type TrainingResult, train } from "../../src/training/train.js";
import { memoryStorage } from "../history-storage.js";

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

/** A Neural State Machine that takes a fraction of a second. */
function smallNsm({ inputs, outputs }: Task): Model {
  const memory = { slots: 3, word: 4, readHeads: 1, writeHeads: 1 };
  return nsm({
    tokens: 6,
    symbols: inputs / 6,
    states: 2,
    features: 8,
    heads: 2,
    gates: "gru",
    outputs,
    pruned: [],
    ...memory,
  });
}

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

describe("the cosine schedule", () => {
  const anyWarmUp = fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 0.9, noNaN: true }));
  const share = fc.double({ min: 0, max: 1, noNaN: true });

  test("rises from 0 in a straight line, is 1 at the end of it, one half midway from there, and 0 at the end", () => {
    fc.assert(
      fc.property(anyWarmUp, share, (warmUp, part) => {
        const factor = cosine(warmUp);
        if (warmUp > 0 && part < 1) expect(factor(part * warmUp)).toBeCloseTo(part, 9);
        expect(factor(warmUp)).toBe(1);
        expect(factor((warmUp + 1) / 2)).toBeCloseTo(0.5, 9);
        expect(factor(1)).toBeCloseTo(0, 9);
      }),
    );
    expect(cosine()(0)).toBe(0);
    expect(cosine()(0.02)).toBe(1);
    expect(cosine()(0.01)).toBeCloseTo(0.5, 9);
  });

  test("stays between 0 and 1, never falls while it warms up, and never rises after", () => {
    fc.assert(
      fc.property(anyWarmUp, share, share, (warmUp, one, other) => {
        const factor = cosine(warmUp);
        const [earlier, later] = [Math.min(one, other), Math.max(one, other)];
        for (const done of [earlier, later]) {
          expect(factor(done)).toBeGreaterThanOrEqual(0);
          expect(factor(done)).toBeLessThanOrEqual(1);
        }
        if (later <= warmUp) expect(factor(later)).toBeGreaterThanOrEqual(factor(earlier));
        if (earlier >= warmUp) expect(factor(later)).toBeLessThanOrEqual(factor(earlier));
      }),
    );
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

  test("is given the part that is done and follows the schedule: constant without one, still where it is 0", async () => {
    const parts: number[] = [];
    const still = outcome(await train({ ...training, schedule: (done) => 0 * parts.push(done) }));
    expect(parts).toEqual([0, 0.25, 0.5, 0.75]);
    const untouched = model.parameters(training.seed);
    expect(still.numbers).toEqual(numbersOf(untouched));
    disposeTensors(untouched);
    expect(outcome(await train({ ...training, schedule: constant }))).toEqual(outcome(await train(training)));
    const halved = outcome(await train({ ...training, schedule: () => 0.5 }));
    expect(halved).toEqual(outcome(await train({ ...training, optimizer: adam(0.01) })));
  });

  test("of a Neural State Machine lowers its loss on stories that it sees again", async () => {
    const stories = recallTask().draw(random(2), 2, 4);
    const same: Task = { ...recallTask(), draw: () => stories };
    const machine = smallNsm(same);
    const lossOf = (parameters: Tensors): number => {
      const { loss, gradients } = lossAndGradients(machine, parameters, stories);
      disposeTensors(gradients);
      return loss;
    };
    const start = machine.parameters(training.seed);
    const settings = { ...training, model: machine, task: same, optimizer: adam(0.03), updates: 8 };
    const { parameters } = await train({ ...settings, lengths: { shortest: 2, longest: 2 } });
    expect(lossOf(parameters)).toBeLessThan(0.7 * lossOf(start));
    disposeTensors(start);
    disposeTensors(parameters);
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

  test.each(["replayed", "eager"] as const)(
    "that is tracked is the same, and its history is what happened, %s",
    async (how) => {
      const storage = memoryStorage();
      const tracker = await stateTracker({ model, storage, samplingRate: 0.5, sequences: 2, warn: () => {} });
      const settings = { ...training, lengths: { shortest: 1, longest: 1 } };
      const before = tf.memory().numTensors;
      const result = await train(settings, { how, tracking: { tracker, epoch: 2 } });
      const last = numbersOf(result.parameters);
      expect(outcome(result)).toEqual(outcome(await train(settings, { how })));
      expect(tf.memory().numTensors).toBe(before);

      const history = await openHistory(storage);
      expect(history.getAvailableEpochs()).toEqual([0, 1]);
      const [batch = 0] = history.getAvailableBatches(1);
      expect(history.getAvailableBatches(1)).toHaveLength(1);
      // The parameters before that update: those of a training that ended there.
      const earlier = await train({ ...settings, updates: 2 + batch }, { how });
      const source = random(training.seed);
      const drawn = Array.from({ length: 3 + batch }, () => [source.integer(1, 1), task.draw(source, 1, 4)] as const);
      const sequences = (drawn.at(-1) as (typeof drawn)[number])[1];
      const expected = run(model, earlier.parameters, sequences.inputs, { record: ["*"] });
      for (const { name } of model.sites) {
        for (const token of history.getAvailableTokens(1, batch)) {
          const state = await history.getState(1, batch, token, name);
          const wanted = select(expected.trace[name] as NamedArray, { step: token });
          const size = state.data.length;
          expect(size).toBe(wanted.data.length / 2);
          state.data.forEach((value, i) => {
            expect(value).toBeCloseTo(wanted.data[i] as number, 5);
          });
        }
      }
      const { gradients } = lossAndGradients(model, earlier.parameters, sequences);
      const gradient = await history.getGradient(1, batch, "output.weight");
      gradient.data.forEach((value, i) => {
        expect(value).toBeCloseTo(gradients["output.weight"]?.dataSync()[i] as number, 5);
      });
      const after = batch === 1 ? last : outcome(await train({ ...settings, updates: 3 }, { how })).numbers;
      for (const [name, values] of after) {
        expect([...(await history.getParameter(1, batch, name as string)).data]).toEqual(values);
      }
      disposeTensors(gradients);
      disposeTensors(earlier.parameters);
    },
  );

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

describe("evaluation of one answer of many", () => {
  /** Answers with what it is shown. */
  const echo: Model = {
    ...{ name: "echo", metadata: {}, inputs: 3, outputs: 3, activation: "softmax", sites: [], shapes: {}, fixed: [] },
    parameters: () => ({}),
    start: () => ({}),
    step: (_parameters, state, input) => ({ state, logits: tf.clone(input) }),
  };
  const shows = (inputs: readonly number[]): Task => ({
    ...{ name: "shown", inputs: 3, outputs: 3 },
    draw: () => ({
      inputs: namedArray("inputs", ["step", "batch", "input"], [2, 2, 3], inputs),
      targets: namedArray("targets", ["step", "batch", "output"], [2, 2, 3], [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]),
      mask: namedArray("mask", ["step", "batch"], [2, 2], [1, 0, 1, 1]),
    }),
  });
  const options = { length: 2, sequences: 2, seed: 1 };

  test("counts the answers that are the likeliest choice, and their cost, where the mask says so", () => {
    // Right, not asked, wrong, right: with logits a, b, c the cost of a is log(exp(a) + exp(b) + exp(c)) − a.
    const result = evaluate(echo, {}, shows([2, 1, 0, 9, 0, 0, 1, 0, 0, -1, 0, 3]), options);
    const cost = (logits: number[], at: number) =>
      Math.log2(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - (logits[at] as number) / Math.LN2;
    expect(result).toMatchObject({ answers: 3, accuracy: 2 / 3 });
    expect(result.crossEntropyBitsPerSequence).toBeCloseTo(
      (cost([2, 1, 0], 0) + cost([1, 0, 0], 1) + cost([-1, 0, 3], 2)) / 2,
      5,
    );
    expect(result).not.toHaveProperty("wrongBitsPerSequence");
  });

  test("gives no accuracy where the outputs are no numbers, for no answer was given", () => {
    const result = evaluate(echo, {}, shows([2, 1, 0, 9, 0, 0, Number.NaN, 0, 0, -1, 0, 3]), options);
    expect(result.accuracy).toBeNaN();
    expect(result.crossEntropyBitsPerSequence).toBeNaN();
  });

  test("of a Neural State Machine agrees with its outputs, read one by one, whatever the batches", () => {
    const task = recallTask();
    const machine = smallNsm(task);
    const parameters = machine.parameters(3);
    const result = evaluate(machine, parameters, task, { length: 2, sequences: 60, seed: 4 });
    const source = random(4);
    let right = 0;
    let answers = 0;
    for (const batch of [50, 10]) {
      const { inputs, targets, mask } = task.draw(source, 2, batch);
      const { outputs } = run(machine, parameters, inputs);
      mask.data.forEach((counts, row) => {
        const [given, wanted] = [outputs, targets].map(({ data }) => [...data.subarray(row * 10, row * 10 + 10)]) as [
          number[],
          number[],
        ];
        if (counts && given.indexOf(Math.max(...given)) === wanted.indexOf(1)) right++;
        answers += counts;
      });
    }
    expect(result).toMatchObject({ task: "recall", length: 2, sequences: 60, answers, accuracy: right / answers });
    disposeTensors(parameters);
  });
});

test("a log written as CSV reads back, and another file is refused with the line that is wrong", () => {
  const log = [{ update: 50, sequences: 800, bitsPerAnswer: 0.5, bitsPerSequence: 80.25, seconds: 12.5, right: 0.75 }];
  expect(logFromCsv(logToCsv(log))).toEqual(log);
  const early = logToCsv(log).replace(/,right|,0\.75/g, "");
  expect(logFromCsv(early)).toEqual([{ ...log[0], right: Number.NaN }]);
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
