import { afterAll, describe, expect, test } from "vitest";
import { answerRows } from "../../src/experiments/answer-rows.js";
import { ask } from "../../src/experiments/ask.js";
import { edit } from "../../src/model/edits.js";
import { run } from "../../src/model/run.js";
import { ttm } from "../../src/model/ttm.js";
import { answersOf } from "../../src/tasks/answers.js";
import { copyBatch } from "../../src/tasks/copy.js";
import { multiplicationBatch, multiplicationTask, multiplicationTokens } from "../../src/tasks/multiplication.js";
import { taskInputOf } from "../../src/tasks/typed-tasks.js";
import { useBackend } from "../../src/tensors/backend.js";
import { namedArray } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors } from "../../src/tensors/tensors.js";

await useBackend("cpu");
const sizes = { tokens: 1, features: 4, slots: 3, read: 2, layers: 1, heads: 2, hidden: 6, outputs: 10 };
const model = ttm({ ...sizes, symbols: multiplicationTokens.length, summariser: "mlp", write: "summarise" });
const checkpoint = { model, parameters: model.parameters(1), metadata: { task: "multiplication", lessons: "1,21" } };
afterAll(() => disposeTensors(checkpoint.parameters));

describe("asking a machine", () => {
  test("is running it on what the text says, and reading its answers", () => {
    const asked = ask(checkpoint, "27 × 4", { record: ["memory"] });
    const { inputs } = multiplicationBatch([[27, 4]], [2, 1]);
    expect(asked.run).toEqual(run(model, checkpoint.parameters, inputs, { record: ["memory"] }));
    expect(asked.tokens.join("")).toBe("72×4=···");
    expect(asked.expected).toBe("108");
    expect(asked.steps.map(({ predicted }) => predicted)).toEqual(
      answerRows(model, asked.batch, asked.run.outputs).map(({ predicted }) => predicted),
    );
  });

  test("takes edits, and says when training never showed the like", () => {
    const edits = [edit("tokens", { step: 0 }).add(3)];
    expect(ask(checkpoint, "27 × 4", { edits }).run.outputs).not.toEqual(ask(checkpoint, "27 × 4").run.outputs);
    expect(ask(checkpoint, "4 × 27").notes).toHaveLength(1);
  });

  test("refuses what is no question of the task", () => {
    expect(() => ask(checkpoint, "twenty-seven times four")).toThrow(
      "Two whole numbers of up to four digits are needed",
    );
    expect(() => ask(checkpoint, "27 × 4", { record: ["memroy"] })).toThrow("memroy");
  });
});

describe("a task of somebody's own", () => {
  const trained = (metadata: Record<string, string>, activation: "softmax" | "sigmoid" = "softmax") => ({
    model: { inputs: 3, outputs: 2, activation },
    metadata,
  });
  const own = trained({ task: "mine", symbols: "a b ?", answers: "no yes", examples: "a b ?=yes\nb ?=no" });
  const input = taskInputOf(own);

  test("is typed in the symbols that the checkpoint names, with what is due behind them", () => {
    const { batch, tokens, names } = input.read("a ?=yes\n b", own);
    expect([...batch.inputs.data]).toEqual([1, 0, 0, 0, 0, 1, 0, 1, 0]);
    expect([...batch.targets.data]).toEqual([0, 0, 0, 1, 0, 0]);
    expect([...batch.mask.data]).toEqual([0, 1, 0]);
    expect(tokens).toEqual(["a", "?", "b"]);
    expect(names).toEqual(["no", "yes"]);
  });

  test("is answered in the answers that it names, and begins with an example", () => {
    const reading = input.read(input.example(own), own);
    const outputs = namedArray("outputs", ["step", "batch", "output"], [3, 1, 2], [0, 0, 0, 0, 0.7, 0.3]);
    expect(answersOf(reading, { activation: "softmax" }, outputs)).toMatchObject({ expected: "yes", predicted: "no" });
    expect((own.metadata.examples ?? "").split("\n")).toContain(input.draw(random(1), own));
  });

  test("of bits is typed and answered in the names of those that are 1", () => {
    const bits = trained({ symbols: "a b ?", answers: "low high" }, "sigmoid");
    const reading = input.read("?=low ?=low+high ?=none ?=high", bits);
    expect([...reading.batch.targets.data]).toEqual([1, 0, 1, 1, 0, 0, 0, 1]);
    const rows = [0.9, 0.5, 0.2, 0.7, 0, 0.4, 0.1, Number.NaN];
    const outputs = namedArray("outputs", ["step", "batch", "output"], [4, 1, 2], rows);
    expect(answersOf(reading, { activation: "sigmoid" }, outputs)).toMatchObject({
      expected: "low low+high none high",
      predicted: "low high none ?",
    });
    expect(() => input.read("?=low+hi", bits)).toThrow('"hi" is none of the answers; there are low high.');
  });

  test("may have symbols that begin with an equals sign", () => {
    const sums = trained({ symbols: "1 = ==", answers: "no yes" });
    expect(() => input.read("1", sums)).toThrow('the symbol "==", which cannot be typed');
    const sign = trained({ symbols: "1 + =", answers: "no yes" });
    expect(input.read("1 + 1 = ==yes", sign)).toMatchObject({ tokens: ["1", "+", "1", "=", "="] });
  });

  const sigmoid = (answers: string) => trained({ symbols: "a b ?", answers }, "sigmoid");
  test.each([
    ["c", own, '"c" is none of the symbols; there are a b ?.'],
    ["a ?=maybe", own, '"maybe" is none of the answers; there are no yes.'],
    ["a ?=0", trained({ symbols: "a b ?" }), '"0" is none of the answers; the checkpoint\'s metadata name none.'],
    [" ", own, "Symbols are needed, such as a b ?."],
    ["a", trained({ symbols: "a b" }), "metadata name 2 symbols; its machine has 3"],
    ["a", trained({ symbols: "a b ?", answers: "no" }), "metadata name 1 answer; its machine has 2"],
    ["a", trained({ symbols: "a a b" }), 'metadata name the symbol "a" twice; each needs a name of its own.'],
    ["a", trained({ symbols: "a b ?", answers: "no no" }), 'metadata name the answer "no" twice'],
    ["a", trained({ symbols: "a b a=b" }), 'the symbol "a=b", which cannot be typed: what is behind "=" is the answer'],
    [
      "a",
      sigmoid("a a+b"),
      'metadata name the bit "a+b"; "a+c" says that the bits a and c are 1, "none" that none is.',
    ],
    ["a", sigmoid("a none"), 'metadata name the bit "none"'],
  ])("refuses %s", (text, checkpoint, message) => {
    expect(() => input.read(text, checkpoint)).toThrow(message);
  });
});

describe("answers as rows", () => {
  test("the targets themselves are all right, with certainty, sequence by sequence", () => {
    for (const [activation, batch] of [
      ["softmax", multiplicationTask().draw(random(1), 21, 4)],
      ["sigmoid", copyBatch([[[1, 0]], [[0, 0]]])],
    ] as const) {
      const rows = answerRows({ activation }, batch, batch.targets);
      const answers = batch.mask.data.reduce((sum, one) => sum + one, 0);
      expect(rows.map(({ right, probability }) => [right, probability])).toEqual(Array(answers).fill([true, 1]));
      const sequences = rows.map(({ sequence }) => sequence);
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    }
  });

  test("bits are independent, and a vector is wrong when one of them is", () => {
    const batch = copyBatch([[[1, 0]], [[0, 1]]]);
    const outputs = { ...batch.targets, data: batch.targets.data.slice() };
    outputs.data.set([0.75, 0.625, 0.25, 0.75], 2 * 2 * 2); // the answers are due at the third step
    expect(answerRows({ activation: "sigmoid" }, batch, outputs)).toEqual([
      { sequence: 0, step: 2, expected: "10", predicted: "11", right: false, probability: 0.46875 },
      { sequence: 1, step: 2, expected: "01", predicted: "01", right: true, probability: 0.5625 },
    ]);
  });

  test("what is no number is no answer, and other outputs than the batch's are refused", () => {
    const batch = multiplicationBatch([[7, 4]], [1, 1]);
    const { axes, shape, data } = batch.targets;
    const broken = namedArray("outputs", axes, shape, new Float32Array(data.length).fill(Number.NaN));
    expect(answerRows({ activation: "softmax" }, batch, broken)).toMatchObject([
      { predicted: "?", right: false, probability: Number.NaN },
      { predicted: "?", right: false, probability: Number.NaN },
    ]);
    const other = multiplicationBatch([[27, 4]], [2, 1]).targets;
    expect(() => answerRows({ activation: "softmax" }, batch, other)).toThrow(
      "outputs of [6,1,10] belong to this batch; [8,1,10] were given",
    );
  });
});
