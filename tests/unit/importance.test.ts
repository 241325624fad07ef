import { describe, expect, test } from "vitest";
import { gradientImportance } from "../../src/analysis/importance.js";
import { edit } from "../../src/model/edits.js";
import { nsm } from "../../src/model/nsm.js";
import { prune } from "../../src/model/prune.js";
import { run } from "../../src/model/run.js";
import { recallTask } from "../../src/tasks/recall.js";
import { useBackend } from "../../src/tensors/backend.js";
import { namedArray } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, tensorOf } from "../../src/tensors/tensors.js";
import { lossAndGradients } from "../../src/training/sequence.js";
import { siteGradients } from "../../src/training/site-gradients.js";

await useBackend("cpu");

const task = recallTask();
const sizes = { tokens: 6, symbols: 24, outputs: 10, states: 3, features: 4, heads: 2, slots: 5, word: 4 };
const model = nsm({ ...sizes, gates: "gru", readHeads: 1, writeHeads: 1, pruned: [] });
const batch = task.draw(random(3), 3, 2);

describe("importance by gradient", () => {
  test("is the moving average of the mean norm of the gradient that each state receives", () => {
    // Two steps, two sequences, one state of two features: norms 5 and 0, then 13 and 1.
    const gradients = namedArray("g", ["step", "batch", "state", "feature"], [2, 2, 1, 2], [3, 4, 0, 0, 5, 12, 0, 1]);
    const [importance] = gradientImportance(gradients, 0.75).data;
    expect(importance).toBeCloseTo(0.75 * 0.25 * 2.5 + 0.25 * 7, 6);
    expect(gradientImportance(gradients).axes).toEqual(["state"]);
  });

  test("refuses other axes, and a decay that forgets nothing", () => {
    expect(() => gradientImportance([[1, 2]])).toThrow("needs at least 4 axes");
    expect(() => gradientImportance([[[[1]]]], 1)).toThrow("decay is 0 or more, below 1; 1 was given");
  });
});

describe("gradients at a site", () => {
  test("the logits' are those that the output's bias receives, summed over steps and sequences", () => {
    const parameters = model.parameters(1);
    const at = siteGradients(model, parameters, batch, "logits");
    expect(at.axes).toEqual(["step", "batch", "output"]);
    const { gradients } = lossAndGradients(model, parameters, batch);
    const bias = tensorOf(gradients, "output.bias").dataSync();
    for (let output = 0; output < 10; output++) {
      const sum = at.data.reduce((total, value, i) => (i % 10 === output ? total + value : total), 0);
      expect(sum).toBeCloseTo(bias[output] as number, 6);
    }
    disposeTensors(gradients);
    disposeTensors(parameters);
  });

  test("are finite at every site, and 0 for what the last step writes", () => {
    for (const gates of ["gru", "lstm"] as const) {
      const machine = nsm({ ...sizes, gates, readHeads: 1, writeHeads: 1, pruned: [] });
      const parameters = machine.parameters(1);
      for (const { name } of machine.sites) {
        const { data } = siteGradients(machine, parameters, batch, name);
        expect(data.every(Number.isFinite), name).toBe(true);
        if (name === "memory") expect(data.slice((data.length / 3) * 2).every((value) => value === 0)).toBe(true);
        if (name === "states") expect(data.some((value) => value !== 0)).toBe(true);
      }
      disposeTensors(parameters);
    }
  });

  test("say how the loss changes when the value there is changed a little", () => {
    const parameters = model.parameters(1);
    const { data, shape } = siteGradients(model, parameters, batch, "states");
    const [steps, sequences, states, features] = shape as [number, number, number, number];
    const lossWith = (change: number): number => {
      const edits = [edit("states", { step: 1, batch: 1, state: 2, feature: 3 }).add(change)];
      const { outputs } = run(model, parameters, batch.inputs, { edits });
      const answers = batch.mask.data.reduce((sum, one) => sum + one, 0);
      return outputs.data.reduce((sum, p, i) => sum - (batch.targets.data[i] as number) * Math.log(p), 0) / answers;
    };
    const index = ((1 * sequences + 1) * states + 2) * features + 3;
    expect(steps).toBe(3);
    expect(data[index]).toBeCloseTo((lossWith(0.02) - lossWith(-0.02)) / 0.04, 4);
    disposeTensors(parameters);
  });

  test("of an unknown site are refused with the names there are", () => {
    const parameters = model.parameters(1);
    expect(() => siteGradients(model, parameters, batch, "state")).toThrow(
      /has no site "state" \(did you mean states?\?\); its sites are input,/,
    );
    expect(() => siteGradients(model, parameters, batch, "gates.*")).toThrow(/has no site "gates.\*"/);
    disposeTensors(parameters);
  });
});

describe("pruning", () => {
  const parameters = model.parameters(2);
  const checkpoint = { model, parameters, metadata: {} };

  test("closes the states below the threshold, keeps those pruned before, and shares the parameters", () => {
    const once = prune(checkpoint, [0.9, 0.1, 0.8], 0.5);
    expect(once.model.metadata.pruned).toBe("1");
    expect(once.parameters).toBe(parameters);
    const twice = prune(once, [0.2, 1, 1], 0.5);
    expect(twice.model.metadata.pruned).toBe("0,1");
    const { trace } = run(twice.model, parameters, batch.inputs, { record: ["routing.weights", "importance"] });
    const rows = Array.from(trace["routing.weights"]?.data ?? []);
    expect(rows.filter((_, i) => i % 3 < 2).every((weight) => weight === 0)).toBe(true);
    expect(rows.filter((_, i) => i % 3 === 2).every((weight) => weight === 1)).toBe(true);
    expect([...(trace.importance?.data ?? [])].slice(0, 2)).toEqual([0, 0]);
  });

  test("changes nothing when every state is important enough", () => {
    expect(prune(checkpoint, [0.5, 0.6, 0.7], 0.5)).toBe(checkpoint);
  });

  test("refuses to leave no state, scores of another number, NaN and other models", () => {
    expect(() => prune(checkpoint, [0.1, 0.2, 0.3], 0.5)).toThrow("every importance is below 0.5; the largest is 0.3");
    expect(() => prune(checkpoint, [1, 1], 0.5)).toThrow("a number for each of 3 states");
    expect(() => prune(checkpoint, [1, Number.NaN, 1], 0.5)).toThrow("a number for each of 3 states");
    const other = { ...checkpoint, model: { ...model, name: "ntm" } };
    expect(() => prune(other, [1, 1, 1], 0.5)).toThrow('prune takes a Neural State Machine ("nsm"); "ntm" was given');
  });
});
