import { type NamedArray, select } from "../tensors/named-array.js";
import { bitOf } from "./bits.js";
import type { Reading } from "./typed-input.js";

/** What a machine answered at one step, beside what was right. */
export interface Answer {
  readonly step: number;
  /** What is asked there. */
  readonly label: string;
  /** A digit, or a vector's bits. */
  readonly expected: string;
  readonly predicted: string;
  readonly right: boolean;
  /** Whether it must be right for the sequence to be right. */
  readonly counts: boolean;
  /** Of every answer there is, or of every bit that it is 1. */
  readonly probabilities: Float32Array;
}

/** All answers of a run, and what they come to. */
export interface Answers {
  readonly steps: readonly Answer[];
  readonly expected: string;
  readonly predicted: string;
  /** Whether every answer that counts is right. */
  readonly right: boolean;
}

/**
 * Read a machine's answers.
 *
 * @param outputs of one sequence, after the activation [step, batch, output]
 */
export function answersOf(
  { batch, asked, say, names }: Reading,
  model: { readonly activation: "sigmoid" | "softmax" },
  outputs: NamedArray,
): Answers {
  const given = select(outputs, { batch: 0 });
  const width = given.shape[1] as number;
  const row = (data: Float32Array, step: number) => data.subarray(step * width, (step + 1) * width);
  const read = model.activation === "softmax" ? (row: Float32Array) => likeliest(row, names) : rounded;
  const steps = asked.flatMap((label, step): Answer[] => {
    if (batch.mask.data[step] !== 1) return [];
    const probabilities = row(given.data, step);
    const [expected, predicted] = [read(row(batch.targets.data, step)), read(probabilities)];
    const counts = (batch.scored ?? batch.mask).data[step] === 1;
    return [{ step, label, expected, predicted, right: expected === predicted, counts, probabilities }];
  });
  const counting = steps.filter(({ counts }) => counts);
  return {
    steps,
    expected: say(counting.map(({ expected }) => expected)),
    predicted: say(counting.map(({ predicted }) => predicted)),
    right: counting.every(({ right }) => right),
  };
}

/** The name or the position of the largest of some probabilities; of NaN there is none. */
function likeliest(probabilities: Float32Array, names?: readonly string[]): string {
  const position = probabilities.indexOf(probabilities.reduce((most, value) => Math.max(most, value), 0));
  return position < 0 ? "?" : (names?.[position] ?? `${position}`);
}

/** Bits; of NaN there are none. */
function rounded(probabilities: Float32Array): string {
  if (probabilities.some(Number.isNaN)) return "?".repeat(probabilities.length);
  return Array.from(probabilities, bitOf).join("");
}
