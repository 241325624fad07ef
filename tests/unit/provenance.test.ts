import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contributionShares } from "../../src/analysis/contribution-shares.js";
import { slotProvenance, writeContributions, writeSurvival } from "../../src/analysis/provenance.js";
import {
  memoryFound,
  outputContributions,
  readContributions,
  slotContributions,
} from "../../src/analysis/read-provenance.js";
import type { TokenMemory } from "../../src/analysis/token-memory.js";
import { tokenContributions, tokenProvenance, tokenReadContributions } from "../../src/analysis/token-provenance.js";
import { type NamedArray, namedArray, select } from "../../src/tensors/named-array.js";
import { type Random, random } from "../../src/tensors/random.js";

type Matrix = number[][];
const matrix = (rows: number, columns: number, draw: () => number): Matrix =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, draw));

/** Weights that sum to one. */
const weighting = (source: Random, length: number): number[] => {
  const raw = Array.from({ length }, () => Math.exp(3 * source.normal()));
  const total = raw.reduce((sum, value) => sum + value, 0);
  return raw.map((value) => value / total);
};

interface Drawn {
  heads: { weights: Matrix; erase: Matrix; add: Matrix }[];
  start: Matrix;
  reads: Matrix;
}

const drawn = (seed: number, steps: number, slots: number, words: number, count: number): Drawn => {
  const source = random(seed);
  const head = () => ({
    weights: Array.from({ length: steps }, () => weighting(source, slots)),
    erase: matrix(steps, words, () => source.uniform()),
    add: matrix(steps, words, () => source.normal()),
  });
  return {
    heads: Array.from({ length: count }, head),
    start: matrix(slots, words, () => source.normal()),
    reads: Array.from({ length: steps }, () => weighting(source, slots)),
  };
};

/** Memory before every write of every head and after the last: eq. 3 and 4 as they stand. [moment][slot][word] */
const memories = ({ heads, start }: Drawn): Matrix[] => {
  const moments = [start];
  for (let step = 0; step < (heads[0]?.weights.length as number); step++) {
    for (const { weights, erase, add } of heads) {
      const memory = moments.at(-1) as Matrix;
      moments.push(
        memory.map((slot, i) =>
          slot.map((value, j) => {
            const [w, e, a] = [weights[step]?.[i], erase[step]?.[j], add[step]?.[j]] as [number, number, number];
            return value * (1 - w * e) + w * a;
          }),
        ),
      );
    }
  }
  return moments;
};

/** The same machine had it added nothing in one step. */
const without = (machine: Drawn, step: number): Drawn => ({
  ...machine,
  heads: machine.heads.map((head) => ({
    ...head,
    add: head.add.map((row, at) => (at === step ? row.map(() => 0) : row)),
  })),
});

/** The sum over one axis. */
const summed = (array: NamedArray, axis: string): number[] => {
  const parts = Array.from({ length: array.shape[array.axes.indexOf(axis)] as number }, (_, at) =>
    select(array, { [axis]: at }),
  );
  return Array.from((parts[0] as NamedArray).data, (_, at) =>
    parts.reduce((sum, { data }) => sum + (data[at] as number), 0),
  );
};

const close = (actual: ArrayLike<number>, expected: ArrayLike<number>): void => {
  expect(actual.length).toBe(expected.length);
  const off = Array.from(actual, (value, at) => Math.abs(value - (expected[at] as number)));
  expect(Math.max(...off)).toBeLessThan(1e-5);
};

const machines = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  steps: fc.integer({ min: 1, max: 5 }),
  slots: fc.integer({ min: 2, max: 4 }),
  words: fc.integer({ min: 1, max: 3 }),
  count: fc.integer({ min: 1, max: 3 }),
});
const always = (check: (machine: Drawn, steps: number) => void): void =>
  fc.assert(
    fc.property(machines, ({ seed, steps, slots, words, count }) =>
      check(drawn(seed, steps, slots, words, count), steps),
    ),
    { numRuns: 6 },
  );

describe("provenance of a Neural Turing Machine's memory", () => {
  test("adds up to the memory after every step, with heads that write in turn", () => {
    always((machine, steps) => {
      const moments = memories(machine);
      for (let step = 0; step < steps; step++) {
        const contributions = writeContributions(machine.heads, machine.start, step);
        const memory = (moments[(step + 1) * machine.heads.length] as Matrix).flat();
        close(summed(contributions, "write"), memory);
      }
    });
  });

  test("is what is missing in memory when a step adds nothing", () => {
    always((machine, steps) => {
      const contributions = writeContributions(machine.heads, machine.start, steps - 1);
      const whole = (memories(machine).at(-1) as Matrix).flat();
      for (let step = 0; step < steps; step++) {
        const rest = (memories(without(machine, step)).at(-1) as Matrix).flat();
        const missing = whole.map((value, at) => value - (rest[at] as number));
        close(select(contributions, { write: step + 1 }).data, missing);
      }
    });
  });

  test("of one head is what it added, times what is left of it", () => {
    always((machine, steps) => {
      const [head] = machine.heads as [Drawn["heads"][number]];
      const left = writeSurvival([head], steps - 1);
      expect(left.data.every((share) => share >= 0 && share <= 1)).toBe(true);
      const [slots, writes, words] = left.shape as [number, number, number];
      const product = left.data.map((share, at) => {
        const [slot, write, word] = [Math.floor(at / (writes * words)), Math.floor(at / words) % writes, at % words];
        const begun = machine.start[slot]?.[word] as number;
        const added = (head.weights[write - 1]?.[slot] ?? 0) * (head.add[write - 1]?.[word] ?? 0);
        return share * (write === 0 ? begun : added);
      });
      expect(slots).toBe(machine.start.length);
      close(writeContributions([head], machine.start, steps - 1).data, product);
    });
  });

  test("has shares that sum to one for every slot and every read, and are never negative", () => {
    always((machine) => {
      const ofSlots = slotProvenance(machine.heads, machine.start);
      const ofReads = contributionShares(readContributions(machine.heads, machine.start, machine.reads));
      for (const shares of [ofSlots, ofReads]) {
        expect(shares.data.every((share) => share >= 0)).toBe(true);
        for (const sum of summed(shares, "write")) expect(sum).toBeCloseTo(1, 5);
      }
    });
  });

  test("has after every step the shares of its contributions then", () => {
    always((machine, steps) => {
      const all = slotProvenance(machine.heads, machine.start);
      for (let step = 0; step < steps; step++) {
        const now = contributionShares(writeContributions(machine.heads, machine.start, step));
        const found = select(all, { step });
        const [slots, writes] = now.shape as [number, number];
        for (let slot = 0; slot < slots; slot++) {
          close(select(found, { slot }).data.slice(0, writes), select(now, { slot }).data);
          expect(
            select(found, { slot })
              .data.slice(writes)
              .every((share) => share === 0),
          ).toBe(true);
        }
      }
    });
  });

  test("adds up to what each read head finds: the memory that the write heads before it left", () => {
    always((machine, steps) => {
      const moments = memories(machine);
      for (const readHead of [0, 1, 7]) {
        const contributions = readContributions(machine.heads, machine.start, machine.reads, readHead);
        const count = machine.heads.length;
        const found = Array.from({ length: steps }, (_, step) => {
          const memory = moments[step * count + Math.min(readHead, count)] as Matrix;
          const weights = machine.reads[step] as number[];
          return (memory[0] as number[]).map((_, word) =>
            memory.reduce((sum, slot, i) => sum + (weights[i] as number) * (slot[word] as number), 0),
          );
        });
        close(summed(contributions, "write"), found.flat());
      }
    });
  });

  test("of a read by slots and by writes has one sum, and so has what both add to an output", () => {
    always((machine, steps) => {
      const before = memories(machine).filter(
        (_, at) => at % machine.heads.length === 0 && at < steps * machine.heads.length,
      );
      const bySlot = slotContributions(before, machine.reads);
      const byWrite = readContributions(machine.heads, machine.start, machine.reads);
      close(summed(bySlot, "slot"), summed(byWrite, "write"));
      const [first, second] = [2, -1]; // of the word's first number: the outputs' weights
      const weights = [first, second].map((weight) => machine.start[0]?.map((_, word) => (word === 0 ? weight : 0)));
      const read = summed(byWrite, "write").filter((_, at) => at % (machine.start[0]?.length as number) === 0);
      const outputs = read.flatMap((value) => [first * value, second * value]);
      for (const [contributions, axis] of [
        [bySlot, "slot"],
        [byWrite, "write"],
      ] as const) {
        close(summed(outputContributions(contributions, weights as Matrix), axis), outputs);
      }
    });
  });

  test("is the last write's alone where it erased and wrote everything", () => {
    const head = {
      weights: [
        [1, 0],
        [1, 0],
      ],
      erase: [[1], [1]],
      add: [[5], [7]],
    };
    const shares = slotProvenance([head], [[3], [3]]);
    expect(Array.from(select(shares, { step: 1 }).data)).toEqual([0, 0, 1, 1, 0, 0]);
  });

  test("counts both of two writes that cancel, and finds no origin of zeros", () => {
    const head = {
      weights: [
        [1, 0],
        [1, 0],
      ],
      erase: [[0], [0]],
      add: [[5], [-5]],
    };
    const shares = slotProvenance([head], [[0], [0]]);
    expect(Array.from(select(shares, { step: 1 }).data)).toEqual([0, 0.5, 0.5, Number.NaN, Number.NaN, Number.NaN]);
  });

  test("names its writes after the steps", () => {
    const weights = namedArray("w", ["step", "slot"], [1, 2], [1, 0], { step: ["put 7"], slot: ["a", "b"] });
    const head = { weights, erase: [[1]], add: [[1]] };
    const labels = { step: ["put 7"], slot: ["a", "b"], write: ["start", "put 7"] };
    expect(slotProvenance([head], [[0], [0]]).labels).toEqual(labels);
    expect(writeContributions([{ ...head, weights: [[1, 0]] }], [[0], [0]], 0).labels).toEqual({
      write: ["start", "0"],
    });
  });

  test("refuses what does not fit together", () => {
    const { heads, start, reads } = drawn(1, 3, 2, 2, 1);
    const [head] = heads as [Drawn["heads"][number]];
    expect(() => slotProvenance([], start)).toThrow("slotProvenance takes a list of write heads");
    expect(() => slotProvenance(head as never, start)).toThrow("for one write [head]");
    expect(() => slotProvenance([{ ...head, add: [[1, 1]] }], start)).toThrow(
      '"add" is [step,word] of [1,2], but [3,2]',
    );
    expect(() => slotProvenance(heads, [[1, 2, 3]])).toThrow('"memory at the start" is [slot,word] of [1,3]');
    expect(() => writeContributions(heads, start, 3)).toThrow("writeContributions: step 3 is outside 0 to 2");
    expect(() => writeSurvival(heads, 0.5)).toThrow("writeSurvival: step 0.5 is outside 0 to 2");
    expect(() => readContributions(heads, start, [[1, 0]])).toThrow('"read weights" is [step,slot] of [1,2]');
    expect(() => readContributions(heads, start, reads, -1)).toThrow("numbered from 0; -1 was given");
    expect(() => memoryFound(heads, [start], 1)).toThrow('memoryFound: "memory" is [step,slot,word] of [1,2,2]');
    expect(() => memoryFound(heads, [start, start, start], 0.5)).toThrow("numbered from 0; 0.5 was given");
    expect(() => outputContributions(readContributions(heads, start, reads), [[1]])).toThrow("but [1,2] is needed");
  });
});

describe("provenance of a Token Turing Machine's memory", () => {
  interface Machine {
    memory: TokenMemory & { weights: Matrix[]; before: Matrix[]; after: Matrix[] };
    own: Matrix[];
    reads: Matrix[];
    read: Matrix[];
  }
  const mean = (weights: readonly number[], tokens: Matrix): number[] =>
    (tokens[0] as number[]).map((_, j) =>
      tokens.reduce((sum, token, i) => sum + (weights[i] as number) * (token[j] as number), 0),
    );
  /** Runs on given weights; `silent` is a step that brings nothing. */
  const machine = (seed: number, silent = -1): Machine => {
    const source = random(seed);
    const [steps, slots, features] = [4, 3, 2];
    const rows = (count: number) => Array.from({ length: count }, () => weighting(source, slots + 2));
    const [weights, reads] = [0, 1].map(() => Array.from({ length: steps }, () => rows(slots))) as [Matrix[], Matrix[]];
    const drawnTokens = Array.from({ length: steps }, () => matrix(2, features, () => source.normal()));
    const own = drawnTokens.map((tokens, step) => (step === silent ? tokens.map((one) => one.map(() => 0)) : tokens));
    const before = [matrix(slots, features, () => source.normal())];
    const after: Matrix[] = [];
    weights.forEach((rowsOf, step) => {
      const all = [...(before[step] as Matrix), ...(own[step] as Matrix)];
      after.push(rowsOf.map((row) => mean(row, all)));
      before.push(after[step] as Matrix);
    });
    const read = reads.map((rowsOf, step) =>
      rowsOf.map((row) => mean(row, [...(before[step] as Matrix), ...(own[step] as Matrix)])),
    );
    return { memory: { weights, before: before.slice(0, steps), after }, own, reads, read };
  };
  const seeds = fc.integer({ min: 0, max: 1e6 });

  test("adds up to the memory, and to the tokens that are read", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { memory, reads, read } = machine(seed);
        memory.after.forEach((tokens, step) => {
          close(summed(tokenContributions(memory, step), "write"), tokens.flat());
        });
        close(summed(tokenReadContributions(memory, reads, read), "write"), read.flat(2));
      }),
      { numRuns: 6 },
    );
  });

  test("is what is missing when a step brings nothing and the weights stay", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 3 }), (seed, silent) => {
        const [whole, rest] = [machine(seed), machine(seed, silent)];
        const missing = (one: Matrix[], other: Matrix[]): number[] => {
          const values = other.flat(2);
          return one.flat(2).map((value, at) => value - (values[at] as number));
        };
        whole.memory.after.forEach((tokens, step) => {
          const found = tokenContributions(whole.memory, step);
          expect(found.shape[1]).toBe(step + 2);
          const expected = missing([tokens], [rest.memory.after[step] as Matrix]);
          close(step < silent ? expected.map(() => 0) : select(found, { write: silent + 1 }).data, expected);
        });
        const taken = tokenReadContributions(whole.memory, whole.reads, whole.read);
        close(select(taken, { write: silent + 1 }).data, missing(whole.read, rest.read));
      }),
      { numRuns: 6 },
    );
  });

  test("has shares that sum to one, and none of steps that are still to come", () => {
    const shares = tokenProvenance(machine(3).memory);
    expect(shares.axes).toEqual(["step", "slot", "write"]);
    for (const sum of summed(shares, "write")) expect(sum).toBeCloseTo(1, 5);
    expect(Array.from(select(shares, { step: 0 }).data.slice(2, 5))).toEqual([0, 0, 0]);
    expect(Math.min(...shares.data)).toBe(0);
  });

  test("refuses a memory that is written in another way, and what does not fit", () => {
    const { memory, reads, read } = machine(1);
    const erased = namedArray("write.weights", ["step", "read", "slot"], [4, 3, 5], new Float32Array(60));
    expect(() => tokenProvenance({ ...memory, weights: erased })).toThrow('"write.weights" is [step,read,slot]');
    const few = memory.weights.map((rows) => rows.map((row) => row.slice(0, 3)));
    expect(() => tokenProvenance({ ...memory, weights: few })).toThrow("is [step,slot,source] of [4,3,3], but [4,3,4]");
    expect(() => tokenContributions(memory, 4)).toThrow("step 4 is outside 0 to 3");
    expect(() => tokenReadContributions(memory, reads, read.slice(1))).toThrow("[step,read,feature] of [3,3,2]");
  });
});
