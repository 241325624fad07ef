import { namedArray } from "../tensors/named-array.js";
import type { Random } from "../tensors/random.js";
import { random } from "../tensors/random.js";
import type { Batch, Task } from "./task.js";

/** Every token of the task, in the order of the model's symbols: digits, times, end of the question, padding. */
export const multiplicationTokens: readonly string[] = [..."0123456789", "×", "=", "·"];

const TIMES = 10;
const END = 11;
const PADDING = 12;

/** What one lesson draws: two factors, each from a range, written with so many digits. */
export interface Lesson {
  readonly factors: readonly [Factor, Factor];
}

interface Factor {
  readonly least: number;
  readonly most: number;
  readonly digits: number;
}

const stages: readonly (readonly [least: number, most: number])[] = [
  [1, 9],
  [10, 99],
  [100, 999],
  [1000, 9999],
  [1, 99],
  [1, 999],
  [1, 9999],
];

/**
 * A lesson by its number: 1 to 7 are the stages of the curriculum, both factors 1–9, 10–99, 100–999, 1000–9999, then mixed
 * 1–99, 1–999, 1–9999; two digits give the digits of each factor, so that 31 is three digits by one.
 *
 * @throws if there is no such lesson.
 */
export function lesson(number: number): Lesson {
  const stage = stages[number - 1];
  if (stage) {
    const [least, most] = stage;
    const factor = { least, most, digits: String(most).length };
    return { factors: [factor, factor] };
  }
  const [first, second] = [Math.floor(number / 10), number % 10];
  if (Number.isInteger(number) && first >= 1 && first <= 4 && second >= 1 && second <= 4) {
    const of = (digits: number): Factor => ({ least: 10 ** (digits - 1), most: 10 ** digits - 1, digits });
    return { factors: [of(first), of(second)] };
  }
  throw new Error(`multiplication: lessons are 1 to 7, or digits by digits from 11 to 44; ${number} was given.`);
}

/** Which pairs of factors a task draws. */
export interface MultiplicationOptions {
  /** Pairs to train on, pairs held out, or both. */
  readonly pairs?: "train" | "heldOut" | "all";
  /** Seed that decides which tenth of the pairs is held out. */
  readonly heldOutBy?: number;
  /** Let the machine say the partial products before the product; they count for training, not for being right. */
  readonly help?: "none" | "partial-products";
}

/**
 * Multiplication of two whole numbers, one token a step: the digits of both factors, least significant first, with "×"
 * between them and "=" after them; then a step of padding for each digit of the answer, also least significant first. Numbers
 * are padded with zeros to the lesson's width, and the answer has as many digits as both factors together.
 *
 * `length` is the number of a lesson (see `lesson`). Nothing of the answer is shown to the machine: what it needs, it must
 * keep in memory. A tenth of the pairs is held out, in both orders of the factors; of lessons with fewer than 100 pairs,
 * which can only be learnt by heart, none is.
 */
export function multiplicationTask(options: MultiplicationOptions = {}): Task {
  const { pairs = "train", heldOutBy = 7, help = "none" } = options;
  return {
    name: "multiplication",
    inputs: multiplicationTokens.length,
    outputs: 10,
    draw(source, length, batch) {
      const { factors } = lesson(length);
      const widths = [factors[0].digits, factors[1].digits] as const;
      const few = factors.reduce((count, { least, most }) => count * (most - least + 1), 1) < 100;
      const wanted = few ? "all" : pairs;
      const drawn = Array.from({ length: batch }, () => drawPair(source, factors, wanted, heldOutBy));
      return multiplicationBatch(drawn, widths, help);
    },
  };
}

/**
 * Whether a pair of factors is held out from training: a tenth of all pairs, chosen by the seed, the same for a×b and b×a.
 */
export function isHeldOut(a: number, b: number, seed: number): boolean {
  const [small, large] = a < b ? [a, b] : [b, a];
  return random(seed * 100_000_007 + small * 10_007 + large).uniform() < 0.1;
}

/**
 * The task on given pairs of factors.
 *
 * @param pairs [pair][factor]
 * @param widths digits that each factor is written with
 * @throws if there is no pair, or a factor is not a whole number from 0 that fits its width.
 * @example multiplicationBatch([[27, 4]], [2, 1]) // 7 2 × 4 = · · ·, answer 8 0 1
 */
export function multiplicationBatch(
  pairs: readonly (readonly [number, number])[],
  widths: readonly [number, number],
  help: "none" | "partial-products" = "none",
): Batch {
  checkPairs(pairs, widths);
  const shown = pairs.map(([a, b]) => [...digitsOf(a, widths[0]), TIMES, ...digitsOf(b, widths[1]), END]);
  const answers = pairs.map(([a, b]) => {
    const partial = help === "none" || widths[1] === 1 ? [] : digitsOf(b, widths[1]).map((digit) => a * digit);
    const helping = partial.flatMap((product) => digitsOf(product, widths[0] + 1));
    return { helping: helping.length, digits: [...helping, ...digitsOf(a * b, widths[0] + widths[1])] };
  });
  const asked = shown[0]?.length as number;
  const steps = asked + (answers[0]?.digits.length as number);
  const batch = pairs.length;
  const width = multiplicationTokens.length;
  const inputs = new Float32Array(steps * batch * width);
  const targets = new Float32Array(steps * batch * 10);
  const mask = new Float32Array(steps * batch);
  const scored = new Float32Array(steps * batch);
  pairs.forEach((_, number) => {
    for (let step = 0; step < steps; step++) {
      const row = step * batch + number;
      inputs[row * width + (shown[number]?.[step] ?? PADDING)] = 1;
      if (step < asked) continue;
      const { helping, digits } = answers[number] as (typeof answers)[number];
      targets[row * 10 + (digits[step - asked] as number)] = 1;
      mask[row] = 1;
      if (step - asked >= helping) scored[row] = 1;
    }
  });
  return {
    inputs: namedArray("inputs", ["step", "batch", "input"], [steps, batch, width], inputs),
    targets: namedArray("targets", ["step", "batch", "output"], [steps, batch, 10], targets),
    mask: namedArray("mask", ["step", "batch"], [steps, batch], mask),
    scored: namedArray("scored", ["step", "batch"], [steps, batch], scored),
  };
}

/** Digits of a number, least significant first, padded with zeros. */
function digitsOf(value: number, width: number): number[] {
  return Array.from({ length: width }, (_, place) => Math.floor(value / 10 ** place) % 10);
}

function drawPair(
  source: Random,
  factors: Lesson["factors"],
  wanted: "train" | "heldOut" | "all",
  seed: number,
): readonly [number, number] {
  for (;;) {
    const [a, b] = factors.map(({ least, most }) => source.integer(least, most)) as [number, number];
    if (wanted === "all" || isHeldOut(a, b, seed) === (wanted === "heldOut")) return [a, b];
  }
}

function checkPairs(pairs: readonly (readonly [number, number])[], widths: readonly [number, number]): void {
  if (pairs.length === 0) throw new Error("multiplication: at least one pair of factors is needed.");
  for (const pair of pairs) {
    pair.forEach((factor, index) => {
      const digits = widths[index] as number;
      if (Number.isSafeInteger(factor) && factor >= 0 && factor < 10 ** digits) return;
      throw new Error(`multiplication: ${factor} is no whole number of at most ${digits} digits.`);
    });
  }
}
