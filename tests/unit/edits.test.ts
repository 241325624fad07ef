import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Edit, edit, editedParameters, editParameter } from "../../src/model/edits.js";
import type { Model } from "../../src/model/model.js";
import { ntm } from "../../src/model/ntm.js";
import { type Run, run } from "../../src/model/run.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, select } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, type Tensors } from "../../src/tensors/tensors.js";

const steps = 4;
const model = ntm({
  inputs: 3,
  outputs: 2,
  slots: 5,
  word: 4,
  controller: "lstm",
  units: 6,
  readHeads: 2,
  writeHeads: 1,
  initialWeights: "learned",
});
const source = random(5);
const inputs = namedArray(
  "inputs",
  ["step", "batch", "input"],
  [steps, 1, 3],
  Array.from({ length: 12 }, () => source.normal()),
);
let parameters: Tensors;
let plain: Run;

beforeAll(async () => {
  await useBackend("cpu");
  parameters = model.parameters(3);
  plain = run(model, parameters, inputs, { record: ["*"] });
});
afterAll(() => disposeTensors(parameters));

const edited = (edits: readonly Edit[]): Run => run(model, parameters, inputs, { record: ["*"], edits });
const at = (result: Run, site: string, step: number): NamedArray =>
  select(result.trace[site] as NamedArray, { step, batch: 0 });
const anySite = fc.constantFrom(...model.sites.map(({ name }) => name));
const anyStep = fc.integer({ min: 0, max: steps - 1 });
const nested = ({ shape, data }: NamedArray): number[] | number[][] =>
  shape.length === 1
    ? [...data]
    : Array.from({ length: shape[0] as number }, (_, i) => [
        ...data.subarray(i * (shape[1] as number), (i + 1) * (shape[1] as number)),
      ]);

describe("identities", () => {
  test("no edits, or adding nothing, or scaling by one, changes nothing to the bit", () => {
    expect(edited([])).toEqual(plain);
    fc.assert(
      fc.property(anySite, anyStep, (site, step) => {
        expect(edited([edit(site, { step }).add(0), edit(site, { step }).scale(1)])).toEqual(plain);
      }),
      { numRuns: 30 },
    );
  });

  test("setting a site to what it was changes nothing to the bit, also after it was set to something else", () => {
    fc.assert(
      fc.property(anySite, anyStep, (site, step) => {
        const original = nested(at(plain, site, step));
        expect(edited([edit(site, { step }).set(7), edit(site, { step }).set(original)])).toEqual(plain);
      }),
      { numRuns: 30 },
    );
  });

  test("an edit at a step changes nothing before that step", () => {
    fc.assert(
      fc.property(anySite, anyStep, (site, step) => {
        const result = edited([edit(site, { step }).add(0.5)]);
        for (const name of Object.keys(plain.trace)) {
          for (let before = 0; before < step; before++)
            expect(at(result, name, before)).toEqual(at(plain, name, before));
        }
        expect(at(result, site, step)).not.toEqual(at(plain, site, step));
      }),
      { numRuns: 30 },
    );
  });

  test("edits that went through JSON give the same result to the bit", () => {
    const edits = [
      edit("memory", { step: 1, slot: 2 }).set([0.1, 0.2, 0.3, 1 / 3]),
      edit("read.0.gate", { step: 2 }).scale(0.1),
    ];
    expect(edited(JSON.parse(JSON.stringify(edits)))).toEqual(edited(edits));
  });
});

test("an edit touches its region alone: one slot, one cell, one sequence of a batch", () => {
  const memory = at(edited([edit("memory", { step: 1, slot: 2, word: 3 }).set(9)]), "memory", 1).data;
  const changed = [...memory.keys()].filter((i) => memory[i] !== at(plain, "memory", 1).data[i]);
  expect(changed).toEqual([2 * 4 + 3]);
  expect(memory[11]).toBe(9);

  const two = namedArray(
    "inputs",
    inputs.axes,
    [steps, 2, 3],
    Array.from({ length: 24 }, (_, i) => i % 5),
  );
  const [original, second] = [[], [edit("memory", { step: 0, batch: 1 }).set(1)]].map((edits) =>
    run(model, parameters, two, { edits, record: ["memory"] }),
  ) as [Run, Run];
  const of = (result: Run, batch: number) => select(result.trace.memory as NamedArray, { batch });
  expect(of(second, 0)).toEqual(of(original, 0));
  expect(of(second, 1)).not.toEqual(of(original, 1));
});

test("an edit of a live site reaches the outputs", () => {
  for (const site of ["memory", "write.0.add", "read.1.vector", "controller.hidden", "controller.cell", "logits"]) {
    expect(edited([edit(site, { step: 1 }).add(1)]).outputs).not.toEqual(plain.outputs);
  }
});

describe("an edit of a parameter", () => {
  const edits = [editParameter("output.bias", { "axis 0": 1 }).add(2), editParameter("memory.init").scale(0.5)];

  test("gives the run of a model that has these parameters, and leaves the given ones as they are", () => {
    const before = Object.fromEntries(
      Object.entries(parameters).map(([name, tensor]) => [name, [...tensor.dataSync()]]),
    );
    const changed = {
      ...parameters,
      "output.bias": tf.add(parameters["output.bias"] as tf.Tensor, tf.tensor([0, 2])),
      "memory.init": tf.mul(parameters["memory.init"] as tf.Tensor, 0.5),
    };
    expect(edited(edits)).toEqual(run(model, changed, inputs, { record: ["*"] }));
    expect(edited(edits).outputs).not.toEqual(plain.outputs);
    expect(
      Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [name, [...tensor.dataSync()]])),
    ).toEqual(before);
    disposeTensors({ bias: changed["output.bias"], memory: changed["memory.init"] });
  });

  test("changes nothing to the bit when it adds nothing, scales by one, or sets what was there", () => {
    const bias = [...(parameters["output.bias"] as tf.Tensor).dataSync()];
    const nothing = [
      editParameter("output.weight").add(0),
      editParameter("controller.weight_ih").scale(1),
      editParameter("output.bias").set(9),
      editParameter("output.bias").set(bias),
    ];
    expect(edited(nothing)).toEqual(plain);
  });

  test("is carried out in the order of the edits, beside edits of sites, and survives JSON", () => {
    const both = [
      ...edits,
      edit("memory", { step: 1, slot: 2 }).set(0),
      editParameter("output.bias", { "axis 0": 1 }).set(3),
    ];
    expect(edited(JSON.parse(JSON.stringify(both)))).toEqual(edited(both));
    const result = editedParameters(model, parameters, both);
    const [first] = (parameters["output.bias"] as tf.Tensor).dataSync();
    expect([...(result["output.bias"] as tf.Tensor).dataSync()]).toEqual([first, 3]);
    expect(result["output.weight"]).toBe(parameters["output.weight"]);
    disposeTensors({ bias: result["output.bias"] as tf.Tensor, memory: result["memory.init"] as tf.Tensor });
  });

  test("frees the tensors it made", () => {
    edited(edits);
    const before = tf.memory().numTensors;
    edited([...edits, ...edits]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("a bad edit is refused before anything runs", () => {
  const refusal = (one: unknown): string => {
    let touched = false;
    const watched: Model = {
      ...model,
      start: (...given) => {
        touched = true;
        return model.start(...given);
      },
    };
    try {
      run(watched, parameters, inputs, { edits: [one as Edit] });
    } catch (error) {
      expect(touched).toBe(false);
      return (error as Error).message;
    }
    throw new Error("it was not refused");
  };

  test("an unknown site, listing the sites", () => {
    expect(refusal(edit("memroy", { step: 0 }).set(0))).toMatch(
      /no site "memroy"; its sites are input, .*memory, logits/,
    );
  });
  test("a step outside the run", () => {
    expect(refusal(edit("memory", { step: 4 }).set(0))).toContain("step 4 is outside 0 to 3");
    expect(refusal({ site: "memory", operation: "set", value: 0 })).toContain("step undefined is outside 0 to 3");
  });
  test("an unknown axis or a position outside it, listing the axes", () => {
    expect(refusal(edit("memory", { step: 0, head: 1 }).set(0))).toContain("its axes are [batch, slot, word]");
    expect(refusal(edit("memory", { step: 0, slot: 5 }).set(0))).toContain("slot 5 is outside 0 to 4");
  });
  test("a value of another shape than the region, or that is no finite number", () => {
    expect(refusal(edit("memory", { step: 0, slot: 1 }).set([1, 2]))).toContain(
      'shape [2], but the region of "memory" has [4]',
    );
    expect(refusal(edit("memory", { step: 0 }).set([[1], [1, 2]]))).toContain("ragged");
    expect(refusal(edit("memory", { step: 0 }).set(Number.NaN))).toContain("holds NaN; every number must be finite");
    expect(refusal({ site: "memory", step: 0, operation: "set", value: "0" })).toContain("every number must be finite");
    expect(refusal({ site: "memory", step: 0, operation: "set" })).toContain("every number must be finite");
  });
  test("a value that is infinite in 32 bits, an unknown field, or no edit at all", () => {
    expect(refusal(edit("memory", { step: 0 }).set(1e300))).toContain("must be finite in 32 bits");
    const slip = { site: "memory", step: 0, indx: { slot: 1 }, operation: "set", value: 0 };
    expect(refusal(slip)).toContain('there is no "indx" in an edit; it has site, step, index, operation, value');
    expect(refusal(null)).toContain("it is null; an object was expected");
  });
  test("an unknown parameter, axis or position of a parameter, a step where none belongs", () => {
    expect(refusal(editParameter("output.biass").set(0))).toMatch(
      /^Edit 1 of 1: ntm has no parameter "output.biass"; its parameters are controller.weight_ih, .*output.bias, memory.init/,
    );
    expect(refusal(editParameter("output.bias", { word: 0 }).set(0))).toContain("its axes are [axis 0]");
    expect(refusal(editParameter("output.bias", { "axis 0": 2 }).set(0))).toContain("axis 0 2 is outside 0 to 1");
    expect(refusal(editParameter("output.bias").set([1, 2, 3]))).toContain(
      'the value has shape [3], but the region of "output.bias" has [2]',
    );
    expect(refusal({ ...editParameter("output.bias").set(0), step: 1 })).toBe(
      'Edit 1 of 1: there is no "step" in an edit; it has parameter, index, operation, value.',
    );
  });
  test("an unknown operation, listing the operations", () => {
    expect(refusal({ site: "memory", step: 0, operation: "flip", value: 0 })).toContain(
      "choose one of set, add, scale",
    );
  });
});

test("a run frees every tensor it made, also when it fails on the way", () => {
  const before = tf.memory().numTensors;
  edited([edit("memory", { step: 1 }).set(0)]);
  const broken: Model = {
    ...model,
    step: () => {
      throw new Error("broken");
    },
  };
  expect(() => run(broken, parameters, inputs)).toThrow("broken");
  expect(tf.memory().numTensors).toBe(before);
});
