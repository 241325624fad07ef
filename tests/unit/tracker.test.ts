import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { passOn } from "../../src/model/model.js";
import { type NtmConfig, ntm } from "../../src/model/ntm.js";
import { run } from "../../src/model/run.js";
import { copyTask } from "../../src/tasks/copy.js";
import { useBackend } from "../../src/tensors/backend.js";
import { select } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, type Tensors } from "../../src/tensors/tensors.js";
import { toTensor } from "../../src/tensors/transfer.js";
import { openHistory } from "../../src/tracker/history.js";
import { countSampled, isSampled } from "../../src/tracker/sampling.js";
import { type StateTracker, stateTracker } from "../../src/tracker/state-tracker.js";
import type { TrackerOptions } from "../../src/tracker/tracker-options.js";
import { sequenceLogits } from "../../src/training/sequence.js";
import { type MemoryStorage, memoryStorage } from "../history-storage.js";

const config: NtmConfig = {
  inputs: 3,
  outputs: 2,
  slots: 5,
  word: 3,
  controller: "feedforward",
  units: 4,
  readHeads: 1,
  writeHeads: 1,
  initialWeights: "learned",
};
const model = ntm(config);
const task = copyTask(2);
const steps = 5;

let storage: MemoryStorage;
let told: string[];
let parameters: Tensors;
beforeAll(async () => {
  await useBackend("cpu");
  parameters = model.parameters(1);
  return () => disposeTensors(parameters);
});
beforeEach(() => {
  storage = memoryStorage();
  told = [];
});

function track(options: Partial<TrackerOptions> = {}): Promise<StateTracker> {
  return stateTracker({ model, storage, samplingRate: 1, warn: (message) => told.push(message), ...options });
}

/** The sequences of a batch: two of five steps. */
function sequences(epoch: number, batch: number) {
  return task.draw(random(1000 * epoch + batch), 2, 2).inputs;
}

/** What a training does with a tracker, but for the learning. */
async function train(tracker: StateTracker, epochs: readonly number[], batches: number): Promise<void> {
  for (const epoch of epochs) {
    tracker.startEpoch(epoch);
    for (let batch = 0; batch < batches; batch++) {
      await tracker.startBatch(batch);
      sequenceLogits(model, parameters, toTensor(sequences(epoch, batch)), tracker.hookAt).dispose();
      tracker.recordParameters(parameters);
      tracker.recordGradients(parameters);
      tracker.recordMetrics({ loss: epoch + batch, accuracy: 0.5 });
    }
    await tracker.saveStateHistory();
  }
}

function bytesOnDisk(): number {
  return [...new Set(storage.files.values())].reduce((sum, { content }) => sum + content.length, 0);
}

describe("the state tracker", () => {
  test("records at every site what run records, of the first sequences", async () => {
    for (const kept of [1, 2, 9]) {
      storage = memoryStorage();
      const tracker = await track({ sequences: kept });
      await train(tracker, [0], 1);
      const expected = run(model, parameters, sequences(0, 0), { record: ["*"] });
      expect(await tracker.getAvailableTokens(0, 0)).toEqual([0, 1, 2, 3, 4]);
      for (const { name } of model.sites) {
        for (let token = 0; token < steps; token++) {
          const state = await tracker.getState(0, 0, token, name);
          expect(state.shape[0]).toBe(Math.min(kept, 2));
          for (let batch = 0; batch < Math.min(kept, 2); batch++) {
            const wanted = select(expected.trace[name] as never, { step: token, batch });
            const { data, ...about } = select(state, { batch });
            expect(about).toEqual({ ...about, name, axes: wanted.axes, shape: wanted.shape });
            // `run` replays its steps: the same but for rounding.
            data.forEach((value, i) => {
              expect(value).toBeCloseTo(wanted.data[i] as number, 6);
            });
          }
        }
      }
    }
  });

  test("records parameters, gradients and metrics, each where it was asked to", async () => {
    await train(await track({ sites: ["memory"], gradients: false }), [0, 1], 3);
    const history = await openHistory(storage);
    const weight = await history.getParameter(1, 2, "read.0.weight");
    expect([...weight.data]).toEqual([...(parameters["read.0.weight"]?.dataSync() ?? [])]);
    await expect(history.getGradient(1, 2, "read.0.weight")).rejects.toThrow("it has no gradient at all");
    await expect(history.getState(1, 2, 0, "logits")).rejects.toThrow('no state "logits"; it has memory');
    expect(history.metrics).toEqual([
      { epoch: 0, means: { loss: 1, accuracy: 0.5 } },
      { epoch: 1, means: { loss: 2, accuracy: 0.5 } },
    ]);
  });

  test("leaves batches alone that are not sampled, but for their metrics", async () => {
    const tracker = await track({ samplingRate: 0.25, sites: ["memory"], parameters: false, gradients: false });
    tracker.startEpoch(0);
    const sampled: number[] = [];
    for (let batch = 0; batch < 12; batch++) {
      if (await tracker.startBatch(batch)) sampled.push(batch);
      else expect(tracker.hookAt(0)).toBe(passOn);
      sequenceLogits(model, parameters, toTensor(sequences(0, batch)), tracker.hookAt).dispose();
      tracker.recordMetrics({ loss: batch });
    }
    await tracker.saveStateHistory();
    expect(sampled).toHaveLength(3);
    expect(await tracker.getAvailableBatches(0)).toEqual(sampled);
    const rows = await (await openHistory(storage)).getRows({ kind: "metric" });
    expect(rows).toHaveLength(12);
  });

  test("keeps to its limits of epochs, batches and tokens", async () => {
    await train(await track({ sites: ["memory"], limits: { epochs: 2, batches: 1, tokens: 3 } }), [0, 1, 2], 2);
    const history = await openHistory(storage);
    expect(history.getAvailableEpochs()).toEqual([0, 1]);
    expect(history.getAvailableBatches(1)).toEqual([0]);
    expect(history.getAvailableTokens(1, 0)).toEqual([0, 1, 2]);
  });

  test("records by startToken and hook what it records by hookAt, and refuses a site that there is not", async () => {
    const tracker = await track({ sites: ["memory"] });
    tracker.startEpoch(0);
    await tracker.startBatch(0);
    tracker.startToken(4);
    const value = sequenceLogits(model, parameters, toTensor(sequences(0, 0)), () => tracker.hook);
    expect(() => tracker.hook("memroy", value)).toThrow('ntm has no site "memroy"');
    expect(tracker.hook("logits", value)).toBe(value);
    value.dispose();
    await tracker.saveStateHistory();
    expect(await tracker.getAvailableTokens(0, 0)).toEqual([4]);
  });

  test("records of plain arrays what it says it wants, and nothing of a batch that is not recorded", async () => {
    const tracker = await track({
      sites: ["memory"],
      parameters: false,
      sequences: 2,
      limits: { batches: 1, tokens: 3 },
    });
    const { gradients, ...wanted } = tracker.wanted;
    expect(wanted).toEqual({ sites: ["memory"], sequences: 2, tokens: 3, parameters: [] });
    expect(gradients).toContain("read.0.weight");
    expect(gradients).not.toContain("memory.init"); // it is fixed
    const data = Float32Array.from({ length: 180 }, (_, i) => i % 45);
    const state = (step: number, start: number, site = "memory") => {
      return { kind: "state" as const, step, site, shape: [3, 5, 3], start };
    };
    const places = [state(0, 0), state(2, 45), state(3, 90), state(0, 135, "logits")];
    tracker.startEpoch(0);
    for (const batch of [0, 1]) {
      await tracker.startBatch(batch);
      tracker.recordValues(places, data);
      tracker.recordValues([{ ...state(0, 0), kind: "parameter", step: null }], data);
    }
    await tracker.saveStateHistory();
    const rows = await (await openHistory(storage)).getRows();
    expect(rows.map(({ batch, step, kind, site }) => ({ batch, step, kind, site }))).toEqual([
      { batch: 0, step: 0, kind: "state", site: "memory" },
      { batch: 0, step: 2, kind: "state", site: "memory" },
    ]);
    const kept = await tracker.getState(0, 0, 2, "memory");
    expect(kept.shape).toEqual([2, 5, 3]);
    expect([...kept.data]).toEqual([...Array(30).keys()]);
  });

  test("goes on after an interruption to the history that a training without one has", async () => {
    await train(await track({ samplingRate: 0.5, dtype: "float16" }), [0, 1, 2], 4);
    const whole = await (await openHistory(storage)).getRows();
    storage = memoryStorage();
    await train(await track({ samplingRate: 0.5, dtype: "float16" }), [0, 1], 4);
    await train(await track({ samplingRate: 0.5, dtype: "float16", resumeAt: { epoch: 1, batch: 0 } }), [1, 2], 4);
    expect(await (await openHistory(storage)).getRows()).toEqual(whole);
  });

  test("refuses options that make no sense, before anything is written", async () => {
    const wrong: [Partial<TrackerOptions>, RegExp][] = [
      [{ samplingRate: 0 }, /samplingRate is above 0, up to 1; 0 was given/],
      [{ samplingRate: Number.NaN }, /samplingRate is above 0/],
      [{ sites: ["memroy"] }, /ntm has no site "memroy"/],
      [{ sequences: 0 }, /sequences is a whole number of at least 1; 0 was given/],
      [{ limits: { tokens: 1.5 } }, /tokens is a whole number/],
      [{ dtype: "float8" as never }, /dtype is one of float32, float16, uint8; float8 was given/],
      [{ byteBudget: -1 }, /byteBudget is above 0/],
      [{ byteBudget: 9000, run: { epochs: 1, batches: 1, tokens: 5 } }, /one batch takes up to \d+ bytes/],
    ];
    for (const [options, message] of wrong) await expect(track(options)).rejects.toThrow(message);
    expect(storage.files.size).toBe(0);
  });
});

describe("the forecast", () => {
  test.each([
    ["float32", 2],
    ["float16", 1],
    ["uint8", 2],
  ] as const)("in %s, %i sequences, is never exceeded, and tells the rows", async (dtype, kept) => {
    for (const samplingRate of [0.4, 1]) {
      storage = memoryStorage();
      const tracker = await track({ dtype, sequences: kept, samplingRate });
      const { rows, bytes } = tracker.forecast({ epochs: 2, batches: 5, tokens: steps });
      await train(tracker, [0, 1], 5);
      const history = await openHistory(storage);
      expect(history.size.rows).toBe(rows);
      expect(bytesOnDisk()).toBeLessThanOrEqual(bytes);
      expect(bytesOnDisk()).toBeGreaterThan(bytes / 4); // the values of this model are small beside their rows
    }
  });
});

describe("a byte budget", () => {
  test("lowers the sampling rate until the run fits, and says so", async () => {
    const extent = { epochs: 3, batches: 10, tokens: steps };
    const all = (await track()).forecast(extent).bytes;
    storage = memoryStorage();
    const byteBudget = Math.round(all / 2);
    const tracker = await track({ byteBudget, run: extent });
    expect(tracker.samplingRate).toBeLessThan(1);
    expect(told).toEqual([expect.stringMatching(/the sampling rate is 0\.\d+, not 1, to keep the byte budget/)]);
    await train(tracker, [0, 1, 2], 10);
    expect(told).toHaveLength(1);
    expect(bytesOnDisk()).toBeLessThanOrEqual(byteBudget);
    expect(await tracker.getAvailableEpochs()).toEqual([0, 1, 2]);
  });

  test("is kept in any case: recording ends before it is exceeded, after a whole batch", async () => {
    for (const byteBudget of [60_000, 90_000, 200_000]) {
      storage = memoryStorage();
      told = [];
      const tracker = await track({ byteBudget });
      await train(tracker, [0, 1, 2], 20);
      expect(told).toEqual([expect.stringMatching(/byte budget is used up at epoch \d, batch \d+; nothing more/)]);
      expect(bytesOnDisk()).toBeLessThanOrEqual(byteBudget);
      expect(bytesOnDisk()).toBeGreaterThan(byteBudget / 4);
      const history = await openHistory(storage);
      const batches = history
        .getAvailableEpochs()
        .flatMap((epoch) => history.getAvailableBatches(epoch).map((batch) => [epoch, batch]));
      const tokensOf = batches.map(
        ([epoch, batch]) => history.getAvailableTokens(epoch as number, batch as number).length,
      );
      expect(new Set(tokensOf)).toEqual(new Set([steps]));
    }
  });
});

describe("sampling", () => {
  const anySampling = fc.record({
    rate: fc.double({ min: 0.001, max: 1, noNaN: true }),
    seed: fc.integer(),
    epochs: fc.constant(Number.POSITIVE_INFINITY),
    batches: fc.constant(Number.POSITIVE_INFINITY),
  });

  test("takes the wished share of every epoch but for one batch, evenly spaced", () => {
    fc.assert(
      fc.property(anySampling, fc.nat(50), fc.integer({ min: 1, max: 300 }), (sampling, epoch, batches) => {
        const taken = Array.from({ length: batches }, (_, batch) => batch).filter((b) => isSampled(sampling, epoch, b));
        expect(Math.abs(taken.length - batches * sampling.rate)).toBeLessThanOrEqual(1);
        const gaps = taken.slice(1).map((batch, i) => batch - (taken[i] as number));
        for (const gap of gaps) expect(Math.abs(gap - 1 / sampling.rate)).toBeLessThan(1 + 1e-6);
      }),
    );
  });

  test("counts what it takes", () => {
    fc.assert(
      fc.property(anySampling, fc.nat(5), fc.nat(40), (any, epochs, batches) => {
        const sampling = { ...any, epochs: 3, batches: 30 };
        let count = 0;
        for (let e = 0; e < epochs; e++) for (let b = 0; b < batches; b++) if (isSampled(sampling, e, b)) count++;
        expect(countSampled(sampling, epochs, batches)).toBe(count);
      }),
    );
  });

  test("takes everything at rate 1, and other batches for another seed", () => {
    const all = { epochs: Number.POSITIVE_INFINITY, batches: Number.POSITIVE_INFINITY };
    const taken = (rate: number, seed: number) =>
      Array.from({ length: 1000 }, (_, batch) => isSampled({ ...all, rate, seed }, 3, batch));
    expect(taken(1, 5)).toEqual(Array(1000).fill(true));
    expect(taken(0.01, 1)).toEqual(taken(0.01, 1));
    expect(taken(0.01, 1)).not.toEqual(taken(0.01, 2));
  });
});
