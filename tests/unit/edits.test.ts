import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callOf } from "../../src/explorer/edit-code.js";
import { checkEdits, type Edit, edit, editedParameters, editParameter } from "../../src/model/edits.js";
import type { Model } from "../../src/model/model.js";
import { modelKey } from "../../src/model/model-key.js";
import { type NtmConfig, ntm } from "../../src/model/ntm.js";
import { type Run, run } from "../../src/model/run.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, select } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, type Tensors } from "../../src/tensors/tensors.js";

const steps = 4;
const config: NtmConfig = {
  inputs: 3,
  outputs: 2,
  slots: 5,
  word: 4,
  controller: "lstm",
  units: 6,
  readHeads: 2,
  writeHeads: 1,
  initialWeights: "learned",
};
const model = ntm(config);
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
// The identities that hold of every model and site are in tests/parity/edit-identities.test.ts.
test("no edits, or adding nothing, or scaling by one, changes nothing to the bit", () => {
  expect(edited([])).toEqual(plain);
  fc.assert(
    fc.property(anySite, anyStep, (site, step) => {
      expect(edited([edit(site, { step }).add(0), edit(site, { step }).scale(1)])).toEqual(plain);
    }),
    { numRuns: 10 },
  );
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

describe("operations", () => {
  const where = { step: 1, slot: 2 };
  const slot = (edits: readonly Edit[], number = 2): number[] => [
    ...select(at(edited(edits), "memory", 1), { slot: number }).data,
  ];
  const fill = edit("memory", where).set([-2, -0.5, 0.5, 2]);

  test("zero, clamp and noise do what they say, one after the other", () => {
    expect(slot([fill, edit("memory", where).zero()])).toEqual([0, 0, 0, 0]);
    expect(slot([fill, edit("memory", where).clamp(-1, 0.25)])).toEqual([-1, -0.5, 0.25, 0.25]);
    expect(slot([fill, edit("memory", where).clamp(-1, 1), edit("memory", where).add(1)])).toEqual([0, 0.5, 1.5, 2]);
    const source = random(3);
    const drawn = Array.from({ length: 4 }, () => Math.fround(source.normal() * 0.5));
    expect(slot([fill, edit("memory", where).zero(), edit("memory", where).noise({ seed: 3, scale: 0.5 })])).toEqual(
      drawn,
    );
    expect(slot([fill, edit("memory", where).zero()], 3)).toEqual(slot([], 3));
  });

  test("noise has the standard deviation that it is given", () => {
    const large = {
      ...model,
      sites: [{ name: "large", axes: ["one"], shape: [4_000], about: "" }],
      shapes: { large: [4_000] },
    };
    const noise = editParameter("large").noise({ seed: 1, scale: 3 });
    const zeros = { large: tf.zeros([4_000]) };
    const noisy = editedParameters(large, zeros, [noise]).large as tf.Tensor;
    const numbers = [...noisy.dataSync()];
    expect(Math.sqrt(numbers.reduce((sum, value) => sum + value ** 2, 0) / 4_000)).toBeCloseTo(3, 0);
    expect(numbers.reduce((sum, value) => sum + value, 0) / 4_000).toBeCloseTo(0, 0);
    disposeTensors({ ...zeros, noisy });
  });

  test("parameters are zeroed, clamped, made noisy and patched from other parameters", () => {
    const other = model.parameters(4);
    const biases = (edits: readonly Edit[]): number[] => {
      const result = editedParameters(model, parameters, edits)["output.bias"] as tf.Tensor;
      const numbers = [...result.dataSync()];
      result.dispose();
      return numbers;
    };
    const bias = editParameter("output.bias");
    expect(biases([bias.set(2), bias.clamp(-1, 1), editParameter("output.bias", { "axis 0": 1 }).zero()])).toEqual([
      1, 0,
    ]);
    expect(biases([bias.zero(), bias.noise({ seed: 1, scale: 1 })])[0]).toBe(Math.fround(random(1).normal()));
    expect(biases([bias.patch(other)])).toEqual([...(other["output.bias"] as tf.Tensor).dataSync()]);
    expect(() => editParameter("output.biass").patch(other)).toThrow('no tensor "output.biass"; there are');
    disposeTensors(other);
  });
});

test("a typed array and a named array are the values that nested arrays are, and JSON carries them", () => {
  const rows = Array.from({ length: 5 }, (_, slot) => Array.from({ length: 4 }, (_, word) => (slot - word) / 3));
  const memory = namedArray("mine", ["slot", "word"], [5, 4], rows.flat());
  for (const operation of ["set", "add", "scale"] as const) {
    const [whole, row] = [edit("memory", { step: 1 })[operation], edit("memory", { step: 2, slot: 3 })[operation]];
    const given = [whole(memory), row(Float32Array.from(rows[4] as number[]))];
    expect(given[0]).toMatchObject({ value: { axes: ["slot", "word"] } });
    const wanted = edited([whole(rows), row(rows[4] as number[])]);
    expect(edited(given)).toEqual(wanted);
    expect(edited(JSON.parse(JSON.stringify(given)))).toEqual(wanted);
  }
  const bias = Float32Array.of(1, 2);
  const one = editParameter("output.bias").set(bias);
  bias.fill(9);
  expect(edited([one])).toEqual(edited([editParameter("output.bias").set([1, 2])]));
});

describe("a patch", () => {
  const two = namedArray(
    "inputs",
    inputs.axes,
    [steps, 2, 3],
    Array.from({ length: 24 }, (_, i) => (i % 7) - 3),
  );
  const runTwo = (edits: readonly Edit[] = []) => run(model, parameters, two, { edits, record: ["memory"] });
  const memoryIn = (result: Run, step: number, batch: number) =>
    select(result.trace.memory as NamedArray, { step, batch }).data;

  test("takes what the other run had at the step, or at another, in the sequence, or in another", () => {
    const other = runTwo();
    const patched = runTwo([edit("memory", { step: 2, batch: 0 }).patch(other, { step: 1, batch: 1 })]);
    expect(memoryIn(patched, 2, 0)).toEqual(memoryIn(other, 1, 1));
    expect(
      memoryIn(runTwo([edit("memory", { step: 2 }).zero(), edit("memory", { step: 2 }).patch(other)]), 2, 1),
    ).toEqual(memoryIn(other, 2, 1));
    const slot = edit("memory", { step: 2, slot: 3, batch: 1 }).patch(other);
    expect(slot).toMatchObject({ operation: "set", value: { shape: [4], float32: expect.any(String) } });
  });

  test("of a run of one sequence serves every sequence", () => {
    const patched = runTwo([edit("memory", { step: 1 }).patch(plain)]);
    for (const batch of [0, 1]) expect(memoryIn(patched, 1, batch)).toEqual(at(plain, "memory", 1).data);
    expect(memoryIn(runTwo([edit("memory", { step: 1, batch: 1 }).patch(plain)]), 1, 1)).toEqual(
      at(plain, "memory", 1).data,
    );
  });

  test("keeps even the sign of zero through JSON", () => {
    const numbers = Float32Array.of(-0, 0, 1e-45, -1 / 3);
    const other = { trace: { memory: namedArray("memory", ["step", "batch", "word"], [1, 1, 4], numbers) } };
    const patch = JSON.parse(JSON.stringify(edit("memory", { step: 0 }).patch(other)));
    const result = edited([{ ...patch, index: { slot: 1 } }]);
    expect(select(at(result, "memory", 0), { slot: 1 }).data).toEqual(numbers);
    const clamped = edit("memory", { step: 0 }).clamp(-1, -0);
    const one = edit("memory", { step: 0 }).set(1);
    const [plainly, byJson] = [edited([one, clamped]), edited([one, JSON.parse(JSON.stringify(clamped))])];
    expect(at(byJson, "memory", 0)).toEqual(at(plainly, "memory", 0));
  });

  test("is refused at once: no run, a site or position that is not there, numbers that are not finite", () => {
    const from =
      (site: string, where = {}, other: unknown = plain) =>
      () =>
        edit(site, { step: 1, ...where }).patch(other as Run);
    expect(from("memroy")).toThrow('The other run did not record "memroy" (recorded: input, ');
    expect(from("memory", {}, { ...plain, trace: {} })).toThrow("(recorded: none); name it in its `record`");
    expect(from("memory", { slot: 5 })).toThrow('"memory": slot 5 is outside 0 to 4');
    expect(from("memory", { step: 4 })).toThrow('"memory": step 4 is outside 0 to 3');
    expect(from("memory", { head: 0 })).toThrow('"memory" has no axis "head"');
    expect(from("memory", {}, null)).toThrow("A patch takes a run");
    expect(() => edit("memory", { step: 1 }).patch(plain, { slot: 1 } as object)).toThrow('"slot" was given');
    const broken = namedArray("memory", ["step", "batch", "word"], [2, 1, 1], [1, Number.NaN]);
    expect(from("memory", {}, { trace: { memory: broken } })).toThrow('"memory" holds NaN there');
  });

  test("of another size is refused before anything runs", () => {
    const small = namedArray("memory", ["step", "batch", "slot", "word"], [4, 1, 2, 2], new Float32Array(16));
    const patch = edit("memory", { step: 1 }).patch({ trace: { memory: small } });
    expect(() => edited([patch])).toThrow('the value has shape [2,2], but the region of "memory" has [5,4]');
  });
});

describe("renormalising", () => {
  const where = { step: 1, slot: 2 };
  const weights = (edits: readonly Edit[]): number[] => [...at(edited(edits), "write.0.weights", 1).data];

  test("divides the whole row by its sum, after the change and before the next edit", () => {
    const before = weights([]);
    const left = 1 - (before[2] as number);
    const shared = weights([edit("write.0.weights", where, { renormalise: "slot" }).zero()]);
    shared.forEach((value, slot) => {
      expect(value).toBeCloseTo(slot === 2 ? 0 : (before[slot] as number) / left, 6);
    });
    const row = edit("write.0.weights", { step: 1 }, { renormalise: "slot" }).set([1, 1, 2, 0, 0]);
    expect(weights([row, edit("write.0.weights", where).add(1)])).toEqual([0.25, 0.25, 1.5, 0, 0]);
  });

  test("leaves a row of nothing but zeros as it is", () => {
    expect(weights([edit("write.0.weights", { step: 1 }, { renormalise: "slot" }).zero()])).toEqual([0, 0, 0, 0, 0]);
  });

  test("ends the run where numbers are no weights, and the next run is as before", () => {
    for (const [value, sum] of [
      [[-1, 0, 0, 0, 0.5], "-0.5"],
      [[3e38, -3e38, 0, 0, 1e-3], "0.0010"],
    ] as const) {
      const row = edit("write.0.weights", { step: 1 }, { renormalise: "slot" }).set(value);
      expect(() => edited([edit("memory", { step: 1 }).set(3), row])).toThrow(
        `The edit of "write.0.weights" at step 1 cannot be renormalised: at batch 0 the numbers along slot sum to ${sum}`,
      );
      expect(edited([])).toEqual(plain);
    }
  });
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

test("an edit can be written as the call that makes it", () => {
  const edits: Edit[] = [
    edit("memory", { step: 1, slot: 2 }).zero(),
    edit("memory", { step: 1 }, { renormalise: "slot", model }).noise({ seed: 3, scale: 0.5 }),
    edit("memory", { step: 1 }).clamp(-1, 1),
    edit("memory", { step: 1 }).patch(plain),
    editParameter("output.bias").clamp(0, 1),
    editParameter("output.bias", {}, { model: "ntm" }).patch(parameters),
  ];
  const made = new Function("edit", "editParameter", `return [${edits.map(callOf).join()}]`);
  expect(made(edit, editParameter)).toEqual(edits);
  expect(callOf(edits[1] as Edit)).toBe(
    `edit("memory", { step: 1 }, { renormalise: "slot", model: "${modelKey(model)}" }).noise({ seed: 3, scale: 0.5 })`,
  );
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

  test("an option that is not there, which would otherwise change nothing", () => {
    const misspelt = { renormalize: "slot" } as object;
    expect(() => edit("memory", { step: 0 }, misspelt)).toThrow(
      'no option "renormalize" (did you mean renormalise?); there are renormalise, model',
    );
    expect(() => editParameter("output.bias", {}, misspelt)).toThrow('no option "renormalize"');
    const lists = { edit: [] } as object;
    expect(() => run(model, parameters, inputs, lists)).toThrow(
      'run: there is no option "edit" (did you mean edits?); there are record, edits',
    );
    const alone = edit("memory", { step: 0 }).zero();
    expect(() => run(model, parameters, inputs, { edits: alone as never })).toThrow("Edits are a list");
  });

  test("an unknown site, listing the sites", () => {
    expect(refusal(edit("memroy", { step: 0 }).set(0))).toMatch(
      /no site "memroy" \(did you mean memory\?\); its sites are input, .*memory, logits/,
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
  test("an index that holds no positions", () => {
    for (const index of [5, "slot", null]) {
      expect(refusal({ site: "memory", step: 0, index, operation: "set", value: 0 })).toContain(
        `its index is ${index};`,
      );
    }
    expect(refusal({ site: "memory", step: 0, index: { slot: "1" }, operation: "set", value: 0 })).toContain(
      "slot 1 is outside 0 to 4",
    );
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
  test("a typed or named array that does not fit, and other objects that hold numbers", () => {
    const set = (value: unknown) => refusal(edit("memory", { step: 0, slot: 1 }).set(value as number));
    const turned = namedArray("mine", ["word", "slot"], [4, 1], new Float32Array(4));
    expect(set(turned)).toContain('the value has shape [4,1], but the region of "memory" has [4]');
    expect(set(new Float32Array(3))).toContain('the value has shape [3], but the region of "memory" has [4]');
    expect(set(Float32Array.of(0, 0, Number.NaN, 0))).toContain("the value holds NaN; every number must be finite");
    const tensor = tf.zeros([4]);
    expect(set(tensor)).toContain(".set, .add and .scale also take a Float32Array or a NamedArray");
    tensor.dispose();
    expect(set(null)).toContain("the value holds null; every number must be finite");
  });
  test("a named array of other axes than the region, also through JSON; of a site, for a parameter's axes have no names", () => {
    const square = ntm({ ...config, slots: 4 });
    const zeros = new Float32Array(16);
    const set = (axes: readonly string[], where = {}) => {
      const array = namedArray(
        "mine",
        axes,
        [1, 4, 4].slice(-axes.length),
        zeros.subarray(-(4 ** Math.min(axes.length, 2))),
      );
      const one = edit("memory", { step: 0, ...where }).set(array);
      return () => checkEdits(square, steps, 1, JSON.parse(JSON.stringify([one])));
    };
    expect(set(["word", "slot"])).toThrow(
      'Edit 1 of 1: the value has the axes "word, slot", but the region of "memory" has "slot, word"; give it in that order.',
    );
    expect(set(["slot", "banana"])).toThrow('has the axes "slot, banana"');
    expect(set(["slot"], { slot: 1 })).toThrow('has the axes "slot", but the region of "memory" has "word"');
    expect(set(["word", "slot"], { batch: 0 })).toThrow('has "slot, word"');
    for (const [axes, where] of [
      [["slot", "word"], {}],
      [["batch", "slot", "word"], {}],
      [["word"], { slot: 1, batch: 0 }],
      [["slot"], { word: 3 }],
    ] as const) {
      expect(set(axes, where)).not.toThrow();
    }
    const bias = editParameter("output.bias").set(namedArray("bias", ["output"], [2], [1, 2]));
    expect(edited([bias])).toEqual(edited([editParameter("output.bias").set([1, 2])]));
    expect(refusal({ ...bias, value: { shape: [2], float32: "AACAPwAAgD8=", axes: "output" } })).toContain(
      "is neither numbers",
    );
  });
  test("64-bit whole numbers, and an edit without a place, at once", () => {
    expect(() => edit("memory", { step: 0 }).set(BigInt64Array.of(1n) as never)).toThrow(
      ".set, .add and .scale take 32-bit numbers; of a BigInt64Array give Float32Array.from(values, Number).",
    );
    expect(() => edit("memory", undefined as never)).toThrow(
      'a place there, with its step, such as edit("memory", { step: 3',
    );
  });
  test("an edit of which it was not said what to do", () => {
    const message =
      "Edit 1 of 1: it says where, but not what to do there. Call .set, .add, .scale, .zero, .noise, .clamp or .patch on it, " +
      'as in edit("memory", { step: 3 }).set(0).';
    const memory = edit("memory", { step: 3 });
    for (const forgotten of [memory, memory.zero, editParameter("output.bias")]) {
      expect(refusal(forgotten)).toBe(message);
    }
  });
  test("a value that is infinite in 32 bits, an unknown field, or no edit at all", () => {
    expect(refusal(edit("memory", { step: 0 }).set(1e300))).toContain("must be finite in 32 bits");
    const slip = { site: "memory", step: 0, indx: { slot: 1 }, operation: "set", value: 0 };
    expect(refusal(slip)).toContain('there is no "indx" in an edit; it has site, step, index, operation, value');
    expect(refusal(null)).toContain("it is null; an object was expected");
  });
  test("an unknown parameter, axis or position of a parameter, a step where none belongs", () => {
    expect(refusal(editParameter("output.biass").set(0))).toMatch(
      /^Edit 1 of 1: ntm has no parameter "output.biass" \(did you mean output.bias\?\); its parameters are controller.weight_ih, .*output.bias, memory.init/,
    );
    expect(refusal(editParameter("output.bias", { word: 0 }).set(0))).toContain("its axes are [axis 0]");
    expect(refusal(editParameter("output.bias", { "axis 0": 2 }).set(0))).toContain("axis 0 2 is outside 0 to 1");
    expect(refusal(editParameter("output.bias").set([1, 2, 3]))).toContain(
      'the value has shape [3], but the region of "output.bias" has [2]',
    );
    expect(refusal({ ...editParameter("output.bias").set(0), step: 1 })).toBe(
      'Edit 1 of 1: there is no "step" in an edit; it has parameter, index, operation, value, model.',
    );
  });
  test("an axis that the site has not, to renormalise along", () => {
    const along = (renormalise: string) => refusal(edit("memory", { step: 0 }, { renormalise }).scale(2));
    expect(along("head")).toBe('Edit 1 of 1: "memory" cannot be renormalised along "head"; choose one of slot, word.');
    expect(along("batch")).toContain("choose one of slot, word");
    expect(refusal({ ...editParameter("output.bias").zero(), renormalise: "axis 0" })).toContain('no "renormalise"');
  });
  test("noise and bounds that are none", () => {
    const noise = (value: unknown) => refusal({ site: "memory", step: 0, operation: "noise", value });
    expect(noise({ seed: 1.5, scale: 1 })).toContain("a whole number as its seed; 1.5 was given");
    expect(noise({ seed: 1, scale: -1 })).toContain("finite scale of at least 0, its standard deviation; -1 was given");
    expect(noise({ seed: 1, scale: Number.NaN })).toContain("NaN was given");
    expect(noise({ seed: 1, scale: 3.4e38 })).toContain("every number must be finite in 32 bits");
    expect(noise({ seed: 1 })).toContain("noise takes { seed, scale }");
    expect(noise(7)).toContain('noise takes { seed, scale }; "7" was given');
    expect(refusal(edit("memory", { step: 0 }).clamp(1, 0))).toContain("the least and then the greatest; 1 and 0 were");
    expect(refusal(edit("memory", { step: 0 }).clamp(0, Number.POSITIVE_INFINITY))).toContain(
      "0 and Infinity were given",
    );
    expect(refusal({ site: "memory", step: 0, operation: "clamp" })).toContain("clamp takes { least, greatest }");
  });
  test("packed numbers that are none", () => {
    const set = (value: unknown) => refusal({ site: "memory", step: 0, index: { slot: 1 }, operation: "set", value });
    expect(set({ shape: [4], float32: "%" })).toContain("is no base64");
    expect(set({ shape: [4], float32: "AACAPw==" })).toContain('"float32" has 1 numbers; the shape [4] takes 4');
    expect(set({ shape: [1], float32: "AACAPw==" })).toContain('shape [1], but the region of "memory" has [4]');
    expect(set({ shape: [], float32: "AADAfw==" })).toContain("holds NaN; every number must be finite");
    expect(set({ float32: "" })).toContain("the value is neither numbers nor");
  });
  test("one that was made for another model, saying which will do", () => {
    const other = ntm({ ...config, slots: 6 });
    const made = (one?: Model | string) => edit("memory", { step: 0 }, one === undefined ? {} : { model: one }).zero();
    expect(refusal(made(other))).toBe(
      `Edit 1 of 1: it was made for the model "${modelKey(other)}", but this one is "${modelKey(model)}"; write that, ` +
        '"ntm" for any ntm, or leave "model" out.',
    );
    expect(refusal({ ...editParameter("output.bias", {}, { model: "ttm" }).zero() })).toContain(
      'made for the model "ttm"',
    );
    for (const mine of [model, ntm(config), modelKey(model), "ntm", undefined]) {
      expect(edited([made(mine)])).toEqual(edited([edit("memory", { step: 0 }).set(0)]));
    }
  });
  test("an unknown operation, listing the operations", () => {
    expect(refusal({ site: "memory", step: 0, operation: "flip", value: 0 })).toContain(
      "choose one of set, add, scale, noise, clamp.",
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
