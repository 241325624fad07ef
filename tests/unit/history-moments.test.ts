import { beforeAll, describe, expect, test } from "vitest";
import { ntm } from "../../src/model/ntm.js";
import { run } from "../../src/model/run.js";
import { copyTask } from "../../src/tasks/copy.js";
import { useBackend } from "../../src/tensors/backend.js";
import { select } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, mapTensors, type Tensors } from "../../src/tensors/tensors.js";
import { toTensor } from "../../src/tensors/transfer.js";
import { type History, openHistory } from "../../src/tracker/history.js";
import { gradientNorms, spreadMoments, statesAt } from "../../src/tracker/moments.js";
import { parameterChange, parametersAt, valuesAt } from "../../src/tracker/parameters.js";
import { stateTracker } from "../../src/tracker/state-tracker.js";
import { sequenceLogits } from "../../src/training/sequence.js";
import { memoryStorage } from "../history-storage.js";

const model = ntm({
  ...{ inputs: 3, outputs: 2, slots: 5, word: 3, controller: "feedforward", units: 4 },
  ...{ readHeads: 1, writeHeads: 1, initialWeights: "learned" },
});
const task = copyTask(2);
/** The sequences of a batch; those of its second are shorter. */
const sequences = (epoch: number, batch: number) =>
  task.draw(random(10 * epoch + batch), batch === 1 ? 1 : 2, 2).inputs;

let history: History;
let parameters: Tensors[];

beforeAll(async () => {
  await useBackend("cpu");
  const first = model.parameters(1);
  parameters = [1, 2, 3, 4].map((times) => mapTensors(first, (tensor) => tensor.mul(times)));
  const storage = memoryStorage();
  const tracker = await stateTracker({ model, storage, samplingRate: 1, sequences: 2 });
  for (const [epoch, of] of parameters.entries()) {
    tracker.startEpoch(epoch);
    for (let batch = 0; batch < 2 + (epoch % 2); batch++) {
      await tracker.startBatch(batch);
      const inputs = toTensor(sequences(epoch, batch));
      sequenceLogits(model, of, inputs, tracker.hookAt).dispose();
      inputs.dispose();
      tracker.recordGradients(of);
      tracker.recordParameters(of);
    }
  }
  await tracker.saveStateHistory();
  history = await openHistory(storage);
  return () => {
    for (const tensors of [first, ...parameters]) disposeTensors(tensors);
  };
});

describe("moments of a history", () => {
  test("are spread evenly from the first epoch to the last, with as many batches of each", () => {
    expect(spreadMoments(history, { epochs: 2, batches: 2 })).toEqual({
      epochs: [0, 3],
      batches: [
        [0, 1],
        [0, 1],
      ],
    });
    expect(spreadMoments(history, { epochs: 9, batches: 1 }).epochs).toEqual([0, 1, 2, 3]);
    expect(spreadMoments(history, { epochs: 3, batches: 1 }).epochs).toEqual([0, 2, 3]);
    expect(spreadMoments(history, { epochs: 1, batches: 9 })).toEqual({ epochs: [3], batches: [[0, 1, 2]] });
    expect(spreadMoments(history, { epochs: 4, batches: 3 })).toMatchObject({ epochs: [1, 3] }); // others have two
    expect(() => spreadMoments(history, { epochs: 2, batches: 0 })).toThrow(
      'spreadMoments: "batches" is a whole number of at least 1; 0 was given.',
    );
  });

  test("hold every state as getState has it, and NaN after the end of a shorter sequence", async () => {
    const moments = spreadMoments(history, { epochs: 2, batches: 2 });
    const memory = await statesAt(history, moments, "memory", 1);
    expect(memory).toMatchObject({ axes: ["epoch", "batch", "step", "slot", "word"], shape: [2, 2, 5, 5, 3] });
    expect(memory.labels).toEqual({ epoch: ["0", "3"] });
    for (const [epoch, number] of moments.epochs.entries()) {
      for (const batch of [0, 1]) {
        const tokens = history.getAvailableTokens(number, batch);
        expect(tokens).toHaveLength(batch === 1 ? 3 : 5);
        for (const step of [0, 1, 2, 3, 4]) {
          const { data } = select(memory, { epoch, batch, step });
          if (!tokens.includes(step)) expect(data.every(Number.isNaN)).toBe(true);
          else expect(data).toEqual(select(await history.getState(number, batch, step, "memory"), { batch: 1 }).data);
        }
      }
    }
    await expect(statesAt(history, moments, "memries")).rejects.toThrow('This history has no state "memries"; it has');
  });

  test("have gradients whose norms, over the parts, are the norm of them all", async () => {
    const norms = await gradientNorms(history, spreadMoments(history, { epochs: 4, batches: 1 }));
    expect(norms.labels?.part).toContain("read.0");
    const first = Math.hypot(...select(norms, { epoch: 0, batch: 0 }).data);
    const all = await valuesAt(history, "gradient", { epoch: 0, batch: 0 });
    expect(first).toBeCloseTo(Math.hypot(...all.data), 4);
    for (const epoch of [1, 2, 3]) {
      const norm = Math.hypot(...select(norms, { epoch, batch: 0 }).data);
      expect(norm).toBeCloseTo((epoch + 1) * first, 3);
    }
  });
});

describe("the parameters in a history", () => {
  test("compute what those computed that were recorded", async () => {
    const again = await parametersAt(history, { epoch: 2, batch: 1 });
    const inputs = sequences(2, 1);
    expect(run(model, again, inputs).outputs).toEqual(run(model, parameters[2] as Tensors, inputs).outputs);
    disposeTensors(again);
  });

  test("change by their distance, as a share of their length", async () => {
    const change = await parameterChange(history, { epoch: 0, batch: 0 }, { epoch: 3, batch: 0 });
    for (const share of change.data) expect(share).toBeCloseTo(3, 5); // from θ to 4θ
    const none = await parameterChange(history, { epoch: 1, batch: 0 }, { epoch: 1, batch: 1 });
    expect(none.data).toHaveLength(0);
    await expect(parametersAt(history, { epoch: 7, batch: 0 })).rejects.toThrow("Epoch 7 was not recorded");
  });
});
