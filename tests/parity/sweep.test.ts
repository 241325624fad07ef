import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  crossEntropyBits,
  logitDifference,
  outputChange,
  rightProbability,
  rightShare,
  wrongBits,
} from "../../src/experiments/metrics.js";
import { sweep } from "../../src/experiments/sweep.js";
import type { Metric, SweepOptions, SweepProgress } from "../../src/experiments/sweep-options.js";
import { sweepRows } from "../../src/experiments/sweep-rows.js";
import { carryOut } from "../../src/model/carry-out.js";
import { edit } from "../../src/model/edits.js";
import { type Model, sitesMatching } from "../../src/model/model.js";
import { nsm } from "../../src/model/nsm.js";
import { ntm } from "../../src/model/ntm.js";
import { run } from "../../src/model/run.js";
import type { RunRequest, State } from "../../src/model/run-request.js";
import { ttm } from "../../src/model/ttm.js";
import { type BackendName, useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, select, sizeOf } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { backendsHere } from "../backends.js";

const backends: (BackendName | "")[] = ["", ...backendsHere.filter((name) => name !== "wasm")];
await useBackend("cpu");
beforeEach(() => void vi.stubEnv("TAPESCOPE_BACKEND", ""));
afterEach(() => useBackend("cpu"));
afterAll(() => void vi.unstubAllEnvs());

const heads = { readHeads: 2, writeHeads: 1 };
const machines: { name: string; model: Model; memory: string }[] = [
  {
    name: "NTM",
    memory: "memory",
    model: ntm({
      ...{ inputs: 4, outputs: 3, slots: 7, word: 5, controller: "lstm", units: 6, initialWeights: "learned" },
      ...heads,
    }),
  },
  {
    name: "NSM",
    memory: "memory",
    model: nsm({
      ...{ tokens: 3, symbols: 4, outputs: 5, states: 4, features: 6, heads: 2, gates: "gru", slots: 5, word: 3 },
      ...{ pruned: [], ...heads },
    }),
  },
  {
    name: "TTM",
    memory: "memory",
    model: ttm({
      ...{ tokens: 2, symbols: 5, outputs: 4, features: 8, slots: 6, read: 3, layers: 2, heads: 2, hidden: 12 },
      ...{ summariser: "mlp", write: "summarise" },
    }),
  },
];
const steps = 5;
const inputOf = (model: Model, batch = 1, seed = 7): NamedArray => {
  const source = random(seed);
  const one = Float32Array.from({ length: steps * model.inputs }, () => source.normal());
  const shape = [steps, batch, model.inputs];
  const numbers = Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const row = Math.floor(i / model.inputs);
    return one[Math.floor(row / batch) * model.inputs + (i % model.inputs)] as number;
  });
  return namedArray("inputs", ["step", "batch", "input"], shape, numbers);
};
const outputsOf = (model: Model, parameters: ReturnType<Model["parameters"]>, edits: RunRequest["edits"]) =>
  select(run(model, parameters, inputOf(model), { edits }).outputs, { batch: 0 });
/** A number that any change of the outputs changes. */
const mixed: Metric = ({ data }) => data.reduce((sum, value, i) => sum + value * Math.sin(i + 1), 0);

describe.each(machines)("a sweep of $name", ({ model, memory }) => {
  const parameters = model.parameters(3);
  const input = inputOf(model);
  const whole: SweepOptions = { site: memory, over: ["step", "slot"], operation: (at) => at.scale(-2), metric: mixed };
  const site = sitesMatching(model, [memory])[0] as Model["sites"][number];
  const slots = site.shape[0] as number;

  test.each(backends)("is so many separate runs (backend named: '%s')", async (backend) => {
    if (backend !== "") await useBackend(backend);
    vi.stubEnv("TAPESCOPE_BACKEND", backend);
    const found = await sweep(model, parameters, input, { ...whole, batch: 6 });
    expect(found).toMatchObject({ done: steps * slots, cells: steps * slots });
    expect(found.values).toMatchObject({ name: "mixed", axes: ["step", "slot"], shape: [steps, slots] });
    expect(found.baseline).toBeCloseTo(mixed(outputsOf(model, parameters, []), input), 5);
    const differing = new Set<number>();
    found.values.data.forEach((value, i) => {
      const at = { step: Math.floor(i / slots), slot: i % slots };
      const wanted = mixed(outputsOf(model, parameters, [edit(memory, at).scale(-2)]), input);
      expect(Math.abs(value - wanted), JSON.stringify(at)).toBeLessThan(1e-5 * steps);
      differing.add(value);
    });
    expect(differing.size).toBeGreaterThan(steps);
  });

  test("gives the numbers of whole runs of the same batch, to the bit", async () => {
    const batch = 4;
    const { values, baseline } = await sweep(model, parameters, input, { ...whole, batch });
    const repeated = inputOf(model, batch);
    const edited = (edits: RunRequest["edits"]) =>
      mixed(select(run(model, parameters, repeated, { edits }).outputs, { batch: 1 }), input);
    expect(baseline).toBe(edited([]));
    for (let i = 0; i < values.data.length; i++) {
      const at = { step: Math.floor(i / slots), slot: i % slots };
      expect(values.data[i]).toBe(Math.fround(edited([edit(memory, { ...at, batch: 1 }).scale(-2)])));
    }
  });

  test("by patches from the run itself changes nothing at any site", async () => {
    const own = run(model, parameters, inputOf(model, 5), { record: ["*"] });
    for (const { name } of model.sites) {
      const operation: SweepOptions["operation"] = (at) => at.patch(own, { batch: 0 });
      const all = await sweep(model, parameters, input, {
        ...{ site: name, over: ["step"], operation, metric: outputChange, at: { step: [0, 1, 2, 4] }, batch: 5 },
      });
      expect([name, ...all.values.data]).toEqual([name, 0, 0, 0, 0]);
    }
  });

  test("that was stopped goes on to the same bits, through JSON", async () => {
    const unbroken = await sweep(model, parameters, input, { ...whole, batch: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), async (stops) => {
        let from: SweepOptions["from"];
        for (const batches of [...stops, Number.POSITIVE_INFINITY]) {
          const controller = new AbortController();
          let left = batches;
          let last: unknown;
          const onProgress = ({ soFar }: SweepProgress): void => {
            last = soFar();
            if (--left === 0) controller.abort();
          };
          const options = { ...whole, batch: 4, signal: controller.signal, onProgress, ...(from && { from }) };
          const part = await sweep(model, parameters, input, options);
          expect(last).toEqual(part);
          expect(part.values.data.filter(Number.isNaN)).toHaveLength(part.cells - part.done);
          from = JSON.parse(JSON.stringify(part.moment));
          if (batches === Number.POSITIVE_INFINITY) expect(part).toEqual(unbroken);
        }
      }),
      { numRuns: 4 },
    );
  });

  test("with edits of every run measures beside a run with those alone", async () => {
    const noise = [edit("input", { step: 0 }).noise({ seed: 5, scale: 1 }), edit(memory, { step: 1, slot: 2 }).set(1)];
    const clean = run(model, parameters, input, { record: [memory] });
    const traced = await sweep(model, parameters, input, {
      ...{
        site: memory,
        over: ["slot", "step"],
        operation: (at) => at.patch(clean),
        metric: mixed,
        edits: noise,
        batch: 8,
      },
    });
    expect(traced.baseline).toBeCloseTo(mixed(outputsOf(model, parameters, noise), input), 5);
    for (const [slot, step] of [
      [2, 1],
      [0, 3],
    ] as const) {
      const wanted = outputsOf(model, parameters, [...noise, edit(memory, { step, slot }).patch(clean)]);
      expect(select(traced.values, { slot, step }).data[0]).toBeCloseTo(mixed(wanted, input), 4);
    }
  });

  test.each(["", "cpu"])("can rest on runs that begin in the middle, the same to the bit ('%s')", (backend) => {
    vi.stubEnv("TAPESCOPE_BACKEND", backend);
    const batch = 3;
    const edits = [edit(memory, { step: 3, slot: 1, batch: 2 }).add(1)];
    const request = { model, parameters, inputs: inputOf(model, batch), steps, batch, recorded: model.sites, edits };
    const states = new Map<number, State>();
    carryOut({ ...request, edits: [], keep: (step, state) => void states.set(step, state) });
    const full = carryOut(request);
    expect([...states.keys()]).toEqual([1, 2, 3, 4]);
    for (const step of [1, 3]) {
      const part = carryOut({ ...request, from: { step, state: states.get(step) as State } });
      expect(part.state).toEqual(full.state);
      for (const [name, array] of [["outputs", full.outputs] as const, ...Object.entries(full.trace)]) {
        const found = name === "outputs" ? part.outputs : (part.trace[name] as NamedArray);
        expect([...found.data]).toEqual([...array.data.subarray(array.data.length - found.data.length)]);
        expect(found.shape).toEqual([steps - step, ...array.shape.slice(1)]);
      }
    }
  });
});

describe("a sweep", () => {
  const { model } = machines[2] as (typeof machines)[0];
  const parameters = model.parameters(1);
  const input = inputOf(model);
  const base: SweepOptions = {
    site: "memory",
    over: ["step", "slot"],
    operation: (at) => at.zero(),
    metric: outputChange,
  };

  test("over heads of several layers has an axis of sites, with their names", async () => {
    const options = { ...base, site: "layers.*.attention", over: ["site", "head"], at: { step: [1, 2], query: 0 } };
    const { values } = await sweep(model, parameters, input, options);
    expect(values).toMatchObject({ axes: ["site", "head"], shape: [2, 2] });
    expect(values.labels).toEqual({ site: ["layers.0.attention", "layers.1.attention"] });
    const edits = [1, 2].map((step) => edit("layers.1.attention", { step, query: 0, head: 1 }).zero());
    const wanted = outputChange(outputsOf(model, parameters, edits), outputsOf(model, parameters, []));
    expect(values.data[3]).toBeCloseTo(wanted, 5);
  });

  test("may make weights sum to one again after each edit", async () => {
    const weights = { ...base, site: "read.weights", over: ["step"], at: { read: 0, source: 2 } };
    const { values } = await sweep(model, parameters, input, { ...weights, renormalise: "source" });
    const plain = outputsOf(model, parameters, []);
    const changeBy = (how: object) => {
      const one = edit("read.weights", { step: 1, read: 0, source: 2 }, how).zero();
      return outputChange(outputsOf(model, parameters, [one]), plain);
    };
    expect(values.data[1]).toBeCloseTo(changeBy({ renormalise: "source" }), 5);
    expect(Math.abs((values.data[1] as number) - changeBy({}))).toBeGreaterThan(1e-4);
  });

  test("keeps to the positions that are asked for, edits all along the other axes, and labels what it left out", async () => {
    const at = { slot: [5, 2] };
    const { values } = await sweep(model, parameters, input, { ...base, over: ["slot"], at });
    expect(values).toMatchObject({ axes: ["slot"], shape: [2], labels: { slot: ["5", "2"] } });
    const everyStep = Array.from({ length: steps }, (_, step) => edit("memory", { step, slot: 2 }).zero());
    const wanted = outputChange(outputsOf(model, parameters, everyStep), outputsOf(model, parameters, []));
    expect(values.data[1]).toBeCloseTo(wanted, 5);
  });

  test("uses memory for one batch, however many cells there are", async () => {
    vi.stubEnv("TAPESCOPE_BACKEND", "cpu");
    const seen = async (slots: readonly number[]) => {
      const batches = new Set<number>();
      let [most, calls] = [0, 0];
      const watched: Model = {
        ...model,
        step(all, state, one, hook) {
          batches.add(one.shape[0] as number);
          most = Math.max(most, tf.memory().numBytes);
          calls++;
          return model.step(all, state, one, hook);
        },
      };
      const before = tf.memory().numBytes;
      const { cells } = await sweep(watched, parameters, input, { ...base, at: { slot: slots }, batch: 5 });
      expect(tf.memory().numBytes).toBe(before);
      return { batches: [...batches], most: most - before, calls, cells };
    };
    const [few, many] = [await seen([1, 2, 3, 4]), await seen([0, 1, 2, 3, 4, 5])];
    expect([few.cells, many.cells]).toEqual([20, 30]);
    expect(many.batches).toEqual([5]);
    expect(many.most).toBe(few.most);
    // 30 cells: 4 beside the original, then batches of 5 that begin at steps 0, 1, 2, 3, 4 and 4
    expect(many.calls).toBe(5 + 5 + 4 + 3 + 2 + 1 + 1);
  });

  test("may be of one cell, or one at a time", async () => {
    const only = await sweep(model, parameters, input, { ...base, at: { step: 2, slot: 3 } });
    expect(only.values).toMatchObject({ shape: [1, 1], labels: { step: ["2"], slot: ["3"] } });
    const single = await sweep(model, parameters, input, { ...base, batch: 1 });
    expect(single.values.data[2 * 6 + 3]).toBeCloseTo(only.values.data[0] as number, 5);
  });

  test("ends with what it has when it is stopped, and tells how far it is", async () => {
    const told: number[] = [];
    const controller = new AbortController();
    controller.abort();
    const onProgress = ({ done }: { done: number }) => void told.push(done);
    const stopped = await sweep(model, parameters, input, { ...base, batch: 4, signal: controller.signal, onProgress });
    expect(stopped).toMatchObject({ done: 3, cells: 30 });
    expect(told).toEqual([3]);
    const alone = await sweep(model, parameters, input, { ...base, batch: 1, signal: controller.signal });
    expect(alone).toMatchObject({ done: 0, baseline: stopped.baseline });
    const rows = sweepRows(stopped);
    expect(rows.map(({ step, slot }) => [step, slot])).toEqual([0, 1, 2].map((slot) => [0, slot]));
    expect(rows.map(({ value, change }) => [value, change])).toEqual(
      [...stopped.values.data.subarray(0, 3)].map((value) => [value, value - stopped.baseline]),
    );
  });

  test("refuses to go on with another sweep's moment, or with other parameters", async () => {
    const { moment } = await sweep(model, parameters, input, { ...base, batch: 4, signal: AbortSignal.abort() });
    const go = (options: object, tensors = parameters) =>
      sweep(model, tensors, input, { ...base, metric: mixed, batch: 4, from: moment, ...options });
    const rest = { metric: outputChange };
    await expect(go({})).rejects.toThrow("another sweep");
    await expect(go({ metric: () => 0 })).rejects.toThrow("`metric` needs a name");
    await expect(go({ ...rest, batch: 5 })).rejects.toThrow("another sweep");
    await expect(go({ ...rest, operation: () => edit("memory", { step: 0 }).set(1) })).rejects.toThrow("another sweep");
    await expect(go({ ...rest, from: { values: [] } as never })).rejects.toThrow("`moment` of a sweep");
    const [answers, first] = [{ ...base, metric: mixed, batch: 4 }, AbortSignal.abort()];
    const other = await sweep(model, parameters, input, { ...answers, signal: first });
    const changed = model.parameters(2);
    await expect(sweep(model, changed, input, { ...answers, from: other.moment })).rejects.toThrow("parameters");
  });

  test("refuses what it cannot do, naming the choices, before anything runs", async () => {
    let calls = 0;
    const start: Model["start"] = (...given) => {
      calls++;
      return model.start(...given);
    };
    const counted: Model = { ...model, start };
    const no = async (changed: object, message: string | RegExp, given = input) => {
      await expect(sweep(counted, parameters, given, { ...base, ...changed } as SweepOptions)).rejects.toThrow(message);
    };
    await no({ site: "memmory" }, "ttm has no site");
    await no({ over: [] }, "step, site, slot, feature");
    await no({ over: ["slot", "slot"] }, "each once");
    await no({ over: ["batch"] }, 'no axis "batch" in "memory"; sweep over step, site, slot, feature');
    await no({ site: ["memory", "memory.before"] }, 'put "site" into `over`');
    await no({ site: ["memory", "read.weights"], over: ["site", "slot"] }, 'no axis "slot" in all of');
    await no({ at: { slot: 6 } }, "slot 6 is outside 0 to 5");
    await no({ at: { step: [1, 1] } }, "each once");
    await no({ at: { word: 1 } }, "`at` knows step, slot, feature");
    await no({ batch: 0 }, "`batch` is a whole number of at least 1; 0");
    await no({ metrics: 1 }, 'no option "metrics"');
    await no({ renormalise: "head" }, '"memory" cannot be renormalised along "head"; choose one of slot, feature');
    await no({ metric: "wrong bits" }, "`metric` is a function, such as");
    await no({ operation: { operation: "set", value: 0 } }, "`operation` is a function, such as (at) => at.zero()");
    await no({ operation: () => edit("memory", { step: 9 }).zero() }, "at memory, step 0, slot 0: Edit 1 of 1: step 9");
    await no({ operation: () => undefined }, "an object was expected");
    const { trace } = run(model, parameters, input, { record: ["logits"] });
    await no({ operation: (at: ReturnType<typeof edit>) => at.patch({ trace }) }, "did not record");
    await no({ edits: [edit("memory", { step: 9 }).zero()] }, "step 9");
    await no({ stepLabels: ["a"] }, "names each of 5 steps");
    await no({}, "one sequence, [step, 1, input]; 2 were given", inputOf(model, 2));
    expect(calls).toBe(0);
    await expect(sweep(model, parameters, input, { ...base, metric: () => "3" as never })).rejects.toThrow("it gave 3");
  });
});

describe("metrics", () => {
  const bits = { activation: "sigmoid" } as const;
  const answers = {
    targets: namedArray("targets", ["step", "batch", "output"], [3, 1, 2], [0, 0, 1, 0, 1, 1]),
    mask: namedArray("mask", ["step", "batch"], [3, 1], [0, 1, 1]),
  };
  const outputs = namedArray("outputs", ["step", "output"], [3, 2], [0.9, 0.9, 0.75, 0.5, 0.25, 1]);
  const of = (metric: Metric, from = outputs) => metric(from, outputs);

  test("of bits count the steps whose answers count", () => {
    expect(of(wrongBits(answers))).toBe(1);
    expect(of(rightShare(bits, answers))).toBe(0.75);
    expect(of(rightProbability(bits, answers))).toBe((0.75 + 0.5 + 0.25 + 1) / 4);
    expect(of(crossEntropyBits(bits, answers))).toBeCloseTo(-Math.log2(0.75 * 0.5 * 0.25), 10);
    const logits = [Math.log(3), 0, -Math.log(3), 126 * Math.LN2]; // a probability of 0 counts as 2^−126
    expect(of(logitDifference(bits, answers))).toBeCloseTo(logits.reduce((sum, one) => sum + one, 0) / 4, 10);
  });

  test("of one of many look at the right one, and at the best of the others", () => {
    const choice = { activation: "softmax" } as const;
    const one = {
      targets: namedArray("targets", ["step", "output"], [1, 3], [0, 1, 0]),
      mask: { ...answers.mask, data: Float32Array.of(1) },
    };
    const given = namedArray("outputs", ["step", "output"], [1, 3], [0.125, 0.25, 0.625]);
    expect(of(rightShare(choice, one), given)).toBe(0);
    expect(of(rightProbability(choice, one), given)).toBe(0.25);
    expect(of(crossEntropyBits(choice, one), given)).toBe(2);
    expect(of(logitDifference(choice, one), given)).toBeCloseTo(Math.log(0.25 / 0.625), 10);
    expect(
      of(outputChange, { ...outputs, data: outputs.data.map((value, i) => value + (i < 2 ? 3 + i : 0)) }),
    ).toBeCloseTo(5, 5);
  });

  test("are no number where an output is none, and refuse outputs and answers that do not fit", () => {
    const broken = { ...outputs, data: outputs.data.map((value, i) => (i === 5 ? Number.NaN : value)) };
    expect(of(wrongBits(answers), broken)).toBeNaN();
    expect(() => of(wrongBits(answers), { ...outputs, data: outputs.data.slice(2) })).toThrow(
      "of 6 numbers do not fit",
    );
    const none = { ...answers, mask: { ...answers.mask, data: new Float32Array(3) } };
    expect(() => wrongBits(none)).toThrow("in which some answer counts");
  });
});
