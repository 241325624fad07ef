import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { answerRows } from "../../src/experiments/answer-rows.js";
import { rightShare, wrongBits } from "../../src/experiments/metrics.js";
import { type NtmConfig, ntm } from "../../src/model/ntm.js";
import { answersOf } from "../../src/tasks/answers.js";
import { bitOf } from "../../src/tasks/bits.js";
import { copyBatch } from "../../src/tasks/copy.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray } from "../../src/tensors/named-array.js";
import { rightAnswers, shareRight } from "../../src/training/sequence.js";

await useBackend("cpu");
const config: NtmConfig = {
  ...{ inputs: 4, outputs: 3, slots: 2, word: 1, controller: "feedforward", units: 1 },
  ...{ readHeads: 1, writeHeads: 1, initialWeights: "zero" },
};
const model = ntm(config);

test("a probability of one half is the bit 0, the next above it 1, in whatever reads, counts or scores bits", () => {
  const above = 0.5 + 2 ** -24 * 2; // the next in 32 bits
  expect([0, 0.5, Math.fround(above), 1].map(bitOf)).toEqual([0, 0, 1, 1]);
  for (const [target, wrong] of [
    [[0, 1, 0], 0],
    [[1, 1, 0], 1],
    [[1, 0, 0], 2],
  ] as const) {
    const batch = copyBatch([[[...target]]]);
    const row = [0.5, above, 0.25];
    const outputs = likeTargets(batch.targets, row);
    const logits = row.map((p) => Math.log(p / (1 - p)));
    const reading = { batch, asked: ["", "", "bits"], say: (bits: readonly string[]) => bits.join(" ") };
    expect(answersOf(reading as never, model, outputs)).toMatchObject({ predicted: "010", right: wrong === 0 });
    expect(answerRows(model, batch, outputs)).toMatchObject([{ predicted: "010", right: wrong === 0 }]);
    expect(wrongBits(batch)(outputs, outputs)).toBe(wrong);
    expect(rightShare(model, batch)(outputs, outputs)).toBe((3 - wrong) / 3);
    expect(shareRight(model, batch, likeTargets(batch.targets, logits).data)).toBe(wrong === 0 ? 1 : 0);
    const counted = tf.tidy(() => rightAnswers(model, tf.tensor([[logits]]), tf.tensor([[[...target]]])).dataSync());
    expect([...counted]).toEqual([3 - wrong]);
  }
});

/** The last step's row, below zeros. */
function likeTargets({ name, axes, shape, data }: NamedArray, row: readonly number[]): NamedArray {
  const numbers = new Float32Array(data.length);
  numbers.set(row, data.length - row.length);
  return namedArray(name, axes, shape, numbers);
}
