// Machines whose steps are unlike those of the library: replayed, kept and loaded again, they give what their operations give.
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/model/checkpoint.js";
import { edit } from "../../src/model/edits.js";
import type { Model } from "../../src/model/model.js";
import { ntm } from "../../src/model/ntm.js";
import { type Run, run, runRefusal } from "../../src/model/run.js";
import { explorer } from "../../src/notebook/explorer.js";
import { useBackend } from "../../src/tensors/backend.js";
import { namedArray } from "../../src/tensors/named-array.js";
import { readSafetensors } from "../../src/tensors/safetensors.js";
import { tensorOf } from "../../src/tensors/tensors.js";
import { evaluate } from "../../src/training/evaluate.js";

await useBackend("cpu");
const replayAgain = () => void vi.stubEnv("TAPESCOPE_BACKEND", "");
replayAgain();
afterEach(replayAgain);
afterAll(() => void vi.unstubAllEnvs());

type State = Readonly<Record<string, tf.Tensor>>;

/** A machine of one state, and what becomes of it. */
function machine(start: (batch: number) => State, step: (state: State, input: tf.Tensor) => State): Model {
  return {
    ...{ name: "own", metadata: {}, inputs: 2, outputs: 2, activation: "sigmoid", shapes: {}, fixed: [] },
    sites: [{ name: "seen", axes: ["input"], shape: [2], about: "what is shown" }],
    parameters: () => ({}),
    start: (_, batch) => start(batch),
    step(_, state, input, hook) {
      const next = step(state as State, hook("seen", input));
      const sums = Object.values(next).map((one) =>
        tf.sum(
          tf.cast(one, "float32"),
          one.shape.slice(1).map((_, i) => i + 1),
        ),
      );
      return { state: next, logits: tf.add(input, tf.mul(0.01, tf.reshape(tf.addN(sums), [-1, 1]))) };
    },
  };
}

const inputs = namedArray("inputs", ["step", "batch", "input"], [4, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
const edits = [edit("seen", { step: 1 }).add(0.5)];
const ran = (model: Model): Run => run(model, {}, inputs, { record: ["*"], edits });
const eagerly = (model: Model): Run => {
  vi.stubEnv("TAPESCOPE_BACKEND", "cpu");
  const found = ran(model);
  replayAgain();
  return found;
};
const kept = (model: Model) => decodeCheckpoint(encodeCheckpoint({ model, parameters: {}, metadata: {} })).model;
const expectClose = (found: Run, wanted: Run) => {
  for (const [i, value] of wanted.logits.data.entries()) expect(found.logits.data[i]).toBeCloseTo(value, 4);
};

const wide = (value: tf.Tensor, width: number) => tf.tile(tf.reshape(value, [-1, 1]), [1, width]);
describe("a state that changes its size once", () => {
  test.each([
    ["grows", 3, 700],
    ["shrinks", 700, 3],
  ])("%s, and is replayed and kept", (_what, before, after) => {
    const model = machine(
      (batch) => ({ w: tf.ones([batch, before]), last: tf.zeros([batch, 5]) }),
      ({ w, last }, input) => ({
        w: wide(tf.add(tf.mean(w as tf.Tensor, 1), tf.sum(input, 1)), after),
        last: tf.add(last as tf.Tensor, 1),
      }),
    );
    const wanted = eagerly(model);
    expectClose(ran(model), wanted);
    expect(runRefusal(model)).toBeUndefined();
    expect(ran(kept(model))).toEqual(ran(model));
  });
});

describe("a step that cannot be replayed rightly runs as it is, and its checkpoint says why it is kept without", () => {
  const refusing: Record<string, [Model, RegExp]> = {
    "whole numbers in a state": [
      machine(
        (batch) => ({ n: tf.fill([batch, 1], 7, "int32") }),
        ({ n }) => ({ n: tf.div(n as tf.Tensor, tf.scalar(2, "int32")) }),
      ),
      /The state "n" of own is int32/,
    ],
    "a state that goes on growing": [
      machine(
        (batch) => ({ w: tf.ones([batch, 1]) }),
        ({ w }, input) => ({ w: tf.concat([w as tf.Tensor, input], 1) }),
      ),
      /changes its names or shapes from step to step/,
    ],
  };
  test.each(Object.entries(refusing))("%s", async (_what, [model, why]) => {
    expect(ran(model)).toEqual(eagerly(model));
    expect(runRefusal(model)).toMatch(why);
    const checkpoint = { model, parameters: {}, metadata: {} };
    expect(() => decodeCheckpoint(encodeCheckpoint(checkpoint))).toThrow(why);
    expect(decodeCheckpoint(encodeCheckpoint(checkpoint), { own: () => model }).model).toBe(model);
    await expect(explorer({ checkpoint })).rejects.toThrow(why);
  });

  test("a step that fails for one sequence alone", () => {
    const model = machine(
      (batch) => ({ w: tf.ones([batch, 1]) }),
      ({ w }) => ({ w: tf.slice(w as tf.Tensor, [0, 0], [2, 1]) }),
    );
    const bytes = encodeCheckpoint({ model, parameters: {}, metadata: {} });
    expect(readSafetensors(bytes).metadata.get("tapescope.recording.refusal")).not.toBe("");
  });
});

describe("a model that is nearly one of the library", () => {
  const sizes = { inputs: 2, outputs: 2, slots: 4, word: 3, units: 4, readHeads: 1, writeHeads: 1 };
  const plain = ntm({ ...sizes, controller: "lstm", initialWeights: "learned" });
  const louder: Model["step"] = (...given) => {
    const { state, logits } = plain.step(...given);
    return { state, logits: tf.mul(logits, 5) };
  };
  test.each<[string, Partial<Model>]>([
    ["whose step does something else", { step: louder }],
    ["whose answers are read otherwise", { activation: "softmax" }],
  ])("%s is kept as what it is", (_what, change) => {
    const model = { ...plain, ...change };
    const parameters = plain.parameters(1);
    const again = decodeCheckpoint(encodeCheckpoint({ model, parameters, metadata: {} }));
    expect(run(again.model, again.parameters, inputs)).toEqual(run(model, parameters, inputs));
  });

  test("keeps metadata of any names, its own as well as the reader's", () => {
    const metadata = { recording: "take 3", note: "of somebody" };
    for (const model of [plain, { ...plain, step: louder }]) {
      const again = decodeCheckpoint(encodeCheckpoint({ model, parameters: plain.parameters(1), metadata }));
      expect(again.metadata).toMatchObject(metadata);
    }
  });
});

test("a recording is evaluated, sequence by sequence, as its code is", () => {
  const model = machine(
    (batch) => ({ total: tf.zeros([batch, 2]) }),
    (state, input) => ({ total: tf.add(tensorOf(state, "total"), input) }),
  );
  const draw = (source: { normal(): number }, length: number, batch: number) => {
    const numbers = (width: number) => Float32Array.from({ length: length * batch * width }, () => source.normal());
    const array = (name: string, axes: string[], shape: number[], data: Float32Array) =>
      namedArray(name, axes, shape, data);
    return {
      inputs: array("inputs", ["step", "batch", "input"], [length, batch, 2], numbers(2)),
      targets: array(
        "targets",
        ["step", "batch", "output"],
        [length, batch, 2],
        numbers(2).map((x) => Number(x > 0)),
      ),
      mask: array("mask", ["step", "batch"], [length, batch], new Float32Array(length * batch).fill(1)),
    };
  };
  const task = { name: "any", inputs: 2, outputs: 2, draw };
  const of = (one: Model, sequences: number) => evaluate(one, {}, task, { length: 3, sequences, seed: 1 });
  expect(of(kept(model), 1)).toEqual(of(model, 1));
  expect(of(kept(model), 3).sequences).toBe(3);
});
