// A small training that keeps its states, and a moment to go on from, until it is killed. It prints "begun", then after
// every saving the number of epochs that are safe, and at its end a digest of its parameters.
// Usage: node killed-training.mjs MODULES FOLDER EPOCHS
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";

const [modules, folder, epochs] = process.argv.slice(2);
const load = (file) => import(`${modules}/${file}`);
const [{ historyFolder }, { loadMoment, saveMoment }, { ntm }, { copyTask }, { useBackend }] = await Promise.all(
  ["files/folder-storage.js", "files/moment-file.js", "model/ntm.js", "tasks/copy.js", "tensors/backend.js"].map(load),
);
const [{ openHistory }, { stateTracker }, { adam }, { train }] = await Promise.all(
  ["tracker/history.js", "tracker/state-tracker.js", "training/optimizers.js", "training/train.js"].map(load),
);
await useBackend("cpu");

const epoch = 2; // updates: much of the time it is writing
const task = copyTask(1);
const sizes = { units: 4, slots: 3, word: 2, readHeads: 1, writeHeads: 1, initialWeights: "learned" };
const model = ntm({ inputs: task.inputs, outputs: task.outputs, controller: "feedforward", ...sizes });
const moment = join(folder, "moment.safetensors");
const storage = historyFolder(join(folder, "history"));
process.stdout.write("begun\n");

const from = existsSync(moment) ? await loadMoment(moment, {}) : undefined;
const begun = await openHistory(storage).catch(() => undefined);
const tracker = await stateTracker({
  model,
  storage,
  samplingRate: 0.5,
  sites: ["memory", "*.weights"],
  ...(begun && { resumeAt: { epoch: (from?.update ?? 0) / epoch, batch: 0 } }),
});
const clip = { by: "value", limit: 10 };
const lengths = { shortest: 1, longest: 1 };
const { parameters } = await train(
  { model, task, optimizer: adam(), clip, seed: 1, updates: epoch * Number(epochs), batch: 2, lengths },
  {
    ...(from && { from }),
    tracking: { tracker, epoch },
    async onProgress(progress) {
      if (progress.update % epoch !== 0) return;
      await tracker.saveStateHistory(); // as the command does before its moments
      await saveMoment(moment, progress.moment(), {});
      process.stdout.write(`${progress.update / epoch}\n`);
    },
  },
);
const digest = createHash("sha256");
for (const name of Object.keys(parameters).sort()) digest.update(name).update(parameters[name].dataSync());
process.stdout.write(`${digest.digest("hex")}\n`);
