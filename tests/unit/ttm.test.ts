import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { type Summariser, summarise, summaryWeights } from "../../src/memory/summarise.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/model/checkpoint.js";
import { edit } from "../../src/model/edits.js";
import { run, series } from "../../src/model/run.js";
import { type TtmConfig, ttm } from "../../src/model/ttm.js";
import type { Write } from "../../src/model/ttm-write.js";
import { multiplicationBatch } from "../../src/tasks/multiplication.js";
import { useBackend } from "../../src/tensors/backend.js";
import { select } from "../../src/tensors/named-array.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { lossAndGradients } from "../../src/training/sequence.js";

await useBackend("cpu");

const small: TtmConfig = {
  ...{ tokens: 1, symbols: 13, outputs: 10, features: 8, slots: 5, read: 3, layers: 2, heads: 2, hidden: 12 },
  summariser: "mlp",
  write: "summarise",
};
const { inputs, targets, mask } = multiplicationBatch(
  [
    [27, 4],
    [90, 1],
  ].map(([a, b]) => [a, b] as [number, number]),
  [2, 1],
);
const steps = inputs.shape[0] as number;
const summarisers: readonly Summariser[] = ["mlp", "query", "pooling"];
const writes: readonly Write[] = ["summarise", "erase-add", "concatenate", "none"];
const variants = [
  ...writes.map((write) => ({ ...small, write })),
  ...summarisers.slice(1).map((summariser) => ({ ...small, summariser })),
];

describe.each(variants)("a Token Turing Machine that reads by $summariser and writes by $write", (config) => {
  const model = ttm(config);
  const parameters = model.parameters(3);

  test("passes every site at every step, and all its weights sum to one", () => {
    const { trace, outputs } = run(model, parameters, inputs, { record: ["*"] });
    expect(Object.keys(trace)).toEqual(model.sites.map(({ name }) => name));
    const weights = Object.keys(trace).filter((name) => /weights|attention/.test(name));
    for (const name of weights) {
      const { data, shape } = trace[name] ?? { data: [], shape: [0] };
      const width = shape.at(-1) as number;
      for (let row = 0; row < data.length; row += width) {
        let sum = 0;
        for (let i = row; i < row + width; i++) sum += data[i] as number;
        expect(sum, name).toBeCloseTo(1, 5);
      }
    }
    expect(outputs.shape).toEqual([steps, 2, 10]);
  });

  test("is read back from its checkpoint as the same machine", () => {
    const found = decodeCheckpoint(encodeCheckpoint({ model, parameters, metadata: {} }));
    expect(found.model.metadata).toEqual(model.metadata);
    expect(run(found.model, found.parameters, inputs).outputs).toEqual(run(model, parameters, inputs).outputs);
    disposeTensors(found.parameters);
  });

  test("gives a finite gradient for every parameter that it trains", () => {
    const { loss, gradients } = lossAndGradients(model, parameters, { inputs, targets, mask });
    expect(Number.isFinite(loss)).toBe(true);
    expect(Object.keys(gradients)).toEqual(Object.keys(model.shapes).filter((name) => !model.fixed.includes(name)));
    for (const [name, tensor] of Object.entries(gradients)) {
      expect(tensor.dataSync().every(Number.isFinite), name).toBe(true);
    }
    disposeTensors(gradients);
  });
});

describe("memory of a Token Turing Machine", () => {
  test("carries what was shown to later steps; without writing nothing is carried", () => {
    const other = multiplicationBatch(
      [
        [99, 4],
        [90, 1],
      ],
      [2, 1],
    ).inputs; // differs in the first two steps only
    const last = (write: Write, from: typeof inputs) => {
      const model = ttm({ ...small, write });
      const parameters = model.parameters(3);
      const { outputs } = run(model, parameters, from);
      disposeTensors(parameters);
      return select(outputs, { step: steps - 1, batch: 0 }).data;
    };
    for (const write of writes) {
      if (write === "none") expect(last(write, other)).toEqual(last(write, inputs));
      else expect(last(write, other), write).not.toEqual(last(write, inputs));
    }
  });

  test.each(["mlp", "query"] as const)("summarised by %s begins by keeping what each slot holds", (summariser) => {
    const model = ttm({ ...small, summariser });
    const parameters = model.parameters(3);
    const weights = series(run(model, parameters, inputs, { record: ["write.weights"] }), "write.weights");
    for (let slot = 0; slot < small.slots; slot++) {
      const kept = select(weights, { slot, source: slot }).data;
      expect(Math.min(...kept)).toBeGreaterThan(0.8);
    }
    disposeTensors(parameters);
  });

  test("written by concatenation keeps the newest tokens, first in, first out", () => {
    const model = ttm({ ...small, write: "concatenate" });
    const parameters = model.parameters(3);
    const result = run(model, parameters, inputs, { record: ["memory", "output.tokens"] });
    const memory = select(series(result, "memory"), { step: 1 }).data;
    const tokens = series(result, "output.tokens"); // 3 at each step; 5 slots hold the last 2 of step 0 and all of step 1
    const expected = [...select(tokens, { step: 0 }).data.slice(8), ...select(tokens, { step: 1 }).data];
    expect([...memory]).toEqual(expected);
    disposeTensors(parameters);
  });

  test("can be edited like any other site, and only later steps notice", () => {
    const model = ttm(small);
    const parameters = model.parameters(3);
    const plain = run(model, parameters, inputs).outputs;
    const changed = run(model, parameters, inputs, { edits: [edit("memory", { step: 2, slot: 1 }).set(3)] }).outputs;
    for (let step = 0; step < steps; step++) {
      const [a, b] = [select(plain, { step }).data, select(changed, { step }).data];
      if (step <= 2) expect(b).toEqual(a);
    }
    expect(select(changed, { step: 3 }).data).not.toEqual(select(plain, { step: 3 }).data);
    disposeTensors(parameters);
  });
});

test("pooling takes even means of neighbours that together cover every token", () => {
  const tokens = tf.reshape(tf.range(0, 10), [1, 5, 2]);
  const weights = summaryWeights("pooling", {}, "read", tokens, 2);
  expect(weights.arraySync()).toEqual([
    [[1 / 3, 1 / 3, 1 / 3, 0, 0].map(Math.fround), [0, 0, 1 / 3, 1 / 3, 1 / 3].map(Math.fround)],
  ]);
  const [first] = summarise(weights, tokens).arraySync() as number[][][];
  expect(first?.[0]?.[0]).toBeCloseTo(2, 6); // the mean of 0, 2 and 4
});

test("sizes that make no sense are refused", () => {
  expect(() => ttm({ ...small, slots: 0 })).toThrow("slots is a whole number of 1 to 1000000; 0 was given");
  expect(() => ttm({ ...small, heads: 3 })).toThrow("3 heads do not divide 8 features");
  expect(() => ttm({ ...small, read: 7 })).toThrow("7 tokens cannot be read from 5 memory and 1 input tokens");
});
