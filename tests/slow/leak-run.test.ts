import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test, vi } from "vitest";
import { edit } from "../../src/model/edits.js";
import { run, runRefusal } from "../../src/model/run.js";
import { ttm } from "../../src/model/ttm.js";
import { useBackend } from "../../src/tensors/backend.js";
import { namedArray } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { seed, times } from "../repeat.mjs";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const megabytes = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
};

/** The least of several moments: a program's memory goes some time after the program. */
const leastMegabytes = async (): Promise<number> => {
  const seen: number[] = [];
  for (let moment = 0; moment < 10; moment++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 50));
    seen.push(megabytes());
  }
  return Math.min(...seen);
};

const runs = 4 * times("updates");
test(`${runs} edited runs, some with a new model or batch, keep no tensor and no memory more`, {
  tags: ["updates"],
}, async () => {
  await useBackend("cpu");
  vi.stubEnv("TAPESCOPE_BACKEND", "");
  const sizes = { tokens: 1, symbols: 3, outputs: 2, features: 4, slots: 4, read: 2, layers: 1, heads: 1, hidden: 4 };
  let model = ttm({ ...sizes, summariser: "query", write: "erase-add" });
  const parameters = model.parameters(1);
  const source = random(seed + 1);
  const again = (runs: number): void => {
    for (let count = 0; count < runs; count++) {
      const anew = count % 50 === 0;
      if (anew) model = ttm({ ...sizes, summariser: "query", write: "erase-add" });
      const batch = anew ? source.integer(1, 20) : 2;
      const [steps, width] = [source.integer(1, 4), sizes.tokens * sizes.symbols];
      const shape = [steps, batch, width];
      const inputs = namedArray("inputs", ["step", "batch", "input"], shape, new Float32Array(steps * batch * width));
      const where = { step: source.integer(0, steps - 1), slot: source.integer(0, sizes.slots - 1) };
      run(model, parameters, inputs, { record: ["*"], edits: [edit("memory", where).set(source.normal())] });
    }
  };
  again(runs / 4);
  const [tensors, before] = [tf.memory().numTensors, await leastMegabytes()];
  again(runs);
  expect(runRefusal(model)).toBeUndefined();
  expect(tf.memory().numTensors).toBe(tensors);
  await expect.poll(async () => (await leastMegabytes()) - before).toBeLessThan(10);
  disposeTensors(parameters);
  vi.unstubAllEnvs();
});
