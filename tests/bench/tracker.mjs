// What the state tracker costs a training, in milliseconds per update: no tracker, one that records a tenth of the batches,
// and those that record every batch with all sites, and with parameters and gradients as well (float32), to a folder. The
// recipes' own sizes and batches; an epoch ends when its history is on the disk. Epochs of the trainings take turns and
// medians are taken, so that other work on the machine falls on all of them.
//
//     npm run build && node tests/bench/tracker.mjs [DIST]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");
const [dist = join(root, "dist")] = process.argv.slice(2);
const from = (file) => import(join(dist, file));
const { modelFor, recipeFor, settingsFor } = await from("cli/recipes.js");
const { historyFolder } = await from("files/folder-storage.js");
const { useBackend } = await from("tensors/backend.js");
const { disposeTensors } = await from("tensors/tensors.js");
const { stateTracker } = await from("tracker/state-tracker.js");
const { adam } = await from("training/optimizers.js");
const { train } = await from("training/train.js");

const rounds = 7;
const cases = [
  { task: "copy", length: 20, says: "NTM copy, length 20", epoch: 100 },
  { task: "multiplication", length: 1, says: "TTM multiplication, lesson 1", epoch: 100 },
];
const kinds = [
  { name: "untracked" },
  { name: "tracker at rate 0.1", rate: 0.1 },
  { name: "tracker at rate 1.0, all sites", rate: 1, parameters: false, gradients: false },
  { name: "tracker at rate 1.0, all sites, parameters and gradients", rate: 1 },
];

await useBackend();
for (const one of cases) {
  const { training, batch } = trainingOf(one);
  const folder = mkdtempSync(join(tmpdir(), "tapescope-bench-"));
  const runs = [];
  for (const kind of kinds) runs.push(await begin(training, one.epoch, kind, join(folder, kind.name)));
  for (const run of runs) await run.epoch(); // the first has the recording of the programs in it
  const times = runs.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, run] of runs.entries()) times[index].push((await run.epoch()) / one.epoch);
  }
  for (const run of runs) await run.end();
  rmSync(folder, { recursive: true });
  const [theirs, ...ours] = times.map(median);
  ours.forEach((time, index) => {
    const name = `${one.says}: ${kinds[index + 1].name}`;
    const line = { name, batch, unit: "ms", ours: time, peer: "untracked", theirs, ratio: time / theirs };
    console.log(JSON.stringify(line));
  });
}

function trainingOf({ task: name, length }) {
  const recipe = recipeFor(name);
  const settings = settingsFor(name, recipe, {});
  const task = recipe.task(settings);
  const batch = Number(settings.batch);
  const [by, limit] = settings.clip.split(":");
  return {
    batch,
    training: {
      ...{ model: modelFor(recipe, task, settings), task, optimizer: adam(), clip: { by, limit: Number(limit) } },
      ...{ seed: 1, batch, updates: 1_000_000, lengths: { shortest: length, longest: length } },
    },
  };
}

/** A training that stands still until it is told to go on for an epoch, whose milliseconds it tells. */
async function begin(training, epoch, { rate, name: _, ...what }, folder) {
  const { model } = training;
  const tracker = rate && (await stateTracker({ model, storage: historyFolder(folder), samplingRate: rate, ...what }));
  const stop = new AbortController();
  let [go, done] = [() => {}, () => {}];
  let started;
  const wait = () =>
    new Promise((resolve) => {
      go = resolve;
    });
  const onProgress = async ({ update }) => {
    if (update % epoch !== 0) return;
    await tracker?.saveStateHistory(); // what is not on the disk yet would fall on the next one's turn
    done(performance.now() - started);
    await wait();
  };
  const first = wait();
  const ended = first.then(() =>
    train(training, { signal: stop.signal, onProgress, ...(tracker && { tracking: { tracker, epoch } }) }),
  );
  return {
    epoch: () =>
      new Promise((resolve) => {
        [done, started] = [resolve, performance.now()];
        go();
      }),
    async end() {
      stop.abort();
      go();
      disposeTensors((await ended).parameters);
    },
  };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
