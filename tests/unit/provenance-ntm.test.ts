import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  memoryFound,
  outputContributions,
  readContributions,
  slotContributions,
} from "../../src/analysis/read-provenance.js";
import { type Edit, edit, editParameter } from "../../src/model/edits.js";
import { type NtmConfig, ntm } from "../../src/model/ntm.js";
import { type Run, run, series } from "../../src/model/run.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, select, slice } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, type Tensors, tensorOf } from "../../src/tensors/tensors.js";
import { fromTensor } from "../../src/tensors/transfer.js";

// The identities of provenance.test.ts hold of any weights, erasures and additions; here they are those of a machine.
const steps = 4;
const config: NtmConfig = {
  ...{ inputs: 3, outputs: 2, slots: 5, word: 4, controller: "lstm", units: 6 },
  ...{ readHeads: 2, writeHeads: 2, initialWeights: "learned" },
};
const model = ntm(config);
const source = random(5);
const inputs = namedArray(
  "inputs",
  ["step", "batch", "input"],
  [steps, 1, 3],
  Array.from({ length: 3 * steps }, () => source.normal()),
);
/** What a machine that was not trained writes is small: these make it as large as what is there. */
const lively = ["write.0.bias", "write.1.bias"].map((bias, i) => editParameter(bias).noise({ seed: i, scale: 2 }));
let parameters: Tensors;
let plain: Run;

beforeAll(async () => {
  await useBackend("cpu");
  parameters = model.parameters(3);
  plain = ran([]);
});
afterAll(() => disposeTensors(parameters));

const ran = (edits: readonly Edit[]): Run =>
  run(model, parameters, inputs, { record: ["*"], edits: [...lively, ...edits] });
const headsOf = (result: Run) =>
  [0, 1].map((head) => ({
    weights: series(result, `write.${head}.weights`),
    erase: series(result, `write.${head}.erase`),
    add: series(result, `write.${head}.add`),
  }));
const off = (one: ArrayLike<number>, other: ArrayLike<number>): number => {
  expect(one.length).toBe(other.length);
  return Math.max(...Array.from(one, (value, i) => Math.abs(value - (other[i] as number))));
};
/** The sum over the middle one of three axes. */
const summed = ({ shape, data }: NamedArray): number[] => {
  const [rows, parts, width] = shape as [number, number, number];
  return Array.from({ length: rows * width }, (_, at) => {
    const first = Math.floor(at / width) * parts * width + (at % width);
    return Array.from({ length: parts }, (_, part) => data[first + part * width] as number).reduce((a, b) => a + b);
  });
};

describe("what the heads of a machine read", () => {
  const memoryEdits: Edit[] = [
    edit("memory", { step: 1, slot: 2 }).set(3),
    edit("memory.before", { step: 3 }).noise({ seed: 1, scale: 1 }),
    edit("write.0.erase", { step: 2 }).set(1),
  ];

  test.each([
    ["no edit", []],
    ["edits of memory and of a write", memoryEdits],
  ])("is the sum of what each slot contributes, for every head that acts in turn, with %s", (_, edits) => {
    const result = ran(edits);
    const before = series(result, "memory.before");
    for (const head of [0, 1]) {
      const found = memoryFound(headsOf(result), before, head);
      const contributions = slotContributions(found, series(result, `read.${head}.weights`));
      expect(off(summed(contributions), series(result, `read.${head}.vector`).data)).toBeLessThan(1e-5);
    }
    const second = slotContributions(before, series(result, "read.1.weights"));
    expect(off(summed(second), series(result, "read.1.vector").data)).toBeGreaterThan(0.1);
  });

  test("is found in the memory that a step begins with, or beyond the last write head in that which it leaves", () => {
    const before = series(plain, "memory.before");
    const heads = headsOf(plain);
    expect(memoryFound(heads, before, 0)).toEqual(before);
    for (const head of [2, 7]) {
      expect(off(memoryFound(heads, before, head).data, series(plain, "memory").data)).toBeLessThan(1e-5);
    }
  });
});

describe("what writes contribute to the outputs of a machine", () => {
  /** Of every write to the outputs through what a head read, [step, write, output], and to what it read. */
  const contributionsBy = (head: number) => {
    const start = select(series(plain, "memory.before"), { step: 0 });
    const all = fromTensor(tensorOf(parameters, "output.weight"), "weights", ["output", "word"]);
    const first = config.units + head * config.word;
    const reads = readContributions(headsOf(plain), start, series(plain, `read.${head}.weights`), head);
    return { reads, outputs: outputContributions(reads, slice(all, "word", first, first + config.word)) };
  };
  const logits = (result: Run, step: number) => select(series(result, "logits"), { step }).data;

  test.each([0, 1])("is what the logits lack when it is taken out of what read head %i finds at a step", (head) => {
    const { reads, outputs } = contributionsBy(head);
    let largest = 0;
    for (let step = 0; step < steps; step++) {
      for (let write = 0; write <= step + 1; write++) {
        const read = select(reads, { step, write });
        const missing = { ...read, data: read.data.map((value) => -value) };
        const ablated = ran([edit(`read.${head}.vector`, { step }).add(missing)]);
        const row = select(outputs, { step, write }).data;
        const lacking = logits(plain, step).map((logit, i) => logit - (logits(ablated, step)[i] as number));
        expect(off(lacking, row)).toBeLessThan(1e-5);
        largest = Math.max(largest, ...row.map(Math.abs));
      }
    }
    expect(largest).toBeGreaterThan(0.1);
  });

  test("adds up to the logits with the bias and what the controller adds", () => {
    const all = fromTensor(tensorOf(parameters, "output.weight"), "weights", ["output", "word"]);
    const hidden = series(plain, "controller.hidden");
    const own = outputContributions(
      { ...hidden, axes: ["step", "write", "word"], shape: [steps, 1, config.units] },
      slice(all, "word", 0, config.units),
    );
    const bias = tensorOf(parameters, "output.bias").dataSync();
    const parts = [own, contributionsBy(0).outputs, contributionsBy(1).outputs].map(summed);
    const total = parts[0]?.map((_, at) => parts.reduce((sum, part) => sum + (part[at] as number), 0));
    const wanted = series(plain, "logits").data.map((logit, at) => logit - (bias[at % config.outputs] as number));
    expect(off(total as number[], wanted)).toBeLessThan(1e-5);
  });
});
