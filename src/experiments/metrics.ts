// What a sweep measures in a run, by its outputs and, where answers are known, by them.
import type { Model } from "../model/model.js";
import { bitOf } from "../tasks/bits.js";
import type { Batch } from "../tasks/task.js";
import type { NamedArray } from "../tensors/named-array.js";
import type { Metric } from "./sweep-options.js";

/** What should be answered: of a batch of one sequence, its targets [step, 1, output] and mask [step, 1]. */
export type Answers = Pick<Batch, "targets" | "mask">;

/** How many of the answers' bits are wrong, of machines that answer in bits: 1 above one half, 0 at it and below. */
export function wrongBits(answers: Answers): Metric {
  return measuring("wrong bits", answers, (rows) =>
    sum(rows, ({ output, target }) => count(output, (p, i) => bitOf(p) !== bitOf(target[i] as number))),
  );
}

/**
 * The share of right answers: bits, 1 above one half and 0 at it and below, or steps whose likeliest answer is right.
 *
 * @returns 0 to 1
 */
export function rightShare(model: Pick<Model, "activation">, answers: Answers): Metric {
  return measuring("share right", answers, (rows) => {
    if (model.activation === "softmax")
      return sum(rows, (row) => (bestOf(row.output) === bestOf(row.target) ? 1 : 0)) / rows.length;
    const right = sum(rows, ({ output, target }) => count(output, (p, i) => bitOf(p) === bitOf(target[i] as number)));
    return right / sum(rows, ({ output }) => output.length);
  });
}

/**
 * The cross-entropy of the answers in bits, summed over the sequence, as the NTM paper counts its cost. A probability that
 * is 0 in 32 bits counts as 2^−126.
 */
export function crossEntropyBits(model: Pick<Model, "activation">, answers: Answers): Metric {
  return measuring("cross-entropy in bits", answers, (rows) =>
    sum(rows, (row) => -sum(probabilities(model, row), (p) => Math.log2(Math.max(p, smallest)))),
  );
}

/** The mean probability of the right answers, 0 to 1: of each bit, or of the right one of many. */
export function rightProbability(model: Pick<Model, "activation">, answers: Answers): Metric {
  return measuring("right probability", answers, (rows) => {
    const all = rows.flatMap((row) => probabilities(model, row));
    return sum(all, (p) => p) / all.length;
  });
}

/**
 * The mean logit of the right answers above the best wrong one (Wang et al. 2022, arXiv 2211.00593; Zhang and Nanda 2023,
 * arXiv 2309.16042, section 2): above 0 where the answer is right. Of a bit, the logit of its right value.
 */
export function logitDifference(model: Pick<Model, "activation">, answers: Answers): Metric {
  return measuring("logit difference", answers, (rows) => {
    const all = rows.flatMap((row) => {
      if (model.activation === "sigmoid") return probabilities(model, row).map((p) => logOf(p) - logOf(1 - p));
      const right = bestOf(row.target);
      const wrong = row.output.filter((_, i) => i !== right);
      return [logOf(row.output[right] as number) - logOf(Math.max(...wrong))];
    });
    return sum(all, (difference) => difference) / all.length;
  });
}

/** How far the outputs are from those of the original run: the Euclidean norm of the difference. */
export const outputChange: Metric = named("distance of outputs", (outputs, original) =>
  Math.sqrt(sum(outputs.data, (value, i) => (value - (original.data[i] as number)) ** 2)),
);

/** The smallest probability that 32 bits keep in full. */
const smallest = 2 ** -126;

interface Row {
  readonly output: Float32Array;
  readonly target: Float32Array;
}

/** A metric of the steps whose answers count; NaN where an output is. @throws when it is used on outputs of another length or width */
function measuring(name: string, { targets, mask }: Answers, measure: (rows: readonly Row[]) => number): Metric {
  const width = targets.shape.at(-1) as number;
  const steps = [...mask.data.keys()].filter((step) => mask.data[step] !== 0);
  if (targets.data.length !== mask.data.length * width || steps.length === 0) {
    throw new Error(
      `"${name}" takes targets [step, 1, output] and a mask [step, 1] of one sequence in which some answer counts; ` +
        `[${targets.shape}] and [${mask.shape}] were given.`,
    );
  }
  return named(name, (outputs) => {
    if (outputs.data.length !== targets.data.length) {
      const [wanted, given] = [targets, outputs].map(({ data }) => data.length);
      throw new Error(`"${name}": targets of ${wanted} numbers do not fit outputs of ${given}.`);
    }
    const row = ({ data }: NamedArray, step: number) => data.subarray(step * width, (step + 1) * width);
    const rows = steps.map((step) => ({ output: row(outputs, step), target: row(targets, step) }));
    return rows.some(({ output }) => output.some(Number.isNaN)) ? Number.NaN : measure(rows);
  });
}

function named(name: string, metric: Metric): Metric {
  return Object.defineProperty(metric, "name", { value: name });
}

/** Of each bit its right value's, or of many the right one's. */
function probabilities({ activation }: Pick<Model, "activation">, { output, target }: Row): number[] {
  if (activation === "softmax") return [output[bestOf(target)] as number];
  return Array.from(output, (p, i) => (bitOf(target[i] as number) === 1 ? p : 1 - p));
}

function logOf(probability: number): number {
  return Math.log(Math.max(probability, smallest));
}

function bestOf(row: Float32Array): number {
  return row.indexOf(Math.max(...row));
}

function count(row: Float32Array, is: (value: number, index: number) => boolean): number {
  return sum(row, (value, i) => (is(value, i) ? 1 : 0));
}

function sum<T>(all: ArrayLike<T>, of: (one: T, index: number) => number): number {
  let total = 0;
  for (let i = 0; i < all.length; i++) total += of(all[i] as T, i);
  return total;
}
