import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { newCrowd } from "../../src/engine/crowd.js";
import { newMachine } from "../../src/engine/machine.js";
import { threadCount } from "../../src/engine/threads.js";
import { writer } from "../../src/engine/wasm.js";
import { ntm, paperCopy } from "../../src/model/ntm.js";
import { copyTask } from "../../src/tasks/copy.js";
import { useBackend } from "../../src/tensors/backend.js";
import { random } from "../../src/tensors/random.js";
import { adam } from "../../src/training/optimizers.js";
import { trainingStep } from "../../src/training/training-step.js";

await useBackend("cpu");
afterEach(() => void vi.unstubAllEnvs());

/** What comes of it, computed by so many threads. */
function byThreads<A>(threads: number, compute: () => A): A {
  vi.stubEnv("TAPESCOPE_THREADS", `${threads}`);
  return compute();
}

describe("programs shared out to threads give the same to the bit as alone", () => {
  test("whatever operations they are made of", () => {
    const size = fc.constantFrom(17, 33, 37, 64, 111, 185, 222);
    const chain = fc.array(fc.constantFrom(...Object.keys(operations)), { minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(size, size, chain, fc.nat(), (rows, columns, names, seed) => {
        const x = tf.tensor2d(Array.from({ length: rows * columns }, random(seed).normal), [rows, columns]);
        const compute = (given: tf.Tensor): tf.Tensor => {
          const heavy = tf.matMul(given, tf.matMul(given, given, true, false));
          return names.reduce((now, name) => (operations[name] as Operation)(now), heavy);
        };
        const [alone, ...together] = [1, 2, 3].map((threads) =>
          byThreads(threads, () => [...compile(compute)(x).dataSync()]),
        );
        for (const one of together) expect(one).toEqual(alone);
        x.dispose();
      }),
      // Once, a vector written beyond the end of one thread's numbers fell on what another was still reading.
      { numRuns: 30, examples: [[74, 185, ["take the mean of columns away", "tanh", "tanh", "tanh", "tanh"], 0]] },
    );
  });

  test.each([17, 33, 34])("where %i columns leave a thread one or two to sum over rows", (columns) => {
    const x = tf.tensor2d(Array.from({ length: 300 * columns }, random(1).normal), [300, columns]);
    const w = tf.tensor2d(Array.from({ length: 300 * 300 }, random(2).normal), [300, 300]);
    const sums = (threads: number) =>
      byThreads(threads, () => {
        const compiled = compile((given: tf.Tensor, other: tf.Tensor2D) => [
          tf.sum(tf.exp(given), 0),
          tf.matMul(other, other),
        ]);
        return Array.from({ length: 6 }, () => [...(compiled(x, w)[0] as tf.Tensor).dataSync()]);
      });
    const [alone, ...together] = [1, 2, 3].map(sums);
    for (const one of together) expect(one).toEqual(alone);
    tf.dispose([x, w]);
  });

  test("update for update, when a machine is trained", () => {
    const model = ntm(paperCopy);
    const batches = Array.from({ length: 3 }, (_, index) => copyTask(8).draw(random(index), 3 + index, 16));
    const [alone, ...together] = [1, 2, 3].map((threads) =>
      byThreads(threads, () => {
        const setting = { model, optimizer: adam(), clip: { by: "norm", limit: 1 } } as const;
        const step = trainingStep(setting, model.parameters(1), undefined);
        const found = batches.flatMap((batch) => [step.update(batch, 1), step.update(batch, 1)]);
        return { found, parameters: Object.values(step.parameters()).map((one) => [...one.dataSync()]) };
      }),
    );
    for (const one of together) expect(one).toEqual(alone);
  });
});

type Operation = (x: tf.Tensor) => tf.Tensor;
const operations: Record<string, Operation> = {
  tanh: tf.tanh,
  softmax: (x) => tf.softmax(x),
  turn: (x) => tf.transpose(x),
  "take the mean of columns away": (x) => tf.sub(x, tf.mean(x, 0, true)),
  "divide by the length of rows": (x) => tf.div(x, tf.add(tf.norm(x, 2, 1, true), 1)),
  "divide by the largest": (x) => tf.div(x, tf.add(tf.max(tf.abs(x)), 1)),
  "multiply with itself": (x) => tf.div(tf.matMul(tf.matMul(x, x, false, true), x), x.size),
  "put beside itself and add": (x) => {
    const [left, right] = tf.split(tf.concat([x, tf.square(x)], 1), 2, 1) as [tf.Tensor, tf.Tensor];
    return tf.add(left, tf.exp(tf.neg(right)));
  },
  "roll the rows": (x) => tf.concat([tf.slice(x, [1, 0]), tf.slice(x, [0, 0], [1, -1])], 0),
};

describe("the number of threads", () => {
  test("is what TAPESCOPE_THREADS says, else two at most", () => {
    expect(byThreads(3, threadCount)).toBe(3);
    vi.stubEnv("TAPESCOPE_THREADS", "");
    expect([1, 2]).toContain(threadCount());
  });

  test.each(["0", "17", "1.5", "two"])("%j is refused", (wanted) => {
    vi.stubEnv("TAPESCOPE_THREADS", wanted);
    expect(() => compile((x: tf.Tensor) => x)).toThrow(
      `TAPESCOPE_THREADS is "${wanted}"; give a whole number from 1 to 16, or leave it out.`,
    );
  });
});

describe("threads that waited long for one another", () => {
  /** How long they are left alone after each of some runs, in milliseconds. */
  function pauses(waited: readonly boolean[]): number[] {
    let now = 0;
    const crowd = newCrowd(() => now);
    return waited.map((one) => {
      crowd.note(one);
      const from = now;
      while (crowd.isCrowded()) now += 50;
      return now - from;
    });
  }
  const times = (count: number, waited: boolean) => Array.from({ length: count }, () => waited);

  test("are left alone for a while, twice as long each time", () => {
    expect(pauses([false, true, true, true])).toEqual([0, 100, 200, 400]);
    expect(Math.max(...pauses(times(20, true)))).toBe(12_800);
  });

  test("are trusted again after they have gone on well for long, not after once", () => {
    expect(pauses([...times(4, true), false, true]).at(-1)).toBeGreaterThan(1500);
    expect(pauses([...times(4, true), ...times(1000, false), true]).at(-1)).toBe(100);
  });

  test("are hardly used at all where that happens in one of twenty runs", () => {
    const [often, rarely] = [20, 1000].map((every) =>
      pauses(Array.from({ length: 4000 }, (_, run) => run % every === 0)).reduce((sum, one) => sum + one, 0),
    ) as [number, number];
    expect(often).toBeGreaterThan(100 * 12_800);
    expect(rarely).toBeLessThan(4 * 250);
  });
});

test("a thread that does not come to a barrier is an error, not a standstill", () => {
  const machine = newMachine(2, 10);
  const idle = machine.kernel("idle", () => writer(["i32"]));
  machine.prepare();
  expect(machine.isHelped()).toBe(true);
  const [here, there] = [machine.reserve(12), machine.reserve(8)];
  machine.words().set(machine.barrier(0), here / 4);
  machine.words().set([idle, 8], there / 4);
  const run = () =>
    machine.run([
      [here, here + 12],
      [there, there + 8],
    ]);
  for (const _ of ["first", "again"]) {
    expect(run).toThrow("A thread of the engine does not answer. Set TAPESCOPE_THREADS=1 to do without.");
  }
});
