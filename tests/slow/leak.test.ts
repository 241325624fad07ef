import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test, vi } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { historyFolder } from "../../src/files/folder-storage.js";
import { ntm } from "../../src/model/ntm.js";
import { copyTask } from "../../src/tasks/copy.js";
import { useBackend } from "../../src/tensors/backend.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { stateTracker } from "../../src/tracker/state-tracker.js";
import { adam, rmsprop } from "../../src/training/optimizers.js";
import { train } from "../../src/training/train.js";
import { times } from "../repeat.mjs";

const task = copyTask(2);
const sizes = { slots: 4, word: 3, units: 6, readHeads: 1, writeHeads: 1, initialWeights: "learned" as const };
const model = ntm({ inputs: task.inputs, outputs: task.outputs, controller: "lstm", ...sizes });

test.each([
  ["adam", times("updates")],
  ["rmsprop", 50],
] as const)(
  "training with %s over %i updates never keeps a tensor more",
  { tags: ["updates"] },
  async (name, updates) => {
    await useBackend("cpu");
    const counts = new Set<number>();
    const before = tf.memory().numTensors;
    const result = await train(
      {
        model,
        task,
        optimizer: name === "adam" ? adam() : rmsprop(),
        clip: { by: "value", limit: 10 },
        seed: 1,
        updates,
        batch: 1,
        lengths: { shortest: 1, longest: 2 },
      },
      { onProgress: () => void counts.add(tf.memory().numTensors) },
    );
    expect(counts.size).toBe(1);
    disposeTensors(result.parameters);
    expect(tf.memory().numTensors).toBe(before);
  },
);

test.each([1, 2])(
  "functions compiled for a number of threads, %i, give back their memory when nobody has them any more",
  async (threads) => {
    await useBackend("cpu");
    vi.stubEnv("TAPESCOPE_THREADS", `${threads}`);
    const x = tf.ones([512, 512]);
    const compileMany = async () => {
      for (let count = 0; count < 30; count++) {
        compile((given: tf.Tensor2D) => tf.tanh(tf.matMul(tf.matMul(given, given), tf.add(given, 1))))(
          x as tf.Tensor2D,
        ).dispose();
        if (count % 10 === 0) await setTimeout(20); // for what the collector found
      }
      return process.memoryUsage().rss;
    };
    await compileMany();
    const before = await compileMany();
    await compileMany();
    await expect.poll(async () => (await compileMany()) - before).toBeLessThan(100e6); // of 60 times 4 MB and more
    x.dispose();
    vi.unstubAllEnvs();
  },
);

test.each(["replayed", "eager"] as const)(
  "a %s training that is tracked takes no more memory, however long",
  { tags: ["updates"] },
  async (how) => {
    await useBackend("cpu");
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const place = await mkdtemp(join(tmpdir(), "tapescope-leak-"));
    const tracker = await stateTracker({ model, storage: historyFolder(join(place, "history")), samplingRate: 1 });
    const [updates, epoch, warmUp] = [times("updates"), 50, 200];
    const found: { tensors: number; heap: number; external: number; rss: number }[] = [];
    const { parameters } = await train(
      {
        ...{ model, task, optimizer: adam(), clip: { by: "value", limit: 10 }, seed: 1, updates, batch: 2 },
        lengths: { shortest: 1, longest: 2 },
      },
      {
        how,
        tracking: { tracker, epoch },
        async onProgress({ update }) {
          if (update <= warmUp || update % epoch !== 0) return;
          await tracker.saveStateHistory(); // nothing is on its way to the disk, however slow that is
          collectGarbage();
          const { heapUsed: heap, external, rss } = process.memoryUsage();
          found.push({ tensors: tf.memory().numTensors, heap, external, rss });
        },
      },
    );
    disposeTensors(parameters);
    await rm(place, { recursive: true });
    const half = found.length >> 1;
    /** How many MB the median of the later half is above that of the earlier one. */
    const growth = (what: "heap" | "external" | "rss"): number => {
      const median = (some: typeof found): number =>
        some.map((one) => one[what]).sort((a, b) => a - b)[half >> 1] as number;
      return (median(found.slice(half)) - median(found.slice(0, half))) / 2 ** 20;
    };
    expect(new Set(found.map(({ tensors }) => tensors)).size).toBe(1);
    expect(growth("heap")).toBeLessThan(1); // what is recorded between the two takes more than two
    expect(growth("external")).toBeLessThan(4); // buffers on their way to the disk come and go
    expect(growth("rss")).toBeLessThan(12); // the system takes pages back when it likes
  },
);
