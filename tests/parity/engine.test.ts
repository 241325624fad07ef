import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { compile } from "../../src/engine/compile.js";
import type { Model } from "../../src/model/model.js";
import { nsm } from "../../src/model/nsm.js";
import { type NtmConfig, ntm } from "../../src/model/ntm.js";
import { ttm } from "../../src/model/ttm.js";
import { copyTask } from "../../src/tasks/copy.js";
import { multiplicationTask } from "../../src/tasks/multiplication.js";
import { recallTask, recallTokens } from "../../src/tasks/recall.js";
import type { Batch, Task } from "../../src/tasks/task.js";
import { useBackend } from "../../src/tensors/backend.js";
import { sizeOf } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, type Tensors } from "../../src/tensors/tensors.js";
import type { ValuePlace, Wanted } from "../../src/tracker/tracker-options.js";
import { adam, rmsprop } from "../../src/training/optimizers.js";
import { batchTensors, differentiateLoss, sequenceLogits } from "../../src/training/sequence.js";
import { trainingStep } from "../../src/training/training-step.js";
import { backendsHere } from "../backends.js";
import { times } from "../repeat.mjs";

const copy = copyTask(3);
const recall = recallTask();
const product = multiplicationTask({ pairs: "train", heldOutBy: 7, help: "none" });
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
const ttmOf = () =>
  ttm({
    ...{ tokens: 1, symbols: product.inputs, outputs: product.outputs, features: 8, slots: 4, read: 3, layers: 1 },
    ...{ heads: 2, hidden: 8, summariser: "mlp", write: "summarise" },
  });

const machines = [
  { name: "NTM with an LSTM", model: ntmOf({}), task: copy },
  { name: "NTM, feed-forward, 2 read heads", model: ntmOf({ controller: "feedforward", readHeads: 2 }), task: copy },
  { name: "NSM with GRU gates", model: nsmOf("gru", []), task: recall },
  { name: "NSM with LSTM gates, one state pruned", model: nsmOf("lstm", [2]), task: recall },
  { name: "TTM", model: ttmOf(), task: product },
];
/** Vectors or sentences of a sequence; of products the stage, of one digit by one or by two. */
const lengthOf = (task: Task, length: number): number => (task === product ? (length % 2 ? 1 : 21) : length);
const backends = backendsHere.filter((name) => name !== "wasm");

/** |a − b| / |b| over all numbers of an array. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const norm = (one: (index: number) => number) =>
    Math.sqrt(Array.from({ length: b.length }, (_, index) => one(index) ** 2).reduce((sum, square) => sum + square, 0));
  return norm((index) => (a[index] as number) - (b[index] as number)) / (norm((index) => b[index] as number) || 1);
}

describe("an update that is watched", () => {
  const bits = (tensors: Tensors) =>
    Object.entries(tensors).map(([name, one]) => [name, [...new Int32Array(one.dataSync().slice().buffer)]]);
  const wantedOf = (model: Model): Wanted => {
    const parameters = Object.keys(model.shapes);
    const gradients = parameters.filter((name) => !model.fixed.includes(name));
    return { sites: model.sites.map(({ name }) => name), sequences: 2, tokens: 2, parameters, gradients };
  };

  test.each(machines)(
    "of the $name is the same to the bit as one that is not, and shows what the eager one shows",
    async ({ model, task }) => {
      await useBackend("cpu");
      const beginning = model.parameters(1);
      const setting = { model, optimizer: adam(1e-3), clip: { by: "norm", limit: 10 } as const };
      const wanted = wantedOf(model);
      const [alone, seen, eager] = [
        trainingStep(setting, beginning, undefined),
        trainingStep(setting, beginning, undefined, "replayed", wanted),
        trainingStep(setting, beginning, undefined, "eager", wanted),
      ];
      const batches = [3, 2, 3].map((length, seed) => task.draw(random(seed), lengthOf(task, length), 3));
      type Value = ValuePlace & { readonly data: Float32Array };
      const found: Value[][] = [];
      const look = (places: readonly ValuePlace[], data: Float32Array) => {
        const of = ({ start, shape }: ValuePlace) => data.subarray(start, start + sizeOf(shape));
        found.push(places.map((place) => ({ ...place, data: of(place) })));
      };
      eager.update(batches[0] as Batch, 1, look);
      for (const [index, batch] of batches.entries()) {
        expect(seen.update(batch, 1, index === 1 ? undefined : look)).toEqual(alone.update(batch, 1));
        const [plain, after] = [alone.parameters(), seen.parameters()];
        expect(bits(after)).toEqual(bits(plain));
        for (const tensors of [plain, after]) disposeTensors(tensors);
      }
      const [theirs = [], ours = []] = found;
      const places = (values: readonly Value[]) =>
        values.map(({ kind, step, site, shape, start }) => ({ kind, step, site, shape, start }));
      expect(places(ours)).toEqual(places(theirs));
      const { sites, parameters, gradients } = wanted;
      expect(ours).toHaveLength(2 * sites.length + parameters.length + gradients.length);
      const greatest = (values: readonly Value[]) => Math.max(...values.map(({ data }) => Math.hypot(...data)));
      for (const kind of ["state", "gradient"] as const) {
        const size = greatest(theirs.filter((one) => one.kind === kind));
        ours.forEach(({ data, site }, index) => {
          const other = (theirs[index] as Value).data;
          if (theirs[index]?.kind === kind) {
            expect(Math.hypot(...data.map((value, i) => value - (other[i] as number))) / size, site).toBeLessThan(1e-5);
          }
        });
      }
      expect(seen.refusal()).toBeUndefined();
      disposeTensors(beginning);
      for (const one of [alone, seen, eager]) one.dispose();
    },
  );
});

describe.each(backends)("beside the %s backend", (backend) => {
  describe.each(machines)("$name", ({ model, task }) => {
    test.each([1, 3])("outputs and gradients of %d sequences are the same to 1e-5", async (batch) => {
      await useBackend(backend);
      tf.tidy(() => {
        const compute = (all: Tensors): Tensors => {
          const { loss, gradients } = differentiateLoss(model, all, all);
          return { logits: sequenceLogits(model, all, all.inputs as tf.Tensor), loss, ...gradients };
        };
        const inputs = {
          ...model.parameters(3),
          ...batchTensors(model, task.draw(random(4), lengthOf(task, 3), batch)),
        };
        const compiled = compile(compute);
        const [found, wanted] = [compiled(inputs), compute(inputs)];
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

    const updates = times("compared-updates");
    test.each([adam(1e-3), rmsprop(1e-4)])(
      `${updates} updates by $name drift apart by less than 1e-5 each`,
      { tags: ["compared-updates"] },
      async (optimizer) => {
        await useBackend(backend);
        const beginning = model.parameters(1);
        const setting = { model, optimizer, clip: { by: "norm", limit: 10 } as const };
        const [eager, replayed] = [
          trainingStep(setting, beginning, undefined, "eager"),
          trainingStep(setting, beginning, undefined),
        ];
        const source = random(5);
        for (let update = 0; update < updates; update++) {
          const batch = task.draw(source, lengthOf(task, source.integer(2, 3)), 2);
          const [wanted, found] = [eager.update(batch, 1).loss, replayed.update(batch, 1).loss];
          expect(Math.abs(found - wanted) / wanted, `loss of update ${update}`).toBeLessThan(1e-5 * (update + 1));
        }
        expect(replayed.refusal()).toBeUndefined();
        const [wanted, found] = [eager.parameters(), replayed.parameters()];
        for (const name of Object.keys(wanted)) {
          // The bias of a key, or of scores, has no gradient but rounding, of which optimisers make steps of full size.
          if (/(attention\.in|scores)\.bias$/.test(name)) continue;
          const drift = distance(found[name]?.dataSync() ?? [], wanted[name]?.dataSync() ?? []);
          expect(drift, name).toBeLessThan(1e-3);
        }
        for (const tensors of [beginning, wanted, found]) disposeTensors(tensors);
        eager.dispose();
        replayed.dispose();
      },
    );
  });
});
