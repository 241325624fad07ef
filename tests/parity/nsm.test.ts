import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/model/checkpoint.js";
import { edit } from "../../src/model/edits.js";
import type { Model } from "../../src/model/model.js";
import { type NsmConfig, nsm } from "../../src/model/nsm.js";
import { type Run, run } from "../../src/model/run.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, select, sizeOf } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { readSafetensors, writeSafetensors } from "../../src/tensors/safetensors.js";
import { disposeTensors, type Tensors } from "../../src/tensors/tensors.js";

beforeAll(() => useBackend("cpu"));

const small: NsmConfig = {
  tokens: 3,
  symbols: 4,
  states: 3,
  features: 4,
  heads: 2,
  gates: "gru",
  slots: 5,
  word: 3,
  readHeads: 1,
  writeHeads: 1,
  outputs: 3,
  pruned: [],
};
const anyConfig: fc.Arbitrary<NsmConfig> = fc
  .record({
    gates: fc.constantFrom("gru" as const, "lstm" as const),
    heads: fc.constantFrom(1, 2, 4),
    tokens: fc.integer({ min: 1, max: 4 }),
    states: fc.integer({ min: 1, max: 4 }),
    slots: fc.integer({ min: 2, max: 5 }),
    readHeads: fc.integer({ min: 1, max: 2 }),
    writeHeads: fc.integer({ min: 1, max: 2 }),
  })
  .chain((choice) =>
    fc
      .subarray([...Array(choice.states).keys()], { maxLength: choice.states - 1 })
      .map((pruned) => ({ ...small, ...choice, pruned })),
  );
const prunedConfig = anyConfig.filter(({ pruned }) => pruned.length > 0);
const anySeed = fc.integer({ min: 0, max: 1000 });

/** One-hot tokens, some of them none. */
function sentences({ tokens, symbols }: NsmConfig, steps: number, batch: number, seed = 1): NamedArray {
  const source = random(seed);
  const data = new Float32Array(steps * batch * tokens * symbols);
  for (let row = 0; row < steps * batch * tokens; row++) {
    const symbol = source.integer(0, symbols);
    if (symbol < symbols) data[row * symbols + symbol] = 1;
  }
  return namedArray("inputs", ["step", "batch", "input"], [steps, batch, tokens * symbols], data);
}

/** Parameters without the zeros and ones that a new machine begins with: no part of them may go unnoticed. */
function noise(model: Model, seed: number): Record<string, tf.Tensor> {
  const source = random(seed);
  const draw = (shape: readonly number[]): tf.Tensor =>
    tf.tensor(
      Float32Array.from({ length: sizeOf(shape) }, () => 0.4 * source.normal()),
      [...shape],
    );
  return Object.fromEntries(Object.entries(model.shapes).map(([name, shape]) => [name, draw(shape)]));
}

function everySite(config: NsmConfig, seed: number, steps = 3): Run {
  const model = nsm(config);
  const parameters = noise(model, seed);
  const result = run(model, parameters, sentences(config, steps, 2, seed), { record: ["*"] });
  disposeTensors(parameters);
  return result;
}

const traced = (result: Run, site: string): NamedArray => result.trace[site] as NamedArray;
const numbers = (array: NamedArray, where: Record<string, number>): number[] => [...select(array, where).data];

function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  expect(found.length, what).toBe(wanted.length);
  for (let i = 0; i < found.length; i++) expect(found[i], `${what}, number ${i}`).toBeCloseTo(wanted[i] as number, 3);
}

describe("every Neural State Machine", () => {
  test("passes each declared site once a step, weights that sum to one and gates between 0 and 1 among them", () => {
    fc.assert(
      fc.property(anyConfig, anySeed, (config, seed) => {
        const { trace, outputs } = everySite(config, seed);
        const { sites } = nsm(config);
        expect(Object.keys(trace)).toEqual(sites.map(({ name }) => name));
        for (const { name, axes, shape } of sites) {
          expect(trace[name]).toMatchObject({ axes: ["step", "batch", ...axes], shape: [3, 2, ...shape] });
        }
        for (const [name, { data, shape }] of Object.entries({ ...trace, outputs })) {
          if (/^gates\.(?!candidate)|^importance/.test(name)) {
            expect(Math.min(...data), name).toBeGreaterThanOrEqual(0);
            expect(Math.max(...data), name).toBeLessThanOrEqual(1);
          }
          if (!/(weights|content|shift|\.attention|outputs)$/.test(name) || name === "importance.attention") continue;
          const width = shape.at(-1) as number;
          for (let row = 0; row < data.length; row += width) {
            expect(
              data.subarray(row, row + width).reduce((sum, one) => sum + one),
              name,
            ).toBeCloseTo(1, 4);
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  test("gives a sequence the same answer alone as in a batch", () => {
    fc.assert(
      fc.property(anyConfig, anySeed, (config, seed) => {
        const model = nsm(config);
        const parameters = noise(model, seed);
        const inputs = sentences(config, 3, 3, seed);
        const alone = { ...inputs, shape: [3, 1, model.inputs], data: select(inputs, { batch: 1 }).data };
        const together = select(run(model, parameters, inputs).outputs, { batch: 1 });
        expectClose(run(model, parameters, alone).outputs.data, together.data, "outputs");
        disposeTensors(parameters);
      }),
      { numRuns: 10 },
    );
  });

  test("shares out one unit of attention received at every step, averaged with decay 0.9", () => {
    fc.assert(
      fc.property(anyConfig, anySeed, (config, seed) => {
        const result = everySite(config, seed, 4);
        const average = new Array(config.states).fill(0);
        for (let step = 0; step < 4; step++) {
          const attention = select(traced(result, "state.attention"), { step, batch: 1 });
          for (let key = 0; key < config.states; key++) {
            const heard = numbers(attention, { key });
            average[key] = 0.9 * average[key] + (0.1 * heard.reduce((sum, one) => sum + one)) / heard.length;
          }
          expectClose(numbers(traced(result, "importance.attention"), { step, batch: 1 }), average, "average");
        }
      }),
      { numRuns: 10 },
    );
  });
});

describe("pruned states", () => {
  test("get exactly nothing: no routing, no attention, no importance, at any step", () => {
    fc.assert(
      fc.property(prunedConfig, anySeed, (config, seed) => {
        const result = everySite(config, seed);
        for (const state of config.pruned) {
          const given = {
            "routing.weights": { state },
            routed: { state },
            "state.attention": { key: state },
            importance: { state },
            "importance.attention": { state },
          };
          for (const [site, where] of Object.entries(given)) {
            expect(new Set(numbers(traced(result, site), where as Record<string, number>)), site).toEqual(new Set([0]));
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  test("might as well not be there: a machine built without them answers the same", () => {
    fc.assert(
      fc.property(prunedConfig, anySeed, (config, seed) => {
        const kept = [...Array(config.states).keys()].filter((state) => !config.pruned.includes(state));
        const model = nsm(config);
        const without = nsm({ ...config, states: kept.length, pruned: [] });
        const parameters = noise(model, seed);
        const fewer = withoutStates(config, kept, parameters);
        const inputs = sentences(config, 3, 2, seed);
        const [pruned, small] = [
          run(model, parameters, inputs, { record: ["*"] }),
          run(without, fewer, inputs, { record: ["*"] }),
        ];
        expectClose(pruned.outputs.data, small.outputs.data, "outputs");
        for (const site of without.sites.map(({ name }) => name).filter((name) => /^(memory|read|write)/.test(name))) {
          expectClose(traced(pruned, site).data, traced(small, site).data, site);
        }
        kept.forEach((state, index) => {
          expectClose(
            numbers(traced(pruned, "states"), { state }),
            numbers(traced(small, "states"), { state: index }),
            "states",
          );
        });
        disposeTensors(parameters);
        disposeTensors(fewer);
      }),
      { numRuns: 15 },
    );
  });

  test("are missed where they had something to say", () => {
    const [all, two] = [everySite(small, 3), everySite({ ...small, pruned: [1] }, 3)];
    expect(two.outputs.data).not.toEqual(all.outputs.data);
  });
});

/** The parameters of the machine that has only the kept states. */
function withoutStates({ states, features, heads }: NsmConfig, kept: readonly number[], all: Tensors): Tensors {
  const places = (start: number) =>
    kept.flatMap((state) => Array.from({ length: features }, (_, i) => start + state * features + i));
  const said = places(0);
  return Object.fromEntries(
    Object.entries(all).map(([name, tensor]) => {
      const take = (indices: readonly number[], axis: number) =>
        tf.gather(tensor, tf.tensor1d([...indices], "int32"), axis);
      const rest = (from: number) => Array.from({ length: (tensor.shape[1] as number) - from }, (_, i) => from + i);
      if (/^router\.(weight|bias)$/.test(name)) {
        const rows = Array.from({ length: heads }, (_, head) => kept.map((state) => head * states + state));
        return [name, take(rows.flat(), 0)];
      }
      if (name === "states.init" || name === "importance.learned") return [name, take(kept, 0)];
      if (/^(read|write)\.\d+\.weight$/.test(name)) return [name, take([...said, ...places(states * features)], 1)];
      if (name === "output.weight") return [name, take([...said, ...rest(states * features)], 1)];
      return [name, tf.clone(tensor)];
    }),
  );
}

describe("edits", () => {
  const steps = 3;
  const inputs = sentences(small, steps, 1, 5);
  const editedRun = (config: NsmConfig, edits: Parameters<typeof run>[3]): Run => {
    const model = nsm(config);
    const parameters = noise(model, 5);
    const result = run(model, parameters, inputs, { record: ["*"], ...edits });
    disposeTensors(parameters);
    return result;
  };

  test("of routing send a token's content to the state that is named, and nothing of it to the others", () => {
    const model = nsm(small);
    const parameters = noise(model, 5);
    const bias = [...(parameters["router.output.bias"]?.dataSync() ?? [])];
    disposeTensors(parameters);
    const edits = [edit("routing.weights", { step: 1 }).set(0), edit("routing.weights", { step: 1, state: 2 }).set(1)];
    const result = editedRun(small, { edits });
    expect(numbers(traced(result, "routing.weights"), { step: 1, token: 0 })).toEqual([0, 0, 1]);
    expectClose(numbers(traced(result, "routed"), { step: 1, state: 0 }), bias, "routed to a state without tokens");
    expect(numbers(traced(result, "routed"), { step: 1, state: 2 })).not.toEqual(bias);
  });

  test.each(["gru", "lstm"] as const)("of any site (%s gates) begin at their step and reach the outputs", (gates) => {
    const config = { ...small, gates };
    const plain = editedRun(config, {});
    for (const { name } of nsm(config).sites) {
      const changed = editedRun(config, {
        edits: [edit(name, { step: 1 }).add(0.5), edit(name, { step: 1 }).scale(2)],
      });
      expect(numbers(changed.outputs, { step: 0 }), name).toEqual(numbers(plain.outputs, { step: 0 }));
      const later = [1, 2].flatMap((step) => numbers(changed.outputs, { step }));
      const before = [1, 2].flatMap((step) => numbers(plain.outputs, { step }));
      // The running average of attention is there to be looked at; all else is part of the machine.
      if (name === "importance.attention") expect(later, name).toEqual(before);
      else expect(later, name).not.toEqual(before);
    }
  });

  test("that add nothing change nothing to the bit", () => {
    const edits = nsm(small).sites.flatMap(({ name }) => [
      edit(name, { step: 1 }).add(0),
      edit(name, { step: 2 }).scale(1),
    ]);
    expect(editedRun(small, { edits })).toEqual(editedRun(small, {}));
  });
});

test("what a step finds is what the step before it left, and the last state is what the run ends with", () => {
  for (const gates of ["gru", "lstm"] as const) {
    const result = everySite({ ...small, gates }, 2, 4);
    for (let step = 1; step < 4; step++) {
      const left = numbers(traced(result, "memory"), { step: step - 1 });
      expect(numbers(traced(result, "memory.before"), { step })).toEqual(left);
    }
    for (const name of [
      "states",
      "memory",
      "importance.attention",
      "read.0.weights",
      ...(gates === "lstm" ? ["cell"] : []),
    ]) {
      expect([...(result.state[name]?.data ?? [])], name).toEqual(numbers(traced(result, name), { step: 3 }));
    }
  }
});

test("a run leaves no tensor behind", () => {
  const before = tf.memory().numTensors;
  everySite({ ...small, gates: "lstm", pruned: [0] }, 1);
  expect(tf.memory().numTensors).toBe(before);
});

test("equal seeds draw equal parameters, other seeds others, and slots that differ from one another", () => {
  const draw = (seed: number) => {
    const parameters = nsm(small).parameters(seed);
    const data = Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [name, [...tensor.dataSync()]]));
    disposeTensors(parameters);
    return data;
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect(new Set(draw(1)["memory.init"]).size).toBe(small.slots * small.word);
});

describe("a checkpoint of a Neural State Machine", () => {
  test("reads back as the same model with the same parameters, whatever its sizes", () => {
    fc.assert(
      fc.property(anyConfig, anySeed, (config, seed) => {
        const model = nsm(config);
        const parameters = model.parameters(seed);
        const bytes = encodeCheckpoint({ model, parameters, metadata: { task: "recall" } });
        const read = decodeCheckpoint(bytes);
        const described = ({ metadata, shapes, sites, inputs, outputs }: Model) => ({
          metadata,
          shapes,
          sites,
          inputs,
          outputs,
        });
        expect(described(read.model)).toEqual(described(model));
        expect(encodeCheckpoint(read)).toEqual(bytes);
        const inputs = sentences(config, 2, 1, seed);
        expect(run(read.model, read.parameters, inputs)).toEqual(run(model, parameters, inputs));
        disposeTensors(parameters);
        disposeTensors(read.parameters);
      }),
      { numRuns: 15 },
    );
  });

  const saved = (changes: Record<string, string | undefined>): Uint8Array => {
    const model = nsm(small);
    const parameters = model.parameters(1);
    const file = readSafetensors(encodeCheckpoint({ model, parameters, metadata: {} }));
    disposeTensors(parameters);
    const metadata = new Map(file.metadata);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) metadata.delete(name);
      else metadata.set(name, value);
    }
    return writeSafetensors({ ...file, metadata });
  };

  test.each<[problem: string, changes: Record<string, string | undefined>, message: string]>([
    ["gates in capitals", { gates: "LSTM" }, '"gates" is "LSTM"; "gru" or "lstm" was expected'],
    ["no gates", { gates: undefined }, '"gates" is ""; "gru" or "lstm" was expected'],
    [
      "gates of another kind than the tensors",
      { gates: "lstm" },
      'parameter "gates.input.weight" of shape [4,8], which is missing',
    ],
    ["gates that would break the line", { gates: `gru${"\n\u202e".repeat(1000)}` }, '"gates" is "gru\\n\\u{202e}'],
    ["no heads at all", { heads: "0" }, "heads is a whole number of 1 to 1000000; 0 was given"],
    ["heads that do not divide the features", { heads: "3" }, "3 heads do not divide 4 features"],
    ["fewer heads than the tensors have", { heads: "1" }, 'parameter "router.weight" of shape [3,4]; [6,4] was given'],
    ["negative heads", { heads: "-2" }, '"heads" is "-2"; a whole number was expected'],
    ["heads in another notation", { heads: "2e0" }, '"heads" is "2e0"; a whole number was expected'],
    ["a billion heads", { heads: "999999999" }, "heads is a whole number of 1 to 1000000; 999999999 was given"],
    ["more read heads than there are", { read_heads: "2" }, "says 2 read heads, but the file holds the weights of 1"],
    [
      "a billion write heads",
      { write_heads: "999999999" },
      "says 999999999 write heads, but the file holds the weights of 1",
    ],
    ["an empty list of pruned states", { pruned: "" }, '"pruned" is ""; states such as "1,4" were expected'],
    [
      "a space in the list of pruned states",
      { pruned: "1, 2" },
      '"pruned" is "1, 2"; states such as "1,4" were expected',
    ],
    ["a negative pruned state", { pruned: "-1" }, '"pruned" is "-1"; states such as "1,4" were expected'],
    [
      "a pruned state that there is not",
      { pruned: "3" },
      "pruned names states from 0 to 2, each once, and leaves at least one; [3] was given",
    ],
    [
      "a state pruned twice",
      { pruned: "1,1" },
      "pruned names states from 0 to 2, each once, and leaves at least one; [1,1] was given",
    ],
    ["every state pruned", { pruned: "0,1,2" }, "leaves at least one; [0,1,2] was given"],
    [
      "a hundred thousand pruned states",
      { pruned: Array.from({ length: 100_000 }, (_, i) => i).join(",") },
      "[0,1,2,3,4,5,6,7, …] was given",
    ],
    ["the name of the cell's references", { model: "nsm step" }, '"model" is "nsm step"; known models are ntm, nsm'],
  ])("whose metadata gives %s is refused in one line, and leaves no tensor behind", (_, changes, message) => {
    const before = tf.memory().numTensors;
    let said = "";
    try {
      decodeCheckpoint(saved(changes));
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toContain(message);
    expect(said.length).toBeLessThan(250);
    expect(said).not.toMatch(/[\n\u202e]/);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("that lost a tensor, or has one of other axes, is refused with the tensor's name", () => {
    const file = readSafetensors(saved({}));
    for (const name of Object.keys(nsm(small).shapes)) {
      const tensors = new Map(file.tensors);
      tensors.delete(name);
      const problem = /^(read|write)\.0\.weight$/.test(name) ? "but the file holds the weights of 0" : `"${name}"`;
      expect(() => decodeCheckpoint(writeSafetensors({ ...file, tensors })), name).toThrow(problem);
    }
    const flat = {
      ...(file.tensors.get("states.init") as NonNullable<ReturnType<typeof file.tensors.get>>),
      shape: [12],
    };
    const tensors = new Map(file.tensors).set("states.init", flat);
    expect(() => decodeCheckpoint(writeSafetensors({ ...file, tensors }))).toThrow(
      'no tensor "states.init" with 2 or more axes',
    );
  });
});

test.each<[Partial<NsmConfig>, string]>([
  [{ tokens: 0 }, "nsm: tokens is a whole number of 1 to 1000000; 0 was given."],
  [{ symbols: 2.5 }, "nsm: symbols is a whole number of 1 to 1000000; 2.5 was given."],
  [{ states: Number.NaN }, "nsm: states is a whole number of 1 to 1000000; NaN was given."],
  [{ slots: 1 }, "nsm: slots is a whole number of 2 to 1000000; 1 was given."],
  [{ outputs: 1e7 }, "nsm: outputs is a whole number of 1 to 1000000; 10000000 was given."],
  [{ writeHeads: -1 }, "nsm: writeHeads is a whole number of 1 to 1000000; -1 was given."],
  [{ heads: 3 }, "nsm: 3 heads do not divide 4 features; choose sizes that do."],
  [{ gates: "rnn" as "gru" }, 'nsm: gates are "gru" or "lstm"; "rnn" was given.'],
  [
    { pruned: [0, 1, 2] },
    "nsm: pruned names states from 0 to 2, each once, and leaves at least one; [0,1,2] was given.",
  ],
  [{ pruned: [0.5] }, "nsm: pruned names states from 0 to 2, each once, and leaves at least one; [0.5] was given."],
])("a machine with %o is refused, saying what is expected", (change, message) => {
  expect(() => nsm({ ...small, ...change })).toThrow(message);
});
