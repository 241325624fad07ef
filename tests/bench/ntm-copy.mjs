// One training step of an NTM on copy (length 20, sizes of the paper), in milliseconds: replayed by the engine, operation by
// operation on the native backend, and in PyTorch where a Python with torch is named. Runs are interleaved, medians are
// taken, so that other work on the machine falls on all of them.
//
//     npm run build && node tests/bench/ntm-copy.mjs [python]
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ntm, paperCopy } from "../../dist/model/ntm.js";
import { copyTask } from "../../dist/tasks/copy.js";
import { useBackend } from "../../dist/tensors/backend.js";
import { random } from "../../dist/tensors/random.js";
import { adam } from "../../dist/training/optimizers.js";
import { trainingStep } from "../../dist/training/training-step.js";

const rounds = 10;
const length = 20;

const backend = await useBackend();
const peer = process.argv[2] ? startPeer(process.argv[2]) : undefined;
const task = copyTask(8);
const setting = { model: ntm(paperCopy), optimizer: adam(), clip: { by: "norm", limit: 10 } };
const parameters = setting.model.parameters(1);
for (const batch of [1, 16]) {
  const replayed = trainingStep(setting, parameters, undefined);
  const eager = trainingStep(setting, parameters, undefined, "eager");
  const source = random(5);
  const time = (step) => {
    const sequences = task.draw(source, length, batch);
    const started = performance.now();
    step.update(sequences, 1);
    return performance.now() - started;
  };
  const recording = time(replayed);
  for (let warm = 0; warm < 20; warm++) time(replayed); // kernels are optimised while they run
  time(eager);
  await peer?.step(batch);
  const times = { replayed: [], [backend]: [], ...(peer && { torch: [] }) };
  for (let round = 0; round < rounds; round++) {
    for (let again = 0; again < 5; again++) times.replayed.push(time(replayed));
    if (round % 3 === 0) times[backend].push(time(eager));
    if (peer) times.torch.push(await peer.step(batch));
  }
  const medians = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
  const ratios = Object.entries(medians).map(([name, one]) => [`replayed / ${name}`, medians.replayed / one]);
  console.log(JSON.stringify({ batch, recording, medians, ...Object.fromEntries(ratios.slice(1)) }));
  replayed.dispose();
  eager.dispose();
}
peer?.end();

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function startPeer(python) {
  const script = join(import.meta.dirname, "ntm_copy_torch.py");
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async step(batch) {
      child.stdin.write(`${batch}\n`);
      return Number((await lines.next()).value);
    },
    end: () => child.stdin.end(),
  };
}
