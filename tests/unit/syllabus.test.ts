import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nsm } from "../../src/model/nsm.js";
import { recallTask } from "../../src/tasks/recall.js";
import { useBackend } from "../../src/tensors/backend.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, mapTensors, type Tensors } from "../../src/tensors/tensors.js";
import { adam } from "../../src/training/optimizers.js";
import { cosine } from "../../src/training/schedule.js";
import { openSyllabus } from "../../src/training/syllabus.js";
import { type Moment, type Training, train } from "../../src/training/train.js";

await useBackend("cpu");

describe("a curriculum", () => {
  const lengths = { lessons: [3, 7, 2], mastered: 0.9 };

  test("begins with its first lesson alone, and opens the next when the newest is mastered", () => {
    const syllabus = openSyllabus(lengths);
    const source = random(1);
    expect(Array.from({ length: 20 }, () => syllabus.draw(source))).toEqual(Array(20).fill(3));
    let batches = 0;
    while (syllabus.state.open === 1 && batches++ < 1000) syllabus.note(3, 1);
    expect(batches).toBe(Math.ceil(Math.log(1 - 0.9) / Math.log(0.95))); // 1 − 0.95ⁿ ≥ 0.9
    expect(syllabus.state).toEqual({ open: 2, right: 0 });
  });

  test("draws the newest lesson half of the time, and all those before it evenly", () => {
    const syllabus = openSyllabus(lengths, { open: 3, right: 0 });
    const source = random(2);
    const drawn = Array.from({ length: 4000 }, () => syllabus.draw(source));
    const share = (lesson: number) => drawn.filter((one) => one === lesson).length / drawn.length;
    expect(Math.abs(share(2) - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(share(3) - 0.25)).toBeLessThan(0.03);
    expect(Math.abs(share(7) - 0.25)).toBeLessThan(0.03);
  });

  test("is not moved by other lessons, by batches that are half right, or beyond its last lesson", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.89, noNaN: true }), { maxLength: 200 }), (shares) => {
        const syllabus = openSyllabus(lengths);
        for (const share of shares) {
          syllabus.note(3, share);
          syllabus.note(7, 1);
        }
        expect(syllabus.state.open).toBe(1);
      }),
    );
    const last = openSyllabus(lengths, { open: 3, right: 0.99 });
    for (let i = 0; i < 100; i++) last.note(2, 1);
    expect(last.state.open).toBe(3);
  });

  test("is refused without lessons, with one twice, with half a lesson, or with a share out of range", () => {
    for (const wrong of [
      { lessons: [], mastered: 0.9 },
      { lessons: [1, 1], mastered: 0.9 },
      { lessons: [1.5], mastered: 0.9 },
      { lessons: [1], mastered: 0 },
      { lessons: [1], mastered: Number.NaN },
    ]) {
      expect(() => openSyllabus(wrong)).toThrow(/a curriculum has lessons, whole numbers of at least 1, each once/);
    }
  });
});

test("a training that goes on from a moment ends as one that never stopped", async () => {
  const task = recallTask();
  const sizes = { tokens: 6, symbols: 24, outputs: 10, states: 2, features: 4, heads: 2, slots: 3, word: 3 };
  const training: Training = {
    model: nsm({ ...sizes, gates: "gru", readHeads: 1, writeHeads: 1, pruned: [] }),
    task,
    optimizer: adam(0.01),
    schedule: cosine(0.1),
    clip: { by: "norm", limit: 1 },
    seed: 4,
    updates: 6,
    batch: 2,
    lengths: { lessons: [2, 3], mastered: 1e-9 },
  };
  const copy = (tensors: Tensors) => mapTensors(tensors, (tensor) => tensor.clone());
  let middle: Moment | undefined;
  const whole = await train(training, {
    onProgress: ({ update, moment }) => {
      if (update !== 3) return;
      const { parameters, memory, ...plain } = moment();
      middle = { ...JSON.parse(JSON.stringify(plain)), parameters: copy(parameters), memory: copy(memory) };
    },
  });
  const resumed = await train(training, { from: middle as Moment });
  const outcome = ({ parameters, log, updates }: typeof whole) => ({
    parameters: Object.entries(parameters).map(([name, tensor]) => [name, [...tensor.dataSync()]]),
    log: log.map(({ seconds: _, ...row }) => row),
    updates,
  });
  expect(outcome(resumed)).toEqual(outcome(whole));
  disposeTensors(whole.parameters);
  disposeTensors(resumed.parameters);
});
