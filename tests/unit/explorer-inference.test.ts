import { describe, expect, test } from "vitest";
import type { Checkpoint } from "../../src/model/checkpoint.js";
import type { Model } from "../../src/model/model.js";
import { answersOf } from "../../src/tasks/answers.js";
import { associativeRecallBatch } from "../../src/tasks/associative-recall.js";
import { copyBatch } from "../../src/tasks/copy.js";
import { isHeldOut, multiplicationBatch } from "../../src/tasks/multiplication.js";
import { recallBatch } from "../../src/tasks/recall.js";
import { taskInputOf } from "../../src/tasks/typed-tasks.js";
import { namedArray } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";

const checkpoint = (metadata: Record<string, string>, sizes: Partial<Model> = {}): Checkpoint => ({
  model: { inputs: 3, outputs: 8, activation: "sigmoid", ...sizes } as Model,
  parameters: {},
  metadata,
});
const multiplying = checkpoint({ task: "multiplication", lessons: "1,21,31,2", "held-out-by": "7" });
const read = (text: string, from: Checkpoint) => taskInputOf(from).read(text, from);

describe("multiplication", () => {
  test("two numbers are written in the digits of the shortest lesson that has them", () => {
    expect(read("27 × 4", multiplying).batch).toEqual(multiplicationBatch([[27, 4]], [2, 1]));
    expect(read("7*4", multiplying).batch).toEqual(multiplicationBatch([[7, 4]], [1, 1]));
    expect(read(" 27 x 45 ", multiplying).batch).toEqual(multiplicationBatch([[27, 45]], [2, 2]));
    expect(read("27 × 4", multiplying).tokens).toEqual(["7", "2", "×", "4", "=", "·", "·", "·"]);
  });

  test("what training never showed is said: other lengths, and pairs that were held out", () => {
    expect(read("4 × 27", multiplying).batch).toEqual(multiplicationBatch([[4, 27]], [2, 2]));
    expect(read("4 × 27", multiplying).notes).toEqual([
      "Training showed no such pair: it showed 1×1, 2×1, 3×1, 2×2 digits.",
    ]);
    expect(read("4567 × 27", multiplying).batch).toEqual(multiplicationBatch([[4567, 27]], [4, 2]));
    const pairs = Array.from({ length: 90 }, (_, index) => [10 + index, 4] as const);
    for (const [a, b] of pairs) {
      expect(read(`${a} × ${b}`, multiplying).notes).toEqual(
        isHeldOut(a, b, 7) ? ["This pair was held out: training never showed it."] : [],
      );
    }
  });

  test("partial products come first where the machine learnt to say them", () => {
    const helped = checkpoint({ task: "multiplication", lessons: "2", "partial-products": "true" });
    const reading = read("27 × 45", helped);
    expect(reading.batch).toEqual(multiplicationBatch([[27, 45]], [2, 2], "partial-products"));
    expect(reading.asked.filter((label) => label !== "")).toEqual([
      ...["27 × 5, units", "27 × 5, tens", "27 × 5, hundreds"],
      ...["27 × 4, units", "27 × 4, tens", "27 × 4, hundreds"],
      ...["units", "tens", "hundreds", "thousands"],
    ]);
  });

  test("anything else is refused, with what is needed", () => {
    for (const text of ["", "27", "27 × 4.5", "-3 × 4", "12345 × 2", "a × b"]) {
      expect(() => read(text, multiplying)).toThrow("Two whole numbers of up to four digits are needed");
    }
  });
});

describe("other tasks", () => {
  test("copy takes bits as rows", () => {
    const copying = checkpoint({ task: "copy" }, { outputs: 3 });
    const reading = read("101\n\n0 1 1\n", copying);
    expect(reading.batch).toEqual(copyBatch([[[1, 0, 1], [0, 1, 1]]])); // biome-ignore format: one sequence
    expect(reading.tokens).toEqual(["1", "2", "end", "·", "·"]);
    expect(() => read("10\n", copying)).toThrow('A vector of 3 bits such as 101 is needed; "10" was given.');
    for (const text of ["", " ", "\n;\n"]) {
      expect(() => read(text, copying)).toThrow("At least one vector of 3 bits is needed; nothing was given.");
    }
  });

  test.each([
    ["Windows's line breaks", "101\r\n011\r\n"],
    ["old and rare line breaks", "101\r011"],
    ["a paragraph separator", "101\u2029011"],
    ["semicolons, as on the command line", "101;011"],
    ["a space", "101 011"],
    ["a tab", "101\t011"],
    ["a space that does not break", "101\u00a0011"],
    ["a wide space, and full-width digits", "１０１\u3000０１１"],
    ["a full-width semicolon", "101；011"],
    ["something invisible", "\ufeff1\u200b01\n011"],
  ])("vectors are told apart by %s", (_, text) => {
    const copying = checkpoint({ task: "copy" }, { outputs: 3 });
    expect(read(text, copying).batch).toEqual(copyBatch([[[1, 0, 1], [0, 1, 1]]])); // biome-ignore format: one sequence
  });

  test("a number is not taken for another that looks like it", () => {
    expect(() => read("10²", checkpoint({ task: "copy" }, { outputs: 3 }))).toThrow('"10²" was given.');
    expect(() => read("3² × 4", multiplying)).toThrow('"3² × 4" was given.');
    expect(() => read("1100\n0011", multiplying)).toThrow('such as 27 × 4; "1100\\n0011" was given.');
    expect(() => read("\n", multiplying)).toThrow("such as 27 × 4; nothing was given.");
    expect(read("２７\u00a0✕\u30004", multiplying).batch).toEqual(read("27 × 4", multiplying).batch);
  });

  test("associative recall takes items, and which of them is asked for", () => {
    const recalling = checkpoint({ task: "associative-recall" }, { outputs: 2 });
    const reading = read("10 01\n11 00\n01 01\n? 2", recalling);
    const items = [[[1, 0], [0, 1]], [[1, 1], [0, 0]], [[0, 1], [0, 1]]]; // biome-ignore format: items
    expect(reading.batch).toEqual(associativeRecallBatch([{ items, query: 1 }]));
    expect(reading.tokens).toHaveLength(reading.batch.inputs.shape[0] as number);
    expect(() => read("10\n01\n? 2", recalling)).toThrow("Item 2 cannot be asked for: 1 to 1 have an item after them.");
    expect(() => read("10\n01", recalling)).toThrow("The last line asks for an item by its number");
  });

  test("recall takes sentences", () => {
    const reader = checkpoint({ task: "recall" });
    const story = ["put 7 in the red box", "what is in it?"];
    expect(read(story.join("\n"), reader).batch).toEqual(recallBatch([story]));
    expect(() => read("hello", reader)).toThrow("is no sentence of this task");
    expect(read("put 7 in the red box", reader).notes).toEqual(["Nothing is asked: no sentence is a question."]);
  });

  test("a checkpoint of an unknown task takes rows of numbers", () => {
    const unknown = checkpoint({ task: "juggling" });
    expect([...read("1 0.5 -2\n0,0,1", unknown).batch.inputs.data]).toEqual([1, 0.5, -2, 0, 0, 1]);
    expect(() => read("1 2 3\n1 2", unknown)).toThrow(
      'Every line holds 3 numbers with spaces between; line 2 is "1 2".',
    );
  });
});

test("every example, and every one that is drawn, can be read and asks for something", () => {
  for (const [task, outputs] of [
    ["multiplication", 8],
    ["recall", 8],
    ...[2, 3, 6, 8, 11].flatMap((bits) => ["copy", "associative-recall"].map((name) => [name, bits] as const)),
  ] as const) {
    const one = checkpoint({ task, lessons: "1,21,2" }, { outputs });
    const input = taskInputOf(one);
    for (const text of [input.example(one), ...Array.from({ length: 8 }, (_, seed) => input.draw(random(seed), one))]) {
      const { batch, tokens, asked } = input.read(text, one);
      expect(batch.mask.data.some((counts) => counts === 1)).toBe(true);
      expect([tokens.length, asked.length]).toEqual([batch.inputs.shape[0], batch.inputs.shape[0]]);
      batch.mask.data.forEach((counts, step) => {
        if (counts === 1) expect(asked[step]).not.toBe("");
      });
    }
  }
});

describe("answers", () => {
  test("are right where the likeliest digit is; help does not count", () => {
    const helped = checkpoint({ task: "multiplication", lessons: "2", "partial-products": "true" });
    const reading = read("27 × 45", helped);
    const { shape, data } = reading.batch.targets;
    const outputs = (numbers: Float32Array) => namedArray("outputs", ["step", "batch", "output"], shape, numbers);
    const perfect = answersOf(reading, { activation: "softmax" }, outputs(data));
    expect([perfect.expected, perfect.predicted, perfect.right]).toEqual(["1215", "1215", true]);

    const wrongHelp = data.slice();
    wrongHelp[reading.tokens.indexOf("·") * 10 + 9] = 2; // the first digit of help becomes 9
    const slipped = answersOf(reading, { activation: "softmax" }, outputs(wrongHelp));
    expect([slipped.steps[0]?.predicted, slipped.steps[0]?.right, slipped.right]).toEqual(["9", false, true]);

    const wrongEnd = data.slice();
    wrongEnd[wrongEnd.length - 1] = 2; // the thousands become 9
    const wrong = answersOf(reading, { activation: "softmax" }, outputs(wrongEnd));
    expect([wrong.predicted, wrong.right]).toEqual(["9215", false]);
  });

  test("of bits are 1 above one half", () => {
    const copying = checkpoint({ task: "copy" }, { outputs: 2 });
    const outputs = namedArray("outputs", ["step", "batch", "output"], [3, 1, 2], [0, 0, 0, 0, 0.51, 0.5]);
    const none = { ...outputs, data: new Float32Array(outputs.data.length).fill(Number.NaN) };
    const diverged = answersOf(read("00", copying), { activation: "sigmoid" }, none);
    expect(diverged.right).toBe(false);
    const { steps, expected, predicted, right } = answersOf(read("10", copying), { activation: "sigmoid" }, outputs);
    expect([expected, predicted, right]).toEqual(["10", "10", true]);
    expect([...(steps[0]?.probabilities ?? [])]).toEqual([...Float32Array.of(0.51, 0.5)]);
  });

  test("of numbers that are NaN are none", () => {
    const reading = read("7 × 4", multiplying);
    const size = reading.tokens.length * 10;
    const nothing = namedArray(
      "outputs",
      ["step", "batch", "output"],
      [reading.tokens.length, 1, 10],
      new Float32Array(size).fill(Number.NaN),
    );
    const answers = answersOf(reading, { activation: "softmax" }, nothing);
    expect([answers.right, answers.steps[0]?.predicted]).toEqual([false, "?"]);
  });
});
