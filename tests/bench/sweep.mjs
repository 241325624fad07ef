// A sweep of 1,000 single-cell patches beside 1,000 separate runs on the same backend: memory cells of the copy checkpoint
// (length 20, 41 steps) and of the multiplication checkpoint (27 × 4, 10 steps), patched from a run of another input, evenly
// over the steps. Replayed by the engine, and operation by operation on TensorFlow.js's native backend, where ten of the separate
// runs are timed, evenly spread, and counted for all. Wanted: a ratio of at most 0.05. BENCH_BACKENDS=cpu or wasm takes others.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { outputChange } from "../../dist/experiments/metrics.js";
import { sweep } from "../../dist/experiments/sweep.js";
import { decodeCheckpoint } from "../../dist/model/checkpoint.js";
import { edit } from "../../dist/model/edits.js";
import { run } from "../../dist/model/run.js";
import { copyTask } from "../../dist/tasks/copy.js";
import { multiplicationBatch } from "../../dist/tasks/multiplication.js";
import { useBackend } from "../../dist/tensors/backend.js";
import { select } from "../../dist/tensors/named-array.js";
import { random } from "../../dist/tensors/random.js";
import { interleave, tell } from "./shared/measure.mjs";

const batch = 64;
const from = (first, count) => Array.from({ length: count }, (_, i) => first + i);
const copies = copyTask();
const machines = {
  "ntm-copy": {
    inputs: [1, 2].map((seed) => copies.draw(random(seed), 20, 1).inputs),
    at: { step: from(0, 40), slot: from(58, 5), word: from(0, 5) },
  },
  "ttm-multiplication": {
    inputs: [27, 58].map((factor) => multiplicationBatch([[factor, 4]], [2, 2]).inputs),
    at: { step: from(0, 10), slot: from(0, 10), feature: from(0, 10) },
  },
};
const named = (process.env.BENCH_BACKENDS ?? "engine,native").split(",");

for (const backend of named) {
  const missing = await useBackend(backend === "engine" ? "cpu" : backend).then(() => "", String);
  if (missing) {
    console.error(`Without ${backend}: ${missing}`);
    continue;
  }
  process.env.TAPESCOPE_BACKEND = backend === "engine" ? "" : backend;
  for (const name of Object.keys(machines)) await measure(name, backend);
}

async function measure(name, backend) {
  const { model, parameters } = decodeCheckpoint(
    readFileSync(join(import.meta.dirname, "../../data", `${name}.safetensors`)),
  );
  const { inputs, at } = machines[name];
  const [input, otherInput] = inputs;
  const other = run(model, parameters, otherInput, { record: ["memory"] });
  const over = Object.keys(at);
  const places = over.reduce((all, axis) => all.flatMap((one) => at[axis].map((p) => ({ ...one, [axis]: p }))), [{}]);
  const count = backend === "engine" ? places.length : 10;
  const some = places.filter((_, i) => i % (places.length / count) === Math.floor(places.length / count / 2));
  const original = select(run(model, parameters, input).outputs, { batch: 0 });
  const swept = () => {
    const operation = (place) => place.patch(other);
    return sweep(model, parameters, input, { site: "memory", over, at, operation, metric: outputChange, batch });
  };
  const separate = async () => {
    for (const where of some) {
      const { outputs } = run(model, parameters, input, { edits: [edit("memory", where).patch(other)] });
      outputChange(select(outputs, { batch: 0 }), original);
    }
  };
  const share = places.length / some.length;
  for (const [unit, clock] of [
    ["ms", () => performance.now()],
    ["ms of CPU", () => cpuMilliseconds()],
  ]) {
    const timed = (work, times) => async () => {
      const started = clock();
      await work();
      return (clock() - started) * times;
    };
    const rounds = backend === "engine" ? 5 : 3;
    const contenders = { ours: { time: timed(swept, 1) }, theirs: { time: timed(separate, share) } };
    const { ours, theirs } = await interleave(rounds, contenders);
    const what = `sweep of ${places.length} patches, ${name}, ${backend}${unit === "ms" ? "" : ", CPU"}`;
    tell({ name: what, batch, unit: "ms", ours, peer: "separate runs", theirs });
  }
}

/** Milliseconds of processor time that this process has used. */
function cpuMilliseconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
