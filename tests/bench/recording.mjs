// What it takes to record the longest programs of the NTM, the first time that a shape is met: a training step of the
// longest copy that is trained (20 vectors, 41 steps), and a run of the longest that is looked at (120 vectors, 241 steps).
// Each is recorded in a process of its own; memory is what the process has grown by at most.
import { execFileSync } from "node:child_process";
import { compile } from "../../dist/engine/compile.js";
import { ntm, paperCopy } from "../../dist/model/ntm.js";
import { copyTask } from "../../dist/tasks/copy.js";
import { useBackend } from "../../dist/tensors/backend.js";
import { random } from "../../dist/tensors/random.js";
import { toTensor } from "../../dist/tensors/transfer.js";
import { adam } from "../../dist/training/optimizers.js";
import { sequenceLogits } from "../../dist/training/sequence.js";
import { trainingStep } from "../../dist/training/training-step.js";
import { clock, tell } from "./shared/measure.mjs";

const limits = { seconds: 3, megabytes: 300 };
const programs = {
  "a training step of 41 steps": { length: 20, batch: 16, record: recordTraining },
  "a run of 241 steps": { length: 120, batch: 1, record: recordRun },
};

const [chosen] = process.argv.slice(2);
if (chosen) await record(programs[chosen]);
else {
  for (const [name, { batch }] of Object.entries(programs)) {
    const { seconds, megabytes } = JSON.parse(execFileSync(process.execPath, [import.meta.filename, name]).toString());
    const limit = { batch, peer: "limit" };
    tell({ ...limit, name: `record ${name}: time`, unit: "s", ours: seconds, theirs: limits.seconds });
    tell({ ...limit, name: `record ${name}: memory`, unit: "MB", ours: megabytes, theirs: limits.megabytes });
  }
}

async function record({ length, batch, record }) {
  await useBackend("cpu"); // the smallest: what is measured is ours
  const model = ntm(paperCopy);
  const parameters = model.parameters(1);
  const sequences = copyTask(8).draw(random(1), length, batch);
  const before = process.memoryUsage().rss / 1e6;
  const milliseconds = record(model, parameters, sequences);
  const megabytes = process.resourceUsage().maxRSS / 1e3 - before;
  console.log(JSON.stringify({ seconds: milliseconds / 1000, megabytes }));
}

function recordTraining(model, parameters, sequences) {
  const step = trainingStep({ model, optimizer: adam(), clip: { by: "norm", limit: 10 } }, parameters, undefined);
  return clock(() => step.update(sequences, 1));
}

function recordRun(model, parameters, { inputs }) {
  const logits = compile(({ inputs }) => ({ logits: sequenceLogits(model, parameters, inputs) }));
  return clock(() => logits({ inputs: toTensor(inputs) }));
}
