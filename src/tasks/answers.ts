import { type NamedArray, select } from "../tensors/named-array.js";
import { bitOf } from "./bits.js";
import type { Reading } from "./typed-input.js";

/** What a machine answered at one step, beside what was right. */
export interface Answer {
  readonly step: number;
  /** What is asked there. */
  readonly label: string;
  /** A digit, a vector's bits, or the names of an answer or of the bits that are 1. */
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
  const read = (row: Float32Array) => (model.activation === "softmax" ? likeliest(row, names) : rounded(row, names));
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

/** Named bits that are 1 are said and typed as "a+c"; this says that there are none. */
const noBits = "none";

/** Bits, or the names of those that are 1; of NaN there are none. */
function rounded(probabilities: Float32Array, names?: readonly string[]): string {
  if (probabilities.some(Number.isNaN)) return "?".repeat(names ? 1 : probabilities.length);
  const bits = Array.from(probabilities, bitOf);
  return names ? names.filter((_, output) => bits[output] === 1).join("+") || noBits : bits.join("");
}

/** The names of the bits that a text says are 1: "a+c", or "none". */
export function bitsIn(text: string): readonly string[] {
  return text === noBits ? [] : text.split("+");
}

/** Whether a bit of that name can be said and typed. */
export function canNameBit(name: string): boolean {
  return name !== noBits && !name.includes("+");
}
