// One training step of an NTM on copy (length 20, sizes of the paper): replayed by the engine, beside the same operation by
// operation on TensorFlow.js's native backend, and beside PyTorch where there is one.
import { ntm, paperCopy } from "../../dist/model/ntm.js";
import { copyTask } from "../../dist/tasks/copy.js";
import { useBackend } from "../../dist/tensors/backend.js";
import { random } from "../../dist/tensors/random.js";
import { adam } from "../../dist/training/optimizers.js";
import { trainingStep } from "../../dist/training/training-step.js";
import { clock, interleave, tell } from "./shared/measure.mjs";
import { startTorch } from "./shared/torch.mjs";

const length = 20;
const backend = await useBackend();
const torch = startTorch("ntm_copy_torch.py");
const task = copyTask(8);
const setting = { model: ntm(paperCopy), optimizer: adam(), clip: { by: "norm", limit: 10 } };
const parameters = setting.model.parameters(1);
for (const batch of [1, 16]) {
  const source = random(5);
  const steps = ["replayed", "eager"].map((how) => trainingStep(setting, parameters, undefined, how));
  const [replayed, eager] = steps.map((step) => () => {
    const sequences = task.draw(source, length, batch);
    return clock(() => step.update(sequences, 1));
  });
  for (let warm = 0; warm < 30; warm++) replayed(); // kernels are optimised while they run
  const [peer, eagerly] = ["PyTorch", `TensorFlow.js ${backend}`];
  const medians = await interleave(7, {
    ours: { time: replayed, again: 6 },
    [eagerly]: { time: eager },
    ...(torch && { [peer]: { time: () => torch.ask(batch), again: 3 } }),
  });
  const { ours, ...theirs } = medians;
  for (const [peer, time] of Object.entries(theirs)) {
    tell({ name: "ntm-copy-training", batch, unit: "ms", ours, peer, theirs: time });
  }
  for (const step of steps) step.dispose();
}
torch?.end();
