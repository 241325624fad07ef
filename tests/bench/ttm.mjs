// A Token Turing Machine on multiplication (two digits by two: 10 steps), forward and trained: replayed by the engine,
// beside the same operation by operation on TensorFlow.js's native backend, and beside PyTorch where there is one.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { compile } from "../../dist/engine/compile.js";
import { ttm } from "../../dist/model/ttm.js";
import { multiplicationTask } from "../../dist/tasks/multiplication.js";
import { useBackend } from "../../dist/tensors/backend.js";
import { random } from "../../dist/tensors/random.js";
import { fromFloat32, writeSafetensors } from "../../dist/tensors/safetensors.js";
import { toTensor } from "../../dist/tensors/transfer.js";
import { adam } from "../../dist/training/optimizers.js";
import { lossAndGradients, sequenceLogits } from "../../dist/training/sequence.js";
import { trainingStep } from "../../dist/training/training-step.js";
import { clock, interleave, tell } from "./shared/measure.mjs";
import { startTorch } from "./shared/torch.mjs";

const task = multiplicationTask();
const model = ttm({
  tokens: 1,
  symbols: task.inputs,
  outputs: task.outputs,
  features: 64,
  slots: 24,
  read: 8,
  layers: 2,
  heads: 4,
  hidden: 128,
  summariser: "mlp",
  write: "summarise",
});
const setting = { model, optimizer: adam(), clip: { by: "norm", limit: 1 } };
const batches = new Map([1, 32].map((batch) => [batch, task.draw(random(5), 2, batch)]));

const backend = await useBackend();
const [torchName, eagerName] = ["PyTorch", `TensorFlow.js ${backend}`];
const parameters = model.parameters(1);
const folder = mkdtempSync(join(tmpdir(), "tapescope-bench-"));
const torch = startTorch("ttm_torch.py", writeShared(join(folder, "ttm.safetensors")));
try {
  if (torch) await checkEqual();
  await forward(1);
  for (const batch of batches.keys()) await training(batch);
} finally {
  torch?.end();
  rmSync(folder, { recursive: true });
}

/** Parameters and batches for the peer; the path of the file. */
function writeShared(path) {
  const arrays = Object.entries(parameters).map(([name, one]) => [name, { shape: one.shape, data: one.dataSync() }]);
  for (const [batch, { inputs, targets, mask }] of batches) {
    for (const [name, array] of Object.entries({ inputs, targets, mask })) arrays.push([`${name}.${batch}`, array]);
  }
  const tensors = new Map(arrays.map(([name, { shape, data }]) => [name, fromFloat32(shape, data)]));
  writeFileSync(path, writeSafetensors({ metadata: new Map(Object.entries(model.metadata)), tensors }));
  return path;
}

/** Both compute the same: loss and gradients of the same parameters and inputs. */
async function checkEqual() {
  for (const [batch, sequences] of batches) {
    const { loss, gradients } = lossAndGradients(model, parameters, sequences);
    const norms = Object.fromEntries(
      Object.entries(gradients).map(([name, one]) => [name, tf.norm(one).dataSync()[0]]),
    );
    const theirs = await torch.ask(`check ${batch}`);
    for (const [what, ours] of Object.entries({ loss, ...norms })) {
      if (Math.abs(ours - theirs[what]) <= 1e-5 + 1e-4 * Math.abs(ours)) continue;
      throw new Error(`ttm, batch ${batch}: ${what} is ${ours} here and ${theirs[what]} in PyTorch.`);
    }
  }
}

async function forward(batch) {
  const { inputs } = batches.get(batch);
  const logits = ({ inputs }) => ({ logits: sequenceLogits(model, parameters, inputs) });
  const compiled = compile(logits);
  const time = (compute) => () =>
    clock(() => tf.tidy(() => void compute({ inputs: toTensor(inputs) }).logits.dataSync()));
  await compare("ttm-forward", batch, time(compiled), time(logits));
}

async function training(batch) {
  const steps = ["replayed", "eager"].map((how) => trainingStep(setting, parameters, undefined, how));
  const [replayed, eager] = steps.map((step) => () => clock(() => step.update(batches.get(batch), 1)));
  await compare("ttm-training", batch, replayed, eager);
  for (const step of steps) step.dispose();
}

async function compare(name, batch, replayed, eager) {
  for (let warm = 0; warm < 30; warm++) replayed(); // kernels are optimised while they run
  const { ours, ...theirs } = await interleave(7, {
    ours: { time: replayed, again: 6 },
    [eagerName]: { time: eager },
    ...(torch && { [torchName]: { time: () => torch.ask(`${name.slice(4)} ${batch}`), again: 6 } }),
  });
  for (const [peer, time] of Object.entries(theirs)) tell({ name, batch, unit: "ms", ours, peer, theirs: time });
}
