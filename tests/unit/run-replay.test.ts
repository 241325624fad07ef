import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { type Edit, edit } from "../../src/model/edits.js";
import type { Model } from "../../src/model/model.js";
import { run, runRefusal } from "../../src/model/run.js";
import { ttm } from "../../src/model/ttm.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, select, sizeOf } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, type Tensors } from "../../src/tensors/tensors.js";

await useBackend("cpu");
const replayAgain = () => void vi.stubEnv("TAPESCOPE_BACKEND", "");
replayAgain();
afterEach(replayAgain);
afterAll(() => void vi.unstubAllEnvs());

const sizes = { tokens: 2, symbols: 3, outputs: 4, features: 4, slots: 5, read: 2, layers: 1, heads: 2, hidden: 6 };
const machine = ttm({ ...sizes, summariser: "mlp", write: "summarise" });
const inputsOf = (steps: number, batch: number): NamedArray => {
  const source = random(steps);
  const shape = [steps, batch, machine.inputs];
  const numbers = Float32Array.from({ length: sizeOf(shape) }, () => source.normal());
  return namedArray("inputs", ["step", "batch", "input"], shape, numbers);
};

/** A model, and how often its step was called: to be recorded, or to be run as it is. */
function counted(model: Model, step: Model["step"] = model.step): { model: Model; calls: () => number } {
  let calls = 0;
  const counting: Model["step"] = (...given) => {
    calls++;
    return step(...given);
  };
  return { model: { ...model, step: counting }, calls: () => calls };
}

describe("a model's step is recorded once", () => {
  const parameters = () => machine.parameters(1);

  test("for any edits, recordings, lengths and parameters", () => {
    const { model, calls } = counted(machine);
    for (const [steps, record] of [
      [3, []],
      [5, ["memory"]],
      [1, ["*"]],
    ] as const) {
      run(model, parameters(), inputsOf(steps, 2), { record });
      const edits = [edit("memory", { step: 0, batch: 1 }).set(2), edit("read.weights", { step: steps - 1 }).scale(2)];
      run(model, parameters(), inputsOf(steps, 2), { record, edits });
    }
    expect(calls()).toBe(1);
    expect(runRefusal(model)).toBeUndefined();
  });

  test("for every size of the batch, of which the last eight are kept", () => {
    const { model, calls } = counted(machine);
    const tensors = parameters();
    const sized = (batch: number) => run(model, tensors, inputsOf(1, batch));
    for (let batch = 1; batch <= 9; batch++) sized(batch);
    expect(calls()).toBe(9);
    for (let batch = 9; batch > 1; batch--) sized(batch);
    expect(calls()).toBe(9);
    sized(1);
    expect(calls()).toBe(10);
  });
});

describe("edits of a replayed run", () => {
  const batch = 6;
  const steps = 4;
  const inputs = inputsOf(steps, batch);
  const parameters: Tensors = machine.parameters(2);
  const runWith = (edits: readonly Edit[]) => run(machine, parameters, inputs, { record: ["*"], edits });
  const plain = runWith([]);
  const anyEdit = fc
    .record({
      site: fc.constantFrom(...machine.sites.map(({ name }) => name)),
      step: fc.nat(steps - 1),
      batch: fc.nat(batch - 1),
      operation: fc.constantFrom("set", "add", "scale"),
      value: fc.double({ min: -2, max: 2, noNaN: true }),
    })
    .map(({ site, step, batch, operation, value }) => edit(site, { step, batch })[operation](value));

  test("leave other sequences, and what was before, as they were to the bit", () => {
    fc.assert(
      fc.property(fc.array(anyEdit, { maxLength: 5 }), (edits) => {
        const edited = runWith(edits);
        for (const [name, array] of Object.entries(plain.trace)) {
          for (let sequence = 0; sequence < batch; sequence++) {
            const mine = edits.filter((one) => one.index?.batch === sequence);
            const first = Math.min(steps, ...mine.map(({ step }) => step));
            for (let step = 0; step < first; step++) {
              const where = { step, batch: sequence };
              expect(select(edited.trace[name] as NamedArray, where)).toEqual(select(array, where));
            }
          }
        }
      }),
      { numRuns: 25 },
    );
    expect(runWith([])).toEqual(plain); // nothing of an edit is left behind
  });

  test("of many sequences at once give what each gives alone", () => {
    fc.assert(
      fc.property(fc.array(anyEdit, { minLength: 2, maxLength: 8 }), (edits) => {
        const together = runWith(edits);
        for (let sequence = 0; sequence < batch; sequence++) {
          const alone = runWith(edits.filter((one) => one.index?.batch === sequence));
          for (const [name, array] of Object.entries(alone.trace)) {
            const found = select(together.trace[name] as NamedArray, { batch: sequence });
            expect(found).toEqual(select(array, { batch: sequence }));
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  test("that meet in one number are carried out in their order", () => {
    const at = { step: 1, batch: 0, slot: 2, feature: 1 };
    const cell = (edits: readonly Edit[]) => select(runWith(edits).trace.memory as NamedArray, at).data[0] as number;
    const before = cell([]);
    const one = edit("memory", at);
    expect(cell([one.set(3), one.scale(2), one.add(1)])).toBe(7);
    expect(cell([one.add(1), one.scale(-2)])).toBeCloseTo(-2 * (before + 1), 5);
    expect(cell([one.scale(-2), one.add(1)])).toBeCloseTo(-2 * before + 1, 5);
    expect(cell([one.add(5), one.scale(0)])).toBe(0);
    expect(cell([one.scale(2), one.set(0.25)])).toBe(0.25);
  });

  test("set a number also where the model has none", () => {
    const broken = { ...parameters, "norm.bias": tf.fill([sizes.features], Number.NaN) };
    const edits = [edit("output.tokens", { step: 0 }).set(0.5)];
    const { trace } = run(machine, broken, inputs, { record: ["output.tokens", "logits"], edits });
    const logits = (step: number) => select(trace.logits as NamedArray, { step }).data;
    expect(logits(0).every(Number.isFinite)).toBe(true);
    expect(logits(1).some(Number.isFinite)).toBe(false);
  });
});

describe("parameters", () => {
  const inputs = inputsOf(2, 1);
  const outputs = (parameters: Tensors) => run(machine, parameters, inputs).outputs;

  test("that are other tensors, or variables with other values, are seen", () => {
    const first = machine.parameters(1);
    const [one, other] = [outputs(first), outputs(machine.parameters(2))];
    expect(other).not.toEqual(one);
    expect(outputs(first)).toEqual(one);
    const bias = tf.variable(first["output.bias"] as tf.Tensor, true, "tested bias");
    expect(outputs({ ...first, "output.bias": bias })).toEqual(one);
    bias.assign(tf.range(0, sizes.outputs));
    expect(outputs({ ...first, "output.bias": bias })).not.toEqual(one);
    bias.dispose();
  });

  test("that were disposed of are refused, and the next run is right", () => {
    const parameters = machine.parameters(1);
    const wanted = outputs(parameters);
    const gone = tf.clone(parameters["output.bias"] as tf.Tensor);
    gone.dispose();
    expect(() => outputs({ ...parameters, "output.bias": gone })).toThrow("disposed");
    expect(outputs(parameters)).toEqual(wanted);
  });

  test("leave no tensor behind", () => {
    const parameters = machine.parameters(1);
    outputs(parameters);
    const before = tf.memory().numTensors;
    outputs(parameters);
    run({ ...machine }, parameters, inputs, { edits: [edit("memory", { step: 0 }).set(1)] });
    expect(tf.memory().numTensors).toBe(before);
    disposeTensors(parameters);
  });
});

describe("a model that cannot be recorded runs as it is", () => {
  const inputs = inputsOf(3, 2);
  const parameters = machine.parameters(1);
  const wanted = run(machine, parameters, inputs, { record: ["memory"] });
  const close = (model: Model): void => {
    const { trace } = run(model, parameters, inputs, { record: ["memory"] });
    const [found, array] = [trace.memory as NamedArray, wanted.trace.memory as NamedArray];
    const worst = found.data.reduce((most, value, i) => Math.max(most, Math.abs(value - (array.data[i] as number))), 0);
    expect(worst).toBeLessThan(1e-5);
  };

  test("because it reads a value", () => {
    const { model, calls } = counted(machine, (all, state, input, hook) => {
      input.dataSync();
      return machine.step(all, state, input, hook);
    });
    close(model);
    close(model);
    expect(calls()).toBe(1 + 2 * 3);
    expect(runRefusal(model)).toMatch(/A value is read before the function ends/);
  });

  test("because of an operation that is not known", () => {
    const model: Model = {
      ...machine,
      step: (all, state, input, hook) => machine.step(all, state, tf.add(input, tf.mul(tf.atan(input), 0)), hook),
    };
    close(model);
    expect(runRefusal(model)).toMatch(/The operation Atan is not among those/);
  });

  test("because its state grows", () => {
    const model: Model = {
      ...machine,
      step: (all, state, input, hook) => {
        const result = machine.step(all, state, input, hook);
        const seen = state.seen ? tf.concat([state.seen, input], 1) : input;
        return { ...result, state: { ...result.state, seen } };
      },
    };
    close(model);
    expect(runRefusal(model)).toMatch(/state of ttm changes its names or shapes/);
  });

  test("or because a backend was named", () => {
    const { model, calls } = counted(machine);
    vi.stubEnv("TAPESCOPE_BACKEND", "cpu");
    close(model);
    expect(calls()).toBe(3);
  });
});
