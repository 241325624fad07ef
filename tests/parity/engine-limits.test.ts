// Where the engine ends: what it cannot replay, and what must then still be computed as TensorFlow.js does.
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { eagerProcess } from "../../src/engine/eager-process.js";
import { fuse } from "../../src/engine/fuse.js";
import { input, intern, newGraph } from "../../src/engine/graph.js";
import { newMachine } from "../../src/engine/machine.js";
import { replayedProcess } from "../../src/engine/process.js";
import { record } from "../../src/engine/recorder.js";
import { type RecordingData, recordingData, recordingFrom } from "../../src/engine/recording-data.js";
import { newStorage } from "../../src/engine/storage.js";
import type { Model } from "../../src/model/model.js";
import { run, runRefusal } from "../../src/model/run.js";
import { ttm } from "../../src/model/ttm.js";
import { useBackend } from "../../src/tensors/backend.js";
import { namedArray, sizeOf } from "../../src/tensors/named-array.js";
import { type Tensors, tensorOf } from "../../src/tensors/tensors.js";

beforeAll(async () => {
  await useBackend("cpu");
  vi.stubEnv("TAPESCOPE_BACKEND", "");
});
afterEach(() => void vi.unstubAllGlobals());

describe("a process whose state does not stay as it began", () => {
  const initial = { m: { shape: [], data: Float32Array.of(0) } };
  const x = { shape: [3], data: Float32Array.of(1, 2, 3) };
  const sumOf = (m: tf.Tensor) => ({ sum: tf.sum(m) });
  const advances: Record<string, (state: Tensors, inputs: Tensors) => { state: Tensors; outputs: Tensors }> = {
    "but changes its shape": (state, inputs) => {
      const m = tf.add(tensorOf(state, "m"), tensorOf(inputs, "x"));
      return { state: { m }, outputs: sumOf(m) };
    },
    "but gets another value": (state, inputs) => {
      const m = tf.add(tensorOf(state, "m"), tf.sum(tensorOf(inputs, "x")));
      return { state: { m, other: m }, outputs: sumOf(tf.add(m, state.other ?? 0)) };
    },
  };

  test.each(Object.entries(advances))("%s goes on as it is", (_, advance) => {
    const [replayed, eager] = [replayedProcess, eagerProcess].map((start) => {
      const process = start(advance, initial);
      const sums = [1, 2, 3].map(() => process.advance({ x }).sum?.data[0]);
      return { sums, state: process.state(), before: process.state("before"), refusal: process.refusal() };
    });
    expect(replayed).toEqual({ ...eager, refusal: expect.stringMatching(/^The state of the process changes/) });
  });

  test("but loses a value, fails as it does eagerly", () => {
    const process = replayedProcess((state) => ({ state: {}, outputs: sumOf(tensorOf(state, "m")) }), initial);
    expect(process.advance({}).sum?.data[0]).toBe(0);
    expect(() => process.advance({})).toThrow(/"?m"?/);
  });
});

describe("too little memory", () => {
  /** Of four products of 1 GiB while it is recorded, then of one number each: what is too large would take too long here. */
  const largeAtFirst = (side = 2 ** 14) => {
    const sides = [side];
    return (x: tf.Tensor): tf.Tensor[] => {
      const times = sides.pop() ?? 1;
      return [tf.abs, tf.exp, tf.tanh, tf.sigmoid].map((one) => {
        const row = one(tf.sum(x));
        return tf.matMul(tf.fill([times, 1], 2).mul(row), tf.tile(tf.reshape(row, [1, 1]), [1, times]));
      });
    };
  };

  test.each([
    ["GiB of memory", 2 ** 14],
    ["the engine counts to", 2 ** 15],
  ])("for one shape leaves the others to be replayed: %s", (message, side) => {
    let calls = 0;
    const compute = largeAtFirst(side);
    const compiled = compile((x: tf.Tensor) => {
      calls++;
      return compute(x);
    });
    const absolute = (...x: number[]) => compiled(tf.tensor1d(x))[0]?.dataSync()[0];
    expect(absolute(1)).toBe(2);
    expect(compiled.refusal()).toContain(message);
    expect(absolute(3)).toBe(18);
    expect(calls).toBe(3); // recorded once, then as it is
    expect([absolute(1, 2), absolute(2, 2), absolute(3, 2)]).toEqual([18, 32, 50]);
    expect(calls).toBe(4);
  });

  test("for one batch is no refusal of the model", () => {
    const plain = ttm({
      ...{ tokens: 2, symbols: 3, outputs: 4, features: 4, slots: 5, read: 2, layers: 1, heads: 2, hidden: 6 },
      ...{ summariser: "mlp", write: "summarise" },
    });
    const compute = largeAtFirst();
    let calls = 0;
    const model: Model = {
      ...plain,
      step(parameters, state, input, hook) {
        calls++;
        const none = compute(input).map((one) => tf.mul(tf.sum(one), 0));
        return plain.step(parameters, state, hook("own", tf.add(input, tf.addN(none))), hook);
      },
      sites: [{ name: "own", axes: ["input"], shape: [plain.inputs], about: "the input" }, ...plain.sites],
    };
    const parameters = plain.parameters(1);
    const runOf = (batch: number) => {
      const shape = [3, batch, plain.inputs];
      return run(
        model,
        parameters,
        namedArray("inputs", ["step", "batch", "input"], shape, new Float32Array(sizeOf(shape))),
      );
    };
    runOf(1);
    expect(calls).toBe(1 + 3);
    expect(runRefusal(model)).toBeUndefined();
    runOf(2);
    expect(calls).toBe(1 + 3 + 1);
  });

  test("for a program leaves no storage taken by what was made of it", () => {
    const machine = newMachine(1);
    const next = machine.reserve(64);
    machine.release(next);
    const build = () => {
      machine.reserve(2 ** 20);
      machine.scratch(2 ** 16);
      return machine.reserve(2 ** 32);
    };
    expect(() => machine.attempt(build)).toThrow(/^With what it holds, the engine would need 4.0 GiB/);
    expect(machine.reserve(2 ** 20)).toBe(next);
    expect(machine.scratch(1)).toBeGreaterThan(next + 2 ** 20);
  });

  test("for what only makes garbage be collected does no harm", () => {
    const { Memory } = WebAssembly;
    class Scarce extends Memory {
      constructor(of: WebAssembly.MemoryDescriptor) {
        if (!of.shared) throw new RangeError("could not allocate memory"); // which cannot be brought about in a test
        super(of);
      }
    }
    vi.stubGlobal("WebAssembly", { ...WebAssembly, Memory: Scarce });
    const { reserve, memory } = newStorage(true);
    reserve(2 ** 24);
    expect(memory.buffer.byteLength).toBeGreaterThan(2 ** 24);
  });
});

test("an empty piece, which would be read and written beside what is its own, is damaged or left out", () => {
  const data = recordingData(
    record(({ x }) => ({ y: tf.concat([x as tf.Tensor, tf.ones([2, 1])], 1) }), { x: [2, 2] }),
  );
  const nodes = structuredClone(data.nodes) as unknown as ({ assemble?: object[] } & Record<string, unknown>)[];
  const joined = nodes.findIndex((node) => node.assemble);
  nodes.splice(joined, 0, { shape: [2, 0], view: data.inputs.x, strides: [1, 1], offset: 10_000 });
  nodes[joined + 1]?.assemble?.push({ of: joined, start: [0, 3] });
  const damaged = { nodes, inputs: data.inputs, outputs: { y: joined + 1 } } as unknown as RecordingData;
  expect(() => recordingFrom(damaged)).toThrow(/damaged at node \d: an empty piece/);

  const graph = newGraph();
  const pieces = [2, 0].map((width, at) => ({ node: input(graph, `${at}`, [2, width]), start: [0, 2 * at] }));
  const whole = intern(graph, "whole", { kind: "assemble", pieces, shape: [2, 2] });
  const [step, ...others] = fuse([whole]);
  expect(others).toEqual([]);
  expect(step?.operands.map(({ of }) => of)).toEqual([pieces[0]?.node, whole]);
});

test("a chain of thousands of operations is recorded", () => {
  const compute = (x: tf.Tensor): tf.Tensor => {
    let value = x;
    for (let i = 0; i < 4000; i++) value = tf.sub(tf.mul(value, 1.0001), 0.0001 * (i % 3));
    return value;
  };
  const x = tf.tensor1d([1, -2, 3]);
  const compiled = compile(compute);
  expect([...compiled(x).dataSync()]).toEqual([...compute(x).dataSync()]);
  expect(compiled.refusal()).toBeUndefined();
});
