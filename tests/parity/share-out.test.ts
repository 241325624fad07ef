import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fuse } from "../../src/engine/fuse.js";
import { type StoredNode, sourceOf } from "../../src/engine/graph.js";
import { planMemory } from "../../src/engine/plan-memory.js";
import { record } from "../../src/engine/recorder.js";
import { axesOf, overlap, type Region, regionOf, writtenBeyond } from "../../src/engine/regions.js";
import { divideWork, type Share, shareOut } from "../../src/engine/share-out.js";
import { type Operand, type ProductStep, type Step, writtenBy } from "../../src/engine/steps.js";
import type { Model } from "../../src/model/model.js";
import { ntm } from "../../src/model/ntm.js";
import { ttm } from "../../src/model/ttm.js";
import { copyTask } from "../../src/tasks/copy.js";
import { multiplicationTask } from "../../src/tasks/multiplication.js";
import type { Batch } from "../../src/tasks/task.js";
import { useBackend } from "../../src/tensors/backend.js";
import { sizeOf } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { batchTensors, differentiateLoss } from "../../src/training/sequence.js";
import { seed, times } from "../repeat.mjs";

await useBackend("cpu");

/** Every number that an operand touches. */
function numbersOf(operand: Operand, start: number, lengths: readonly number[]): Set<number> {
  let places = [start + operand.offset];
  operand.strides.forEach((stride, axis) => {
    const along = Array.from({ length: lengths[axis] as number }, (_, index) => index * stride);
    places = places.flatMap((place) => along.map((step) => place + step));
  });
  return new Set(places);
}

interface Touched {
  readonly read: Set<number>;
  readonly written: Set<number>;
  /** Written too, though nobody reads it: vectors end where numbers do not. */
  readonly beyond: Set<number>;
}

function touchedBy(steps: readonly Step[], places: ReadonlyMap<StoredNode, number>): Touched {
  const touched: Touched = { read: new Set(), written: new Set(), beyond: new Set() };
  for (const step of steps) {
    const written = new Set(writtenBy(step));
    step.operands.forEach((operand, index) => {
      const place = places.get(operand.of);
      if (place === undefined) return;
      const into = written.has(index) ? touched.written : touched.read;
      const numbers = [...numbersOf(operand, place / 4, axesOf(step, index))];
      for (const one of numbers) into.add(one);
      if (!written.has(index)) return;
      for (let beyond = 1; beyond <= writtenBeyond(step, index); beyond++)
        touched.beyond.add(Math.max(...numbers) + beyond);
    });
  }
  return touched;
}

/** What stands between barriers. */
function stretches(share: Share): Step[][] {
  const found: Step[][] = [[]];
  for (const step of share) {
    if (step === "barrier") found.push([]);
    else found.at(-1)?.push(step);
  }
  return found;
}

const copy = copyTask(3);
const ntmOf = () =>
  ntm({
    ...{ inputs: copy.inputs, outputs: copy.outputs, slots: 9, word: 5, controller: "lstm", units: 11 },
    ...{ readHeads: 2, writeHeads: 1, initialWeights: "learned" },
  });
const product = multiplicationTask();
const ttmOf = () =>
  ttm({
    ...{ tokens: 1, symbols: product.inputs, outputs: product.outputs, features: 8, slots: 4, read: 3, layers: 1 },
    ...{ heads: 2, hidden: 8, summariser: "mlp", write: "summarise" },
  });

const machines: Record<string, { model: Model; batch: Batch }> = {
  "an NTM": { model: ntmOf(), batch: copy.draw(random(3), 2, 4) },
  "an NTM with an odd batch": { model: ntmOf(), batch: copy.draw(random(3), 1, 5) },
  "a TTM": { model: ttmOf(), batch: product.draw(random(3), 1, 3) },
};

/** The steps of a loss and its gradients, and where what they compute is stored, in bytes. */
function programOf({ model, batch }: { model: Model; batch: Batch }) {
  const given = { ...model.parameters(1), ...batchTensors(model, batch) };
  try {
    const shapes = Object.fromEntries(Object.entries(given).map(([name, { shape }]) => [name, shape]));
    const { outputs } = record((all) => {
      const { loss, gradients } = differentiateLoss(model, all, all);
      return { loss, ...gradients };
    }, shapes);
    const steps = fuse(outputs.values());
    return { steps, ...planMemory(steps, new Set([...outputs.values()].map((node) => sourceOf(node).source))) };
  } finally {
    disposeTensors(given);
  }
}

describe.each(Object.entries(machines))("the training of %s, shared out to", (_name, machine) => {
  const program = programOf(machine);

  test.each([2, 3])("%i threads: none touches what another writes before the next barrier", (threads) => {
    const { shares } = divideWork(program.steps, program.places, threads);
    const stretched = shares.map(stretches);
    expect(new Set(stretched.map(({ length }) => length)).size).toBe(1);
    for (const index of (stretched[0] as Step[][]).keys()) {
      const touched = stretched.map((all) => touchedBy(all[index] as Step[], program.places));
      touched.forEach(({ written, beyond }, thread) => {
        const others = touched.filter((_, other) => other !== thread);
        for (const place of [...written, ...beyond]) {
          expect(others.some((other) => other.read.has(place) || other.written.has(place))).toBe(false);
        }
      });
    }
  });

  test.each([2, 3])("%i threads: together they read and write what one alone would", (threads) => {
    const { shares } = divideWork(program.steps, program.places, threads);
    const alone = touchedBy(program.steps, program.places);
    const touched = shares.map((share) => touchedBy(stretches(share).flat(), program.places));
    for (const kind of ["read", "written"] as const) {
      expect(new Set(touched.flatMap((one) => [...one[kind]]))).toEqual(alone[kind]);
    }
  });
});

const multiplications = ({ batch, rows, inner, columns }: ProductStep) => sizeOf(batch) * rows * inner * columns;

test("a program that takes microseconds is left to one thread, a long one is shared out evenly", () => {
  const [short, long] = [1, 256].map((batch) => {
    const { steps, places } = programOf({ model: ntmOf(), batch: copy.draw(random(3), 2, batch) });
    return shareOut(steps, places, 2).map((share) =>
      stretches(share)
        .flat()
        .reduce((sum, step) => sum + (step.kind === "product" ? multiplications(step) : 0), 0),
    );
  }) as [number[], number[]];
  expect(short.length).toBe(1);
  const [one, other] = long as [number, number];
  expect(Math.abs(one - other)).toBeLessThan((one + other) / 10);
});

describe("regions", () => {
  const layout = fc
    .array(fc.record({ length: fc.integer({ min: 1, max: 4 }), stride: fc.integer({ min: -12, max: 12 }) }), {
      maxLength: 3,
    })
    .chain((axes) => fc.record({ axes: fc.constant(axes), offset: fc.integer({ min: 40, max: 80 }) }));
  const both = ({ axes, offset }: { axes: readonly { length: number; stride: number }[]; offset: number }) => {
    const operand: Operand = { of: undefined as unknown as StoredNode, offset, strides: axes.map((one) => one.stride) };
    const lengths = axes.map((one) => one.length);
    return { region: regionOf(operand, 7, lengths), numbers: numbersOf(operand, 7, lengths) };
  };

  test("that do not overlap have no number in common, whatever their strides", { tags: ["draws"] }, () => {
    fc.assert(
      fc.property(layout, layout, (first, second) => {
        const [one, other] = [both(first), both(second)];
        const inCommon = [...one.numbers].some((place) => other.numbers.has(place));
        if (inCommon) expect(overlap(one.region, other.region) && overlap(other.region, one.region)).toBe(true);
      }),
      { numRuns: times("draws"), seed },
    );
  });

  test("of two halves of a batch are told apart, also where the batch is not the outermost axis", () => {
    const half = (from: number, strides: readonly number[]): Region =>
      both({ axes: [2, 4, 5].map((length, axis) => ({ length, stride: strides[axis] as number })), offset: from })
        .region;
    // [step 2, batch 8, word 5]
    const [first, second] = [half(0, [40, 5, 1]), half(20, [40, 5, 1])];
    expect([overlap(first, second), overlap(second, first)]).toEqual([false, false]);
    expect(overlap(first, half(19, [40, 5, 1]))).toBe(true);
    expect(overlap(first, first)).toBe(true);
  });
});
