import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, test, vi } from "vitest";
import { wrongBits } from "../../src/experiments/metrics.js";
import { sweep } from "../../src/experiments/sweep.js";
import { checkModel } from "../../src/model/check-model.js";
import { type Checkpoint, checkpointIn, decodeCheckpoint, encodeCheckpoint } from "../../src/model/checkpoint.js";
import { edit, editParameter } from "../../src/model/edits.js";
import type { Model } from "../../src/model/model.js";
import { modelKey } from "../../src/model/model-key.js";
import { nsm } from "../../src/model/nsm.js";
import { ntm } from "../../src/model/ntm.js";
import { decodeModel, encodeModel } from "../../src/model/recorded-model.js";
import { run } from "../../src/model/run.js";
import { ttm } from "../../src/model/ttm.js";
import { useBackend } from "../../src/tensors/backend.js";
import { namedArray, sizeOf } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { readSafetensors } from "../../src/tensors/safetensors.js";
import { disposeTensors } from "../../src/tensors/tensors.js";

await useBackend("cpu");
vi.stubEnv("TAPESCOPE_BACKEND", "");
afterAll(() => void vi.unstubAllEnvs());

const heads = { readHeads: 2, writeHeads: 2 };
const copier = { inputs: 3, outputs: 2, slots: 5, word: 4, units: 6, ...heads };
const machines: Record<string, Model> = {
  ntm: ntm({ ...copier, controller: "lstm", initialWeights: "learned" }),
  nsm: nsm({
    tokens: 2,
    symbols: 4,
    outputs: 3,
    features: 4,
    states: 3,
    slots: 4,
    word: 3,
    ...heads,
    heads: 2,
    gates: "gru",
    pruned: [],
  }),
  "ttm, whose memory grows once": ttm({
    ...{ tokens: 2, symbols: 3, outputs: 4, features: 4, slots: 5, read: 2, layers: 1, heads: 2, hidden: 6 },
    ...{ summariser: "query", write: "concatenate" },
  }),
};
const inputsOf = (model: Model, steps: number, batch = 1) => {
  const source = random(1);
  const shape = [steps, batch, model.inputs];
  const data = Float32Array.from({ length: sizeOf(shape) }, () => source.normal());
  return namedArray("inputs", ["step", "batch", "input"], shape, data);
};

/** A machine of somebody's own. */
const own = (model: Model): Model => ({ ...model, name: "mine", metadata: { ...model.metadata, model: "mine" } });
const saved = (model: Model): Checkpoint => {
  const parameters = model.parameters(1);
  const bytes = encodeCheckpoint({ model, parameters, metadata: { task: "mine" } });
  disposeTensors(parameters);
  return decodeCheckpoint(bytes);
};

describe.each(Object.entries(machines))("%s as a recording", (_name, machine) => {
  const model = own(machine);

  test("runs to the same bits, with every site recorded, and edits at all of them and of a parameter", () => {
    const parameters = model.parameters(1);
    const [parameter] = Object.keys(model.shapes) as [string];
    const everywhere = model.sites.map(({ name }, i) =>
      edit(name, { step: 1 + (i % 2) }).noise({ seed: i, scale: 0.1 }),
    );
    const other = saved(model);
    for (const edits of [[], [...everywhere, editParameter(parameter).scale(0.5)]]) {
      const [before, after] = [{ model, parameters }, other].map((one) =>
        run(one.model, one.parameters, inputsOf(model, 4), { record: ["*"], edits }),
      );
      expect(after).toEqual(before);
    }
    disposeTensors(parameters);
  });

  test("is of the same kind, so that edits made for one are for the other too, and is kept again as it was", () => {
    const other = saved(model);
    expect(modelKey(other.model)).toBe(modelKey(model));
    expect(other.metadata).toEqual({ ...model.metadata, task: "mine" });
    expect(encodeModel(other.model)).toBe(encodeModel(model));
  });
});

describe("a machine that came without its code", () => {
  const model = own(machines.ntm as Model);
  const other = saved(model);
  const says = "came without its code, as the recording of a step of one sequence";

  test("runs one sequence at a time, and says so", () => {
    expect(() => run(other.model, other.parameters, inputsOf(model, 2, 3))).toThrow(
      "one sequence at a time; 3 were given",
    );
  });

  test("cannot be trained, tried out or computed by a backend, and says what to do", () => {
    expect(() => other.model.parameters(1)).toThrow(says);
    expect(() => checkModel(other.model)).toThrow("loadCheckpoint(path, { models })");
    vi.stubEnv("TAPESCOPE_BACKEND", "cpu");
    expect(() => run(other.model, other.parameters, inputsOf(model, 2))).toThrow(says);
    vi.stubEnv("TAPESCOPE_BACKEND", "");
  });

  test("is swept one run at a time, with the numbers that its code gives", async () => {
    const parameters = model.parameters(1);
    const ones = (width: number[]) => new Float32Array(sizeOf(width)).fill(1);
    const metric = wrongBits({
      targets: namedArray("targets", ["step", "batch", "output"], [3, 1, 2], ones([3, 1, 2])),
      mask: namedArray("mask", ["step", "batch"], [3, 1], ones([3, 1])),
    });
    const options = { site: "memory", over: ["step", "slot"], operation: (at) => at.scale(-3), metric } as Parameters<
      typeof sweep
    >[3];
    const [found, wanted] = [
      await sweep(other.model, other.parameters, inputsOf(model, 3), options),
      await sweep(model, parameters, inputsOf(model, 3), { ...options, batch: 1 }),
    ];
    expect(found).toEqual(wanted);
    disposeTensors(parameters);
  });

  test("is loaded with its code where that is given", () => {
    const parameters = model.parameters(1);
    const bytes = encodeCheckpoint({ model, parameters, metadata: {} });
    expect(decodeCheckpoint(bytes, { mine: () => model }).model).toBe(model);
    disposeTensors(parameters);
  });
});

test("a model of the library is kept without a recording, one with a site more is kept with it", () => {
  const plain = machines.ntm as Model;
  expect(checkModel(saved(plain).model)).toBe(checkModel(plain));
  const watched: Model = {
    ...plain,
    sites: [...plain.sites, { name: "twice", axes: ["input"], shape: [3], about: "the input, doubled" }],
    step(parameters, state, input, hook) {
      hook("twice", tf.mul(input, 2));
      return plain.step(parameters, state, input, hook);
    },
  };
  const { model, parameters } = saved(watched);
  const { trace } = run(model, parameters, inputsOf(plain, 2), { record: ["twice"] });
  expect(trace.twice?.data).toEqual(inputsOf(plain, 2).data.map((value) => 2 * value));
});

describe("a damaged recording is refused", () => {
  const text = encodeModel(machines.ntm as Model);
  type Recorded = { nodes: Record<string, unknown>[]; inputs: object; outputs: Record<string, number> };
  type Draft = { version: number; inputs: number; sites: object[]; start: Recorded; steps: Recorded[] };
  const nodeWith = <N = object>(draft: Draft, key: string) => draft.steps[0]?.nodes.find((one) => key in one) as N;
  test.each<[string, (draft: Draft) => unknown, RegExp]>([
    ["of another version", (draft) => Object.assign(draft, { version: 9 }), /version 9; version 1 was expected/],
    ["for other inputs", (draft) => Object.assign(draft, { inputs: 4 }), /takes "input" of \[1,3\]/],
    ["with a view beyond what it looks at", (d) => Object.assign(nodeWith(d, "view"), { offset: 1e6 }), /looks at/],
    ["with a node that uses a later one", (d) => Object.assign(nodeWith(d, "map"), { of: [1e4, 0] }), /no node 10000/],
    [
      "with an operation that is none",
      (d) => Object.assign(nodeWith(d, "map"), { map: "constructor" }),
      /no operation/,
    ],
    [
      "with other numbers than fit",
      (d) => Object.assign(nodeWith(d, "product"), { shape: [1, 2] }),
      /matrix does not fit/,
    ],
    ["with a constant cut short", (d) => Object.assign(nodeWith(d, "constant"), { constant: "AAA" }), /do not fill/],
    [
      "with pieces that leave a hole",
      (d) => nodeWith<{ assemble: unknown[] }>(d, "assemble").assemble.pop(),
      /together/,
    ],
    ["with a state that nobody gives", (d) => delete d.start.outputs["state.memory"], /takes "state.memory"/],
    ["with a step that loses a state", (d) => delete d.steps[0]?.outputs["state.memory"], /not give "state.memory"/],
    ["without a site", (d) => delete d.steps[0]?.outputs["site.memory"], /does not give "site.memory"/],
    ["without steps", (d) => Object.assign(d, { steps: [] }), /0 steps; one or two/],
    ["that is read in no known way", (d) => Object.assign(d, { activation: "relu" }), /is not complete/],
    ["without its axes", (d) => Object.assign(d.sites[0] as object, { axes: null }), /is not complete/],
    ["that is empty", (d) => Object.keys(d).map((key) => Reflect.deleteProperty(d, key)), /damaged, or none/],
    ["with an input that is not listed", (d) => Object.assign(d.steps[0] as object, { inputs: {} }), /is not listed/],
  ])("%s", (_what, change, message) => {
    const draft = JSON.parse(text) as Draft;
    change(draft);
    expect(() => decodeModel(JSON.stringify(draft))).toThrow(message);
  });

  test("or one that was changed after it was saved", () => {
    const model = own(machines.ttm ?? (machines.ntm as Model));
    const parameters = model.parameters(1);
    const file = readSafetensors(encodeCheckpoint({ model, parameters, metadata: {} }));
    const recording = file.metadata.get("tapescope.recording")?.replace('"sum"', '"max"') as string;
    const changed = { ...file, metadata: new Map([...file.metadata, ["tapescope.recording", recording]]) };
    expect(() => checkpointIn(changed)).toThrow("was changed after it was saved");
    disposeTensors(parameters);
  });
});
