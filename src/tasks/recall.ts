import { namedArray } from "../tensors/named-array.js";
import { quoted } from "../tensors/quoted.js";
import type { Random } from "../tensors/random.js";
import type { Batch, Task } from "./task.js";

const colours = ["red", "blue", "green", "gold"];
const things = ["box", "cup", "bag", "jar"];
const digits = Array.from({ length: 10 }, (_, digit) => String(digit));

/** Every word of the recall task, in the order of the model's symbols. */
export const recallWords: readonly string[] = [
  ...["put", "what", "is", "in", "the", "it"],
  ...colours,
  ...things,
  ...digits,
];

/** Words in the longest sentence: each step shows so many tokens, the last of them empty after a shorter sentence. */
export const recallTokens = 6;

const itChance = 0.15; // how often a sentence says "it" for the place that the sentence before it was about
const questionChance = 0.7; // in the second half of a story

/**
 * The recall task: associative recall in plain words. A story is a list of sentences, one a step: "put 7 in the red box"
 * stores a digit in a place, "what is in the red box" asks for the last digit put there; "it" is the place that the
 * sentence before was about. There are 16 places (4 colours, 4 things) and 10 digits; putting again overwrites.
 *
 * `length` is the number of sentences, at least 2. The first half of a drawn story puts, the second half mostly asks,
 * the last sentence always does; the answer counts at every question, one of ten digits.
 */
export function recallTask(): Task {
  return {
    name: "recall",
    inputs: recallTokens * recallWords.length,
    outputs: digits.length,
    draw(source, length, batch) {
      if (!Number.isSafeInteger(length) || length < 2) {
        throw new Error(`recall: a story has at least two sentences; length ${length} was given.`);
      }
      return recallBatch(Array.from({ length: batch }, () => drawStory(source, length)));
    },
  };
}

/**
 * The recall task on given stories.
 *
 * @param stories [story][sentence], all of one number of sentences
 * @returns inputs [step, batch, token·word] one-hot; targets [step, batch, digit] one-hot, and a mask [step, batch] of 1,
 * where a question is asked
 * @throws if the stories differ in length, a sentence is none of this task, or asks for what was never put.
 * @example recallBatch([["put 7 in the red box", "put 3 in the blue cup", "what is in the red box"]])
 */
export function recallBatch(stories: readonly (readonly string[])[]): Batch {
  const batch = stories.length;
  const steps = stories[0]?.length ?? 0;
  if (steps < 1) throw new Error("recall: at least one story of at least one sentence is needed.");
  if (!stories.every(Array.isArray)) {
    throw new Error("recall: stories are lists of sentences; for one story write [story].");
  }
  const width = recallWords.length;
  const inputs = new Float32Array(steps * batch * recallTokens * width);
  const targets = new Float32Array(steps * batch * digits.length);
  const mask = new Float32Array(steps * batch);
  stories.forEach((story, number) => {
    if (story.length !== steps) {
      throw new Error(`recall: story ${number} has ${story.length} sentences, the first has ${steps}.`);
    }
    answersTo(story).forEach((answer, step) => {
      const row = step * batch + number;
      wordsOf(story[step] as string).forEach((word, token) => {
        inputs[(row * recallTokens + token) * width + recallWords.indexOf(word)] = 1;
      });
      if (answer === undefined) return;
      targets[row * digits.length + answer] = 1;
      mask[row] = 1;
    });
  });
  return {
    inputs: namedArray("inputs", ["step", "batch", "input"], [steps, batch, recallTokens * width], inputs),
    targets: namedArray("targets", ["step", "batch", "output"], [steps, batch, digits.length], targets),
    mask: namedArray("mask", ["step", "batch"], [steps, batch], mask),
  };
}

/**
 * The answer to each sentence of a story: a digit for a question, undefined for "put ...".
 *
 * @throws as recallBatch does
 */
export function answersTo(story: readonly string[]): readonly (number | undefined)[] {
  const stored = new Map<string, number>();
  let last: string | undefined;
  return story.map((sentence) => {
    const [, digit, colour, thing] = sentencePattern.exec(wordsOf(sentence).join(" ")) ?? [];
    const place = colour ? `the ${colour} ${thing}` : last;
    if (!place) throw new Error(`recall: ${quoted(sentence)} says "it" before any place was named.`);
    last = place;
    if (digit) {
      stored.set(place, Number(digit));
      return undefined;
    }
    const answer = stored.get(place);
    if (answer === undefined) throw new Error(`recall: ${quoted(sentence)} asks for what was never put there.`);
    return answer;
  });
}

const sentencePattern = new RegExp(
  `^(?:put (\\d)|what is) in (?:the (${colours.join("|")}) (${things.join("|")})|it)$`,
);

/**
 * A sentence's words, without the stop or question mark at its end.
 *
 * @throws if it is no sentence of the task, saying which there are.
 */
export function wordsOf(sentence: string): readonly string[] {
  const words = sentence
    .toLowerCase()
    .replace(/[.?!]\s*$/, "")
    .trim()
    .split(/\s+/);
  if (sentencePattern.test(words.join(" "))) return words;
  throw new Error(
    `recall: ${quoted(sentence)} is no sentence of this task. It knows "put 7 in the red box" and ` +
      `"what is in the red box", with a digit, ${colours.join(", ")} and ${things.join(", ")}, or "it" for the last place.`,
  );
}

/** Draw a story of so many sentences. */
function drawStory(source: Random, length: number): string[] {
  const known: string[] = [];
  let last: string | undefined;
  return Array.from({ length }, (_, step) => {
    const draws = step > 0 && step >= Math.floor(length / 2) && source.uniform() < questionChance;
    const asks = draws || step === length - 1;
    const again = last !== undefined && source.uniform() < itChance;
    const any = () => `the ${pick(source, colours)} ${pick(source, things)}`;
    const place = again ? (last as string) : asks ? pick(source, known) : any();
    if (!known.includes(place)) known.push(place);
    last = place;
    return `${asks ? "what is" : `put ${source.integer(0, 9)}`} in ${again ? "it" : place}`;
  });
}

function pick<T>(source: Random, from: readonly T[]): T {
  return from[source.integer(0, from.length - 1)] as T;
}
