import type { Model } from "../model/model.js";
import { bitOf } from "../tasks/bits.js";
import type { Batch } from "../tasks/task.js";
import type { NamedArray } from "../tensors/named-array.js";

/** One answer of one sequence. */
export type AnswerRow = {
  readonly sequence: number;
  readonly step: number;
  /** A position among many, such as a digit; or bits. "?" for outputs that are no numbers. */
  readonly expected: string;
  readonly predicted: string;
  readonly right: boolean;
  /** What the machine gives its own answer, 0 to 1: the likeliest of many, or the product over independent bits. */
  readonly probability: number;
};

/**
 * All answers of a run that count, sequence by sequence, as rows of a table: `new DataFrame(rows)`.
 *
 * @param batch what was asked; its mask says which answers count
 * @param outputs of the run, [step, batch, output] after the activation
 * @throws if the outputs are not as many as the batch's targets
 * @example
 * const batch = copyTask().draw(random(1), 20, 10);
 * const rows = answerRows(model, batch, run(model, parameters, batch.inputs).outputs);
 * show(`${rows.filter((row) => !row.right).length} of ${rows.length} vectors are wrong.`);
 */
export function answerRows(model: Pick<Model, "activation">, batch: Batch, outputs: NamedArray): readonly AnswerRow[] {
  const { targets, mask } = batch;
  if (`${outputs.shape}` !== `${targets.shape}`) {
    throw new Error(`answerRows: outputs of [${targets.shape}] belong to this batch; [${outputs.shape}] were given.`);
  }
  const [steps, sequences, width] = targets.shape as [number, number, number];
  const read = model.activation === "softmax" ? likeliest : rounded;
  const order = Array.from({ length: steps * sequences }, (_, i) => [Math.floor(i / steps), i % steps] as const);
  return order.flatMap(([sequence, step]) => {
    const row = step * sequences + sequence;
    if (mask.data[row] === 0) return [];
    const place = [row * width, (row + 1) * width] as const;
    const [given, wanted] = [read(outputs.data.subarray(...place)), read(targets.data.subarray(...place))];
    const right = given.answer === wanted.answer;
    const { answer: predicted, probability } = given;
    return [{ sequence, step, expected: wanted.answer, predicted, right, probability }];
  });
}

interface Given {
  readonly answer: string;
  readonly probability: number;
}

const none: Given = { answer: "?", probability: Number.NaN };

function likeliest(row: Float32Array): Given {
  const most = Math.max(...row);
  return Number.isNaN(most) ? none : { answer: `${row.indexOf(most)}`, probability: most };
}

function rounded(row: Float32Array): Given {
  if (row.some(Number.isNaN)) return none;
  const bits = Array.from(row, bitOf);
  return { answer: bits.join(""), probability: row.reduce((all, p) => all * Math.max(p, 1 - p), 1) };
}
