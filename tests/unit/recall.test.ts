import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answersTo, recallBatch, recallTask, recallTokens, recallWords, wordsOf } from "../../src/tasks/recall.js";
import type { Batch } from "../../src/tasks/task.js";
import { random } from "../../src/tensors/random.js";

const anyLength = fc.integer({ min: 2, max: 12 });
const anySeed = fc.integer();

/** The sentences that a batch shows, read back from its one-hot rows. */
function storiesIn({ inputs }: Batch): string[][] {
  const [steps, batch, width] = inputs.shape as [number, number, number];
  const symbols = recallWords.length;
  expect(width).toBe(recallTokens * symbols);
  return Array.from({ length: batch }, (_, story) =>
    Array.from({ length: steps }, (_, step) => {
      const words = Array.from({ length: recallTokens }, (_, token) => {
        const start = (step * batch + story) * width + token * symbols;
        const row = [...inputs.data.subarray(start, start + symbols)];
        const ones = row.flatMap((value, symbol) => (value === 0 ? [] : [value === 1 ? symbol : Number.NaN]));
        if (ones.length > 1 || Number.isNaN(ones[0])) throw new Error(`token ${token} is no one-hot row: ${row}`);
        return ones.length === 1 ? (recallWords[ones[0] as number] as string) : "";
      });
      expect(words.join(" ")).toMatch(/^\S+( \S+)* *$/); // tokens that are none come last
      return words.filter(Boolean).join(" ");
    }),
  );
}

/** What a reader would answer, sentence by sentence: a digit, or nothing where nothing is asked. */
function readerOf(story: readonly string[]): (string | undefined)[] {
  const places: Record<string, string> = {};
  let place = "";
  return story.map((sentence) => {
    const words = sentence.split(" ");
    if (words.at(-1) !== "it") place = words.slice(-2).join(" ");
    if (words[0] === "what") return places[place];
    places[place] = words[1] as string;
    return undefined;
  });
}

/** The answers that a batch wants: a digit where the mask is one. */
function answersIn({ targets, mask }: Batch, story: number): (string | undefined)[] {
  const [steps, batch, outputs] = targets.shape as [number, number, number];
  return Array.from({ length: steps }, (_, step) => {
    const row = step * batch + story;
    const wanted = [...targets.data.subarray(row * outputs, (row + 1) * outputs)];
    expect(wanted.filter((value) => value !== 0 && value !== 1)).toEqual([]);
    expect(wanted.reduce((sum, one) => sum + one)).toBe(mask.data[row]);
    return mask.data[row] === 1 ? `${wanted.indexOf(1)}` : undefined;
  });
}

describe("every drawn story", () => {
  test("is answered as a reader would answer it", () => {
    fc.assert(
      fc.property(anyLength, fc.integer({ min: 1, max: 5 }), anySeed, (length, batch, seed) => {
        const drawn = recallTask().draw(random(seed), length, batch);
        const stories = storiesIn(drawn);
        expect(stories).toHaveLength(batch);
        stories.forEach((story, number) => {
          expect(answersIn(drawn, number)).toEqual(readerOf(story));
        });
        expect(recallBatch(stories)).toEqual(drawn);
      }),
      { numRuns: 30 },
    );
  });

  test("puts in its first half, asks in its last sentence, and is the same for the same seed", () => {
    fc.assert(
      fc.property(anyLength, anySeed, (length, seed) => {
        const task = recallTask();
        const drawn = task.draw(random(seed), length, 3);
        expect(drawn).toEqual(task.draw(random(seed), length, 3));
        for (const story of storiesIn(drawn)) {
          for (const sentence of story.slice(0, Math.max(1, Math.floor(length / 2)))) expect(sentence).toMatch(/^put /);
          expect(story.at(-1)).toMatch(/^what is in /);
        }
      }),
      { numRuns: 30 },
    );
    expect(recallTask().draw(random(1), 8, 3)).not.toEqual(recallTask().draw(random(2), 8, 3));
  });

  test("may hold any word, any place, any digit, sentences with it, and a place that is put in again", () => {
    const drawn = recallTask().draw(random(3), 10, 150);
    const stories = storiesIn(drawn);
    const sentences = stories.flat();
    expect(new Set(sentences.flatMap((one) => one.split(" ")))).toEqual(new Set(recallWords));
    expect(
      new Set(sentences.filter((one) => !one.endsWith("it")).map((one) => one.split(" ").slice(-2).join(" "))).size,
    ).toBe(16);
    expect(new Set(stories.flatMap((_, story) => answersIn(drawn, story)).filter(Boolean)).size).toBe(10);
    const overwriting = stories.filter((story) => {
      const puts = story.filter((one) => one.startsWith("put") && !one.endsWith("it")).map((one) => one.slice(5));
      return new Set(puts).size < puts.length;
    });
    expect(overwriting.length).toBeGreaterThan(5);
  });
});

describe("a given story", () => {
  test("is answered by the last digit put in a place; it is the place of the sentence before", () => {
    const answers = answersTo([
      "put 7 in the red box",
      "what is in it",
      "put 3 in the red cup",
      "put 4 in it",
      "what is in the red box",
      "put 0 in it",
      "what is in the red cup",
      "what is in the red box",
    ]);
    expect(answers).toEqual([undefined, 7, undefined, undefined, 7, undefined, 4, 0]);
  });

  test("becomes one-hot words, tokens that are none being zeros, and one-hot answers under a mask", () => {
    const { inputs, targets, mask } = recallBatch([["put 7 in the red box", "what is in it"]]);
    expect(inputs).toMatchObject({
      axes: ["step", "batch", "input"],
      shape: [2, 1, recallTokens * recallWords.length],
    });
    const at = (step: number, token: number, word: string) =>
      (step * recallTokens + token) * recallWords.length + recallWords.indexOf(word);
    const ones = [
      ..."put 7 in the red box".split(" ").map((word, i) => at(0, i, word)),
      ..."what is in it".split(" ").map((word, i) => at(1, i, word)),
    ];
    expect([...inputs.data.keys()].filter((i) => inputs.data[i] !== 0)).toEqual(ones);
    expect([...targets.data]).toEqual([...Array(10).fill(0), 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
    expect([...mask.data]).toEqual([0, 1]);
    expect(targets).toMatchObject({ axes: ["step", "batch", "output"], shape: [2, 1, 10] });
    expect(mask).toMatchObject({ axes: ["step", "batch"], shape: [2, 1] });
  });

  test("may be typed with capitals, spaces, and a stop or question mark", () => {
    const plain = recallBatch([["put 7 in the red box", "what is in the red box"]]);
    expect(recallBatch([["  Put 7  in the RED box.", "What is in\tthe red box ? "]])).toEqual(plain);
    expect(wordsOf("What is in it?")).toEqual(["what", "is", "in", "it"]);
  });

  test("fits the sizes that the task gives", () => {
    const task = recallTask();
    expect(task).toMatchObject({ name: "recall", inputs: 6 * 24, outputs: 10 });
    expect(new Set(recallWords).size).toBe(24);
  });
});

describe("what cannot be answered is refused in one line", () => {
  const refusal = (stories: readonly (readonly string[])[]): string => {
    try {
      recallBatch(stories);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("it was not refused");
  };

  test.each([
    ["a digit that is two", "put 12 in the red box"],
    ["a digit of another script", "put ٣ in the red box"],
    ["a place that there is not", "put 7 in the pink box"],
    ["a word too many", "put 7 in the red box box"],
    ["a word too few", "what is the red box"],
    ["two sentences in one", "put 7 in the red box. what is in it"],
    ["nothing", ""],
    ["only a question mark", "?"],
    ["the name of a prototype", "__proto__"],
    ["control characters", "put 7 in the red box\u0000\u001b[31m\nput"],
    ["text that runs the other way", "\u202eput 7 in the red box"],
    ["a million words", "put ".repeat(1_000_000)],
    ["a million stops", ". ".repeat(1_000_000)],
  ])("%s", (_, sentence) => {
    const said = refusal([["put 1 in the red box", sentence]]);
    expect(said).toMatch(/^recall: ".*is no sentence of this task\. It knows "put 7 in the red box" and/);
    expect(said).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(said.length).toBeLessThan(320);
  });

  test("a question about what was never put, or about it before any place", () => {
    expect(refusal([["put 1 in the red box", "what is in the red cup"]])).toBe(
      'recall: "what is in the red cup" asks for what was never put there.',
    );
    expect(refusal([["put 1 in it"]])).toBe('recall: "put 1 in it" says "it" before any place was named.');
    expect(refusal([["what is in it"]])).toContain("before any place was named");
  });

  test("stories of other lengths, or none, and lengths that a story cannot have", () => {
    expect(refusal([])).toContain("at least one story of at least one sentence");
    expect(refusal([[]])).toContain("at least one story of at least one sentence");
    expect(refusal([["put 1 in the red box"], []])).toBe("recall: story 1 has 0 sentences, the first has 1.");
    for (const length of [1, 0, -3, 2.5, Number.NaN]) {
      expect(() => recallTask().draw(random(1), length, 1)).toThrow(
        `at least two sentences; length ${length} was given`,
      );
    }
  });
});
