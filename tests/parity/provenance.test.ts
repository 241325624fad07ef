import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { alignSlots } from "../../src/analysis/align-slots.js";
import { contributionShares } from "../../src/analysis/contribution-shares.js";
import { slotProvenance, writeContributions } from "../../src/analysis/provenance.js";
import { outputContributions, readContributions } from "../../src/analysis/read-provenance.js";
import { tokenContributions, tokenProvenance, tokenReadContributions } from "../../src/analysis/token-provenance.js";
import { loadCheckpoint } from "../../src/files/checkpoint-file.js";
import { type Edit, edit } from "../../src/model/edits.js";
import type { Model } from "../../src/model/model.js";
import { ntm } from "../../src/model/ntm.js";
import { type Run, run, series } from "../../src/model/run.js";
import { associativeRecallTask } from "../../src/tasks/associative-recall.js";
import { copyTask } from "../../src/tasks/copy.js";
import { multiplicationBatch } from "../../src/tasks/multiplication.js";
import { recallTask } from "../../src/tasks/recall.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, select, slice } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import type { Tensors } from "../../src/tensors/tensors.js";
import { toTensor } from "../../src/tensors/transfer.js";

await useBackend("cpu");
const data = (file: string): string => join(import.meta.dirname, "..", "..", "data", `${file}.safetensors`);
const draw = (steps: number, width: number): NamedArray => {
  const source = random(5);
  const values = Float32Array.from({ length: steps * width }, () => source.normal());
  return namedArray("inputs", ["step", "batch", "input"], [steps, 1, width], values);
};

/** A machine with what it is shown. */
interface Machine {
  readonly model: Model;
  readonly parameters: Tensors;
  readonly inputs: NamedArray;
}
const machines: Record<string, () => Promise<Machine>> = {
  "the copy machine": async () => ({
    ...(await loadCheckpoint(data("ntm-copy"))),
    inputs: copyTask().draw(random(6), 8, 1).inputs,
  }),
  "the associative recall machine": async () => ({
    ...(await loadCheckpoint(data("ntm-associative-recall"))),
    inputs: associativeRecallTask().draw(random(6), 3, 1).inputs,
  }),
  "the Neural State Machine": async () => ({
    ...(await loadCheckpoint(data("nsm-recall"))),
    inputs: recallTask().draw(random(6), 7, 1).inputs,
  }),
  "a machine of two read and two write heads": async () => {
    const sizes = { inputs: 4, outputs: 3, slots: 7, word: 5, controller: "lstm", units: 6 } as const;
    const model = ntm({ ...sizes, readHeads: 2, writeHeads: 2, initialWeights: "learned" });
    return { model, parameters: model.parameters(3), inputs: draw(6, 4) };
  },
};

const numbered = (model: Model, kind: string): string[] =>
  model.sites.flatMap(({ name }) => (new RegExp(`^${kind}\\.\\d+\\.weights$`).test(name) ? [name.slice(0, -8)] : []));
const headsOf = (model: Model, result: Run) =>
  numbered(model, "write").map((head) => {
    const [weights, erase, add] = ["weights", "erase", "add"].map((what) => series(result, `${head}.${what}`));
    return { weights, erase, add } as Record<"weights" | "erase" | "add", NamedArray>;
  });
const startOf = (result: Run): NamedArray => select(series(result, "memory.before"), { step: 0 });

/** Edits that hold a site at what it was, at every step. */
const held = (result: Run, site: string): Edit[] => {
  const array = series(result, site);
  return Array.from({ length: array.shape[0] as number }, (_, step) => {
    const { data: values, shape } = select(array, { step });
    const nested = (from: number, [length = 0, ...inner]: readonly number[]): number[] | number[][] => {
      if (inner.length === 0) return Array.from(values.subarray(from, from + length));
      const size = inner.reduce((product, one) => product * one, 1);
      return Array.from({ length }, (_, at) => nested(from + at * size, inner) as number[]);
    };
    return edit(site, { step, batch: 0 }).set(nested(0, shape));
  });
};

/** The largest difference of two arrays, as a part of the largest number of the first, or of one. */
const off = (expected: ArrayLike<number>, actual: ArrayLike<number>): number => {
  expect(actual.length).toBe(expected.length);
  const largest = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return (
    Array.from(expected).reduce((most, x, at) => Math.max(most, Math.abs(x - (actual[at] as number))), 0) / largest
  );
};
const minus = (one: NamedArray, other: NamedArray): Float32Array =>
  one.data.map((value, at) => value - (other.data[at] as number));
const summed = (array: NamedArray, axis: string): Float32Array => {
  const count = array.shape[array.axes.indexOf(axis)] as number;
  const parts = Array.from({ length: count }, (_, at) => select(array, { [axis]: at }).data);
  return Float32Array.from(parts[0] as Float32Array, (_, at) =>
    parts.reduce((sum, part) => sum + (part[at] as number), 0),
  );
};

describe.each(Object.entries(machines))("provenance of %s", (_, make) => {
  test("adds up to its memory and to what it reads, with shares of one", async () => {
    const { model, parameters, inputs } = await make();
    const plain = run(model, parameters, inputs, { record: ["*"] });
    const [heads, start] = [headsOf(model, plain), startOf(plain)];
    const steps = inputs.shape[0] as number;
    for (let step = 0; step < steps; step++) {
      const memory = select(series(plain, "memory"), { step });
      expect(off(memory.data, summed(writeContributions(heads, start, step), "write"))).toBeLessThan(1e-5);
    }
    for (const [number, head] of numbered(model, "read").entries()) {
      const found = readContributions(heads, start, series(plain, `${head}.weights`), number);
      expect(off(series(plain, `${head}.vector`).data, summed(found, "write"))).toBeLessThan(1e-5);
      for (const sum of summed(contributionShares(found), "write")) expect(sum).toBeCloseTo(1, 5);
    }
    for (const sum of summed(slotProvenance(heads, start), "write")) expect(sum).toBeCloseTo(1, 5);
  });

  test("is what is missing when a step's additions are ablated and all heads are held", async () => {
    const { model, parameters, inputs } = await make();
    const record = ["memory", "memory.before", "read.*", "write.*"];
    const plain = run(model, parameters, inputs, { record });
    const [reads, writes] = [numbered(model, "read"), numbered(model, "write")];
    const fixed = [
      ...[...reads, ...writes].flatMap((head) => held(plain, `${head}.weights`)),
      ...writes.flatMap((head) => [...held(plain, `${head}.erase`), ...held(plain, `${head}.add`)]),
    ];
    const [heads, start] = [headsOf(model, plain), startOf(plain)];
    const steps = inputs.shape[0] as number;
    for (const ablated of [0, Math.floor(steps / 2)]) {
      const silenced = writes.map((head) => edit(`${head}.add`, { step: ablated }).set(0));
      const without = run(model, parameters, inputs, { record, edits: [...fixed, ...silenced] });
      for (let step = ablated; step < steps; step += 2) {
        const [whole, rest] = [plain, without].map((result) => select(series(result, "memory"), { step }));
        const contribution = select(writeContributions(heads, start, step), { write: ablated + 1 });
        expect(off(minus(whole as NamedArray, rest as NamedArray), contribution.data)).toBeLessThan(1e-5);
      }
      for (const [number, head] of reads.entries()) {
        const [whole, rest] = [plain, without].map((result) => series(result, `${head}.vector`));
        const found = readContributions(heads, start, series(plain, `${head}.weights`), number);
        const contribution = select(found, { write: ablated + 1 });
        expect(off(minus(whole as NamedArray, rest as NamedArray), contribution.data)).toBeLessThan(1e-5);
      }
    }
  });
});

describe("provenance of a Token Turing Machine", () => {
  const record = ["memory", "memory.before", "tokens", "output.tokens", "write.weights", "read.weights", "read.tokens"];
  const memoryOf = (result: Run) => {
    const [weights, before, after] = ["write.weights", "memory.before", "memory"].map((site) => series(result, site));
    return { weights, before, after } as Record<"weights" | "before" | "after", NamedArray>;
  };
  const make = async (): Promise<Machine> => ({
    ...(await loadCheckpoint(data("ttm-multiplication"))),
    inputs: multiplicationBatch([[27, 4]], [2, 1]).inputs,
  });

  test("is what is missing when a step's tokens are ablated and all others are held", async () => {
    const { model, parameters, inputs } = await make();
    const plain = run(model, parameters, inputs, { record });
    const fixed = ["write.weights", "read.weights", "output.tokens"].flatMap((site) => held(plain, site));
    const memory = memoryOf(plain);
    for (const ablated of [0, 3]) {
      const silenced = ["tokens", "output.tokens"].map((site) => edit(site, { step: ablated }).set(0));
      const without = run(model, parameters, inputs, { record, edits: [...fixed, ...silenced] });
      for (let step = ablated; step < (inputs.shape[0] as number); step++) {
        const [whole, rest] = [plain, without].map((result) => select(series(result, "memory"), { step }));
        const contribution = select(tokenContributions(memory, step), { write: ablated + 1 });
        expect(off(minus(whole as NamedArray, rest as NamedArray), contribution.data)).toBeLessThan(1e-5);
      }
      const [whole, rest] = [plain, without].map((result) => series(result, "read.tokens"));
      const taken = tokenReadContributions(memory, series(plain, "read.weights"), series(plain, "read.tokens"));
      const contribution = select(taken, { write: ablated + 1 });
      expect(off(minus(whole as NamedArray, rest as NamedArray), contribution.data)).toBeLessThan(1e-5);
    }
  });

  test("has shares of one, and none of a memory that starts at zero", async () => {
    const { model, parameters, inputs } = await make();
    const shares = tokenProvenance(memoryOf(run(model, parameters, inputs, { record })));
    for (const sum of summed(shares, "write")) expect(sum).toBeCloseTo(1, 5);
    expect(Math.max(...select(shares, { write: 0 }).data)).toBe(0);
  });
});

test("reads' contributions to the outputs, with the rest of the output layer, add up to the logits", async () => {
  const { model, parameters, inputs } = await (machines["the copy machine"] as () => Promise<Machine>)();
  const plain = run(model, parameters, inputs, { record: ["*"] });
  const [outputs, inputsOfIt] = model.shapes["output.weight"] as [number, number];
  const word = model.shapes["memory.init"]?.[1] as number;
  const all = namedArray("w", ["output", "word"], [outputs, inputsOfIt], parameters["output.weight"]?.dataSync() ?? []);
  const hidden = series(plain, "controller.hidden");
  const bias = parameters["output.bias"]?.dataSync() as Float32Array;
  const found = readContributions(headsOf(model, plain), startOf(plain), series(plain, "read.0.weights"));
  const direct = summed(outputContributions(found, slice(all, "word", inputsOfIt - word, inputsOfIt)), "write");
  const units = inputsOfIt - word;
  const logits = direct.map((value, at) => {
    const [step, output] = [Math.floor(at / outputs), at % outputs];
    let sum = value + (bias[output] as number);
    for (let unit = 0; unit < units; unit++) {
      sum += (hidden.data[step * units + unit] as number) * (all.data[output * inputsOfIt + unit] as number);
    }
    return sum;
  });
  expect(off(series(plain, "logits").data, logits)).toBeLessThan(1e-5);
});

test("heads that begin elsewhere use other slots in the same way, and alignment finds which", async () => {
  const { model, parameters, inputs } = await (machines["the copy machine"] as () => Promise<Machine>)();
  const slots = 128;
  const away = 10;
  const moved = ["read.0.weights.init", "write.0.weights.init"].map((name) => {
    const values = parameters[name]?.dataSync() as Float32Array;
    return [name, toTensor({ shape: [1, slots], data: values.map((_, at) => values[(at + away) % slots] as number) })];
  });
  const sites = ["write.0.weights", "read.0.weights", "memory"];
  const seriesOf = (of: Tensors): NamedArray[] => {
    const result = run(model, of, inputs, { record: sites });
    return sites.map((site) => series(result, site));
  };
  const [first, second] = [seriesOf(parameters), seriesOf({ ...parameters, ...Object.fromEntries(moved) })];
  const { order, aligned, unaligned } = alignSlots(first, second);
  expect(aligned).toBeLessThan(1e-9);
  expect(unaligned).toBeGreaterThan(1);
  const written = select(first[0] as NamedArray, { step: 8 }).data.findIndex((weight) => weight > 0.5);
  for (let slot = written; slot < written + 8; slot++) expect(order[slot]).toBe(slot - away);
});

test("two machines drawn from different seeds differ less once their slots are aligned", () => {
  const sizes = { inputs: 4, outputs: 3, slots: 7, word: 5, controller: "lstm", units: 6 } as const;
  const model = ntm({ ...sizes, readHeads: 1, writeHeads: 1, initialWeights: "learned" });
  const [first, second] = [1, 2].map((seed) => {
    const result = run(model, model.parameters(seed), draw(6, 4), { record: ["*.weights"] });
    return ["write.0.weights", "read.0.weights"].map((site) => series(result, site));
  }) as [NamedArray[], NamedArray[]];
  const { aligned, unaligned } = alignSlots(first, second);
  expect(aligned).toBeGreaterThan(0);
  expect(aligned).toBeLessThan(unaligned);
});
