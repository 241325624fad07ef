import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.js";
import { nsm } from "../../src/model/nsm.js";
import { type NtmConfig, ntm } from "../../src/model/ntm.js";
import { copyTask } from "../../src/tasks/copy.js";
import { recallTask, recallTokens } from "../../src/tasks/recall.js";
import { type BackendName, useBackend } from "../../src/tensors/backend.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, type Tensors } from "../../src/tensors/tensors.js";
import { adam, rmsprop } from "../../src/training/optimizers.js";
import { batchTensors, differentiateLoss, sequenceLogits } from "../../src/training/sequence.js";
import { trainingStep } from "../../src/training/training-step.js";

const copy = copyTask(3);
const recall = recallTask();
const ntmOf = (changed: Partial<NtmConfig>) =>
  ntm({
    inputs: copy.inputs,
    outputs: copy.outputs,
    slots: 9,
    word: 5,
    controller: "lstm",
    units: 11,
    readHeads: 1,
    writeHeads: 1,
    initialWeights: "learned",
    ...changed,
  });
const nsmOf = (gates: "gru" | "lstm", pruned: readonly number[]) =>
  nsm({
    tokens: recallTokens,
    symbols: recall.inputs / recallTokens,
    outputs: recall.outputs,
    states: 5,
    features: 8,
    heads: 4,
    gates,
    slots: 6,
    word: 4,
    readHeads: 1,
    writeHeads: 1,
    pruned,
  });
const machines = [
  { name: "NTM with an LSTM", model: ntmOf({}), task: copy },
  { name: "NTM, feed-forward, 2 read heads", model: ntmOf({ controller: "feedforward", readHeads: 2 }), task: copy },
  { name: "NSM with GRU gates", model: nsmOf("gru", []), task: recall },
  { name: "NSM with LSTM gates, one state pruned", model: nsmOf("lstm", [2]), task: recall },
];
const nativeProblem = await useBackend("native").then(
  () => undefined,
  (error: Error) => error.message,
);
const backends: BackendName[] = nativeProblem === undefined || process.env.CI ? ["cpu", "native"] : ["cpu"];

/** |a − b| / |b| over all numbers of an array. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const norm = (one: (index: number) => number) =>
    Math.sqrt(Array.from({ length: b.length }, (_, index) => one(index) ** 2).reduce((sum, square) => sum + square, 0));
  return norm((index) => (a[index] as number) - (b[index] as number)) / (norm((index) => b[index] as number) || 1);
}

describe.each(backends)("beside the %s backend", (backend) => {
  describe.each(machines)("$name", ({ model, task }) => {
    test.each([1, 3])("outputs and gradients of %d sequences are the same to 1e-5", async (batch) => {
      await useBackend(backend);
      tf.tidy(() => {
        const compute = (all: Tensors) => {
          const { loss, gradients } = differentiateLoss(model, all, all);
          return { logits: sequenceLogits(model, all, all.inputs as tf.Tensor), loss, ...gradients };
        };
        const inputs = { ...model.parameters(3), ...batchTensors(model, task.draw(random(4), 3, batch)) };
        const compiled = compile(compute);
        const [found, wanted] = [compiled(inputs), compute(inputs) as Tensors];
        expect(compiled.refusal()).toBeUndefined();
        // Rounding in a gradient is as large as in the largest that it is computed from; a few are 0 but for rounding.
        const gradients = Object.keys(model.shapes).filter((name) => !model.fixed.includes(name));
        const largest = Math.max(
          ...gradients.map((name) => tf.norm(wanted[name] as tf.Tensor).dataSync()[0] as number),
        );
        for (const [name, tensor] of Object.entries(wanted)) {
          const difference = tf.norm(tf.sub(found[name] as tf.Tensor, tensor)).dataSync()[0] as number;
          const size = gradients.includes(name) ? largest : (tf.norm(tensor).dataSync()[0] as number);
          expect(difference / size, name).toBeLessThan(1e-5);
        }
      });
    });

    test.each([adam(1e-3), rmsprop(1e-4)])("100 updates by $name stay together", async (optimizer) => {
      await useBackend(backend);
      const beginning = model.parameters(1);
      const setting = { model, optimizer, clip: { by: "norm", limit: 10 } as const };
      const [eager, replayed] = [
        trainingStep(setting, beginning, undefined, "eager"),
        trainingStep(setting, beginning, undefined),
      ];
      const source = random(5);
      for (let update = 0; update < 100; update++) {
        const batch = task.draw(source, source.integer(2, 3), 2);
        const [wanted, found] = [eager.update(batch, 1).loss, replayed.update(batch, 1).loss];
        expect(Math.abs(found - wanted) / wanted, `loss of update ${update}`).toBeLessThan(1e-3);
      }
      expect(replayed.refusal()).toBeUndefined();
      const [wanted, found] = [eager.parameters(), replayed.parameters()];
      for (const name of Object.keys(wanted)) {
        // A key's bias has no gradient but rounding, of which Adam makes steps of full size.
        if (name.endsWith("attention.in.bias")) continue;
        const drift = distance(found[name]?.dataSync() ?? [], wanted[name]?.dataSync() ?? []);
        expect(drift, name).toBeLessThan(1e-3);
      }
      for (const tensors of [beginning, wanted, found]) disposeTensors(tensors);
      eager.dispose();
      replayed.dispose();
    });
  });
});
