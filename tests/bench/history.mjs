// How fast a state history is written, opened and read, against Python's pickle of the same states. Writes one JSON line
// for each number. Usage: node tests/bench/history.mjs [MEGABYTES] [DIST]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, tell } from "./shared/measure.mjs";
import { lackOf, python } from "./shared/peers.mjs";

const root = join(import.meta.dirname, "..", "..");
const [megabytes = "1024", dist = join(root, "dist")] = process.argv.slice(2);
const { historyFolder } = await import(join(dist, "files/folder-storage.js"));
const { openHistoryWriter } = await import(join(dist, "tracker/history-writer.js"));
const { openHistory } = await import(join(dist, "tracker/history.js"));

const folder = mkdtempSync(join(tmpdir(), "tapescope-bench-"));
const rows = 32; // slots, of 64 numbers: 8 KB
const tokens = 16;
const epochs = 4;
const batches = Math.ceil((Number(megabytes) * 2 ** 20) / (rows * 64 * 4 * tokens * epochs));
const bytes = epochs * batches * tokens * rows * 64 * 4;
const sites = [{ kind: "state", name: "memory", axes: ["slot", "word"], shape: [rows, 64], about: "memory" }];
const settings = { dtype: "float32", samplingRate: 1, sequences: 1 };
const beside = (name, ours, theirs, unit) => tell({ name, batch: 1, unit, ours, peer: "pickle", theirs });

const source = new Float32Array(1 << 20).map(() => Math.random() - 0.5);
const writer = await openHistoryWriter(historyFolder(folder), {
  model: { name: "bench", metadata: {} },
  sites,
  settings,
});
let [start, cpu] = [performance.now(), process.cpuUsage()];
let turn = 0;
for (let epoch = 0; epoch < epochs; epoch++) {
  for (let batch = 0; batch < batches; batch++) {
    await writer.room();
    for (let step = 0; step < tokens; step++) {
      const from = (turn++ * 977) % (source.length - rows * 64);
      const data = source.slice(from, from + rows * 64);
      writer.append({ epoch, batch, step, kind: "state", site: "memory", shape: [1, rows, 64], data });
    }
  }
}
await writer.flush();
const seconds = (performance.now() - start) / 1000;
const used = process.cpuUsage(cpu);

start = performance.now();
const history = await openHistory(historyFolder(folder));
const opening = performance.now() - start;
let seed = 1;
const draw = (most) => {
  seed = (seed * 48271) % 2147483647;
  return seed % most;
};
const reads = [];
for (let i = 0; i < 500; i++) {
  const [epoch, batch, token] = [draw(epochs), draw(batches), draw(tokens)];
  start = performance.now();
  await history.getState(epoch, batch, token, "memory");
  reads.push(performance.now() - start);
}
const cold = [];
for (let i = 0; i < 30; i++) {
  const fresh = await openHistory(historyFolder(folder));
  start = performance.now();
  await fresh.getState(draw(epochs), draw(batches), draw(tokens), "memory");
  cold.push(performance.now() - start);
}

const script = `
import json, os, pickle, random, statistics, sys, time
import numpy as np
folder, parts, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
values = np.random.rand(1 << 20).astype("float32")
path = os.path.join(folder, "states.pickle")
start = time.perf_counter()
with open(path, "wb") as file:
    for turn in range(parts):
        at = turn * 977 % (len(values) - size)
        pickle.dump(((0, turn, 0, "memory"), values[at:at + size].copy()), file, protocol=5)
    file.flush(); os.fsync(file.fileno())
written = time.perf_counter() - start
start = time.perf_counter()
states = {}
with open(path, "rb") as file:
    for turn in range(parts):
        key, value = pickle.load(file)
        states[key] = value
opened = time.perf_counter() - start
print(json.dumps([written, opened]))
`;
const lack = lackOf(["numpy"]);
if (lack) console.error(`No figures beside Python's pickle: ${lack}`);
const args = ["-c", script, folder, `${bytes / (rows * 256)}`, `${rows * 64}`];
const theirs = lack ? [Number.NaN, Number.NaN] : JSON.parse(execFileSync(python, args).toString());
const MB = bytes / 1e6;
beside("history: writing raw states", MB / seconds, MB / theirs[0], "MB/s");
beside("history: writing, of the processor's time", MB / ((used.user + used.system) / 1e6), MB / theirs[0], "MB/s");
beside("history: opening", opening, theirs[1] * 1000, "ms");
beside("history: one random state, median", median(reads), theirs[1] * 1000, "ms");
beside("history: one random state of a history just opened, median", median(cold), theirs[1] * 1000, "ms");
console.log(
  JSON.stringify({
    megabytes: MB,
    parts: history.size.parts,
    bytes: history.size.bytes,
    rss: process.memoryUsage().rss / 1e6,
  }),
);
rmSync(folder, { recursive: true });
