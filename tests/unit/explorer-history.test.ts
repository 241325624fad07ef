import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gatheredStorage } from "../../src/explorer/gathered-storage.js";
import { historyReader } from "../../src/explorer/history-reader.js";
import { tokenNames } from "../../src/explorer/history-tokens.js";
import { lookingSites, memorySite, withSources } from "../../src/explorer/looking-sites.js";
import { misfitOf } from "../../src/explorer/misfit.js";
import { processOf } from "../../src/explorer/process-steps.js";
import { principalSite, shownSites, siteChosen } from "../../src/explorer/shown-sites.js";
import { firstView } from "../../src/explorer/view.js";
import type { Model } from "../../src/model/model.js";
import { nsm } from "../../src/model/nsm.js";
import { ntm, paperCopy } from "../../src/model/ntm.js";
import { ttm } from "../../src/model/ttm.js";
import { multiplicationBatch } from "../../src/tasks/multiplication.js";
import { recallBatch } from "../../src/tasks/recall.js";
import { type NamedArray, namedArray } from "../../src/tensors/named-array.js";
import type { History } from "../../src/tracker/history.js";

const sizes = { tokens: 1, symbols: 13, outputs: 10, features: 8, slots: 3, read: 2, layers: 2, heads: 2, hidden: 8 };
const turing = (write: "summarise" | "erase-add" | "concatenate" | "none") =>
  ttm({ ...sizes, summariser: "mlp", write });
const stateMachine = (gates: "gru" | "lstm") =>
  nsm({
    ...{ tokens: 2, symbols: 5, outputs: 3, states: 3, features: 4, heads: 2, gates, pruned: [] },
    ...{ slots: 4, word: 3, readHeads: 2, writeHeads: 1 },
  });
const models: readonly Model[] = [
  ...(["summarise", "erase-add", "concatenate", "none"] as const).map(turing),
  ...(["gru", "lstm"] as const).map(stateMachine),
  ntm(paperCopy),
];
const namesOf = ({ sites }: Model) => sites.map(({ name }) => name);

describe("The process flow", () => {
  test.each(models)("puts every site of a model into one step, and no two steps into one place ($name)", (model) => {
    const { steps, arrows } = processOf(model.name, namesOf(model));
    expect(steps.flatMap(({ sites }) => sites).sort()).toEqual([...namesOf(model)].sort());
    expect(new Set(steps.map(({ column, row }) => `${column} ${row}`)).size).toBe(steps.length);
    const names = steps.map(({ name }) => name);
    for (const pair of arrows) expect(names).toEqual(expect.arrayContaining([...pair]));
    expect(steps.some(({ name }) => name === "memory")).toBe(true);
  });

  test("is a chain of the sites of a model that is not known", () => {
    const { steps, arrows } = processOf("other", ["a.x", "a.y", "b", "c.0.z", "c.1.z"]);
    expect(steps.map(({ name, sites }) => [name, sites.length])).toEqual([
      ["a", 2],
      ["b", 1],
      ["c.0", 1],
      ["c.1", 1],
    ]);
    expect(arrows).toEqual([
      ["a", "b"],
      ["b", "c.0"],
      ["c.0", "c.1"],
    ]);
    expect(processOf("ttm", ["input", "of.another.ttm"]).steps.map(({ name }) => name)).toEqual(["input", "of"]);
  });
});

describe("What is shown where", () => {
  const states = (model: Model) => model.sites.map((site) => ({ kind: "state" as const, ...site }));

  test.each(models)("each state can be shown, in a tab or beside the numbers ($name)", (model) => {
    const all = states(model);
    const places = lookingSites(all);
    for (const { name } of all) {
      const shown = shownSites({ ...firstView, ...siteChosen(name, all, places) }, all, places);
      expect([shown.tab, shown.beside]).toContain(name);
      expect(shown.site).toBe(name);
    }
  });

  test("memory is the first thing seen, and attention of layers comes before reading and writing", () => {
    const all = states(turing("summarise"));
    expect(shownSites(firstView, all, lookingSites(all))).toEqual({ tab: "memory", site: "memory" });
    expect(lookingSites(all)).toEqual([
      { site: "layers.0.attention", label: "layer 0", heads: 2 },
      { site: "layers.1.attention", label: "layer 1", heads: 2 },
      { site: "read.weights", label: "read", heads: 0 },
      { site: "write.weights", label: "write", heads: 0 },
    ]);
    expect(lookingSites(states(ntm(paperCopy))).map(({ label }) => label)).toEqual(["read head 0", "write head 0"]);
    expect(memorySite([{ name: "cells", axes: ["slot", "word"], shape: [2, 3] }])).toBe("cells");
    expect(memorySite([])).toBeUndefined();
  });

  test("a step of the process shows where it looks first, then its other sites in turn", () => {
    const sites = ["layers.0.attention", "layers.0.output"];
    expect(principalSite(sites, "memory")).toBe("layers.0.attention");
    expect(principalSite(sites, "layers.0.attention")).toBe("layers.0.output");
    expect(principalSite(sites, "layers.0.output")).toBe("layers.0.attention");
  });

  test("sources are called slots, outputs and input", () => {
    const zeros = (count: number) => namedArray("w", ["slot", "source"], [1, count], new Float32Array(count));
    const labels = (count: number) => withSources(zeros(count), 2, 3).labels?.source;
    expect(labels(3)).toEqual(["slot 0", "slot 1", "input"]);
    expect(labels(7)).toEqual(["slot 0", "slot 1", "output 0", "output 1", "output 2", "input 0", "input 1"]);
  });
});

describe("The names of tokens", () => {
  const recorded = (inputs: NamedArray, tokens: number): NamedArray => {
    const [steps, batch, width] = inputs.shape as [number, number, number];
    return namedArray(
      "input",
      ["step", "batch", "token", "symbol"],
      [steps, batch, tokens, width / tokens],
      inputs.data,
    );
  };
  const logitsFor = (digits: readonly number[]): NamedArray => {
    const data = digits.flatMap((digit) => Array.from({ length: 10 }, (_, output) => (output === digit ? 1 : -1)));
    return namedArray("logits", ["step", "batch", "output"], [digits.length, 1, 10], data);
  };

  test("of multiplication are its symbols, and at each place of the answer what was said and what is right", () => {
    const input = recorded(multiplicationBatch([[27, 4]], [2, 1]).inputs, 1);
    const names = tokenNames([0, 1, 2, 3, 4, 5, 6, 7], 0, input, logitsFor([0, 0, 0, 0, 0, 8, 5, 1]));
    expect(names.map(({ shown }) => shown).join("")).toBe("72×4=···");
    expect(names.slice(4)).toEqual([
      { shown: "=" },
      { shown: "·", said: "8", right: "8" },
      { shown: "·", said: "5", right: "0" },
      { shown: "·", said: "1", right: "1" },
    ]);
  });

  test("of recall are its sentences", () => {
    const input = recorded(recallBatch([["put 7 in the red box", "what is in it"]]).inputs, 6);
    expect(tokenNames([0, 1], 0, input, logitsFor([0, 7]))).toEqual([
      { shown: "put 7 in the red box" },
      { shown: "what is in it", said: "7", right: "7" },
    ]);
  });

  test("of anything else are their numbers, also of a sequence that was cut short before it asks", () => {
    const bits = namedArray("input", ["step", "batch", "input"], [2, 1, 3], new Float32Array(6));
    expect(tokenNames([0, 1], 0, bits)).toEqual([{ shown: "0" }, { shown: "1" }]);
    expect(tokenNames([4, 5], 0)).toEqual([{ shown: "4" }, { shown: "5" }]);
    const { inputs } = multiplicationBatch([[2, 4]], [1, 1]);
    const cut = recorded(namedArray("inputs", inputs.axes, [2, 1, 13], inputs.data.slice(0, 26)), 1);
    expect(tokenNames([0, 1], 0, cut)).toEqual([{ shown: "2" }, { shown: "×" }]);
  });
});

describe("The reader of a history", () => {
  const reads: string[] = [];
  let broken = false;
  const history = {
    getSeries: async (epoch: number, batch: number, site: string) => {
      reads.push(`${epoch} ${batch} ${site}`);
      if (broken) throw new Error("gone");
      return namedArray(site, ["step"], [256], new Float32Array(256)); // 1 KiB
    },
  } as unknown as History;

  test("reads a series once, and forgets what was used longest ago beyond its bytes", async () => {
    const reader = historyReader(history, 2048);
    const read = (batch: number) => reader.series(0, batch, "memory");
    for (const batch of [1, 2, 1, 3, 1, 2]) await read(batch);
    expect(reads).toEqual(["0 1 memory", "0 2 memory", "0 3 memory", "0 2 memory"]);
    const [one, same] = await Promise.all([read(9), read(9)]);
    expect(one).toBe(same);
    expect(reads).toHaveLength(5);
  });

  test("keeps no failure", async () => {
    const reader = historyReader(history);
    broken = true;
    await expect(reader.series(0, 1, "memory")).rejects.toThrow("gone");
    broken = false;
    await expect(reader.series(0, 1, "memory")).resolves.toMatchObject({ shape: [256] });
  });
});

describe("Stretches of a history that are asked for at the same time", () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
  const opened = () => {
    const reads: (readonly [file: string, start: number, end: number])[] = [];
    const storage = gatheredStorage({
      name: "a",
      async read(file, start = 0, end = bytes.length) {
        if (file === "none") return undefined;
        if (file === "fails") throw new Error("no answer");
        reads.push([file, start, end]);
        return bytes.subarray(start, end);
      },
    });
    return { storage, reads };
  };

  test("are each what was asked for, and little more is read", async () => {
    const wish = fc.record({
      file: fc.constantFrom("a", "b"),
      start: fc.nat(bytes.length - 1),
      length: fc.integer({ min: 1, max: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { minLength: 1, maxLength: 12 }), async (wishes) => {
        const { storage, reads } = opened();
        const given = await Promise.all(
          wishes.map(({ file, start, length }) => storage.read(file, start, start + length)),
        );
        wishes.forEach(({ start, length }, at) => {
          expect(given[at]).toEqual(bytes.subarray(start, start + length));
        });
        expect(reads.length).toBeLessThanOrEqual(wishes.length);
        const asked = wishes.reduce((sum, { length }) => sum + length, 0);
        const read = reads.reduce((sum, [, start, end]) => sum + end - start, 0);
        expect(read).toBeLessThanOrEqual(asked + 32 * 1024 * (wishes.length - reads.length));
      }),
      { numRuns: 20 },
    );
  });

  test("that lie near each other are one reading; a file that is missing or fails does so for its own readers alone", async () => {
    const { storage, reads } = opened();
    const all = [0, 1, 2, 3].map((row) => storage.read("a", row * 1000, row * 1000 + 900));
    const [missing, failing] = [storage.read("none", 0, 5), storage.read("fails", 0, 5)];
    await expect(failing).rejects.toThrow("no answer");
    expect(await missing).toBeUndefined();
    expect((await Promise.all(all)).map((one) => one?.length)).toEqual([900, 900, 900, 900]);
    expect(reads).toEqual([["a", 0, 3900]]);
    expect((await storage.read("a"))?.length).toBe(bytes.length);
  });
});

test("a history and a checkpoint of other models or sizes do not fit together, which is said with what differs", () => {
  const ofHistory = (model: Model) => ({
    model: { name: model.name, metadata: model.metadata },
    sites: Object.entries(model.shapes).map(([name, shape]) => {
      return { kind: "parameter" as const, name, axes: shape.map((_, axis) => `axis ${axis}`), shape, about: "" };
    }),
  });
  const [one, wider] = [turing("summarise"), ttm({ ...sizes, slots: 4, summariser: "mlp", write: "summarise" })];
  const checkpoint = (model: Model) => ({ model, metadata: model.metadata });
  expect(misfitOf(undefined, checkpoint(one))).toBeUndefined();
  expect(misfitOf(ofHistory(one), checkpoint(one))).toBeUndefined();
  expect(misfitOf(ofHistory(one), checkpoint(ntm(paperCopy)))).toMatch(
    /its "model" is "ntm", the history's is "ttm"\.$/,
  );
  expect(misfitOf(ofHistory(one), checkpoint(wider))).toMatch(
    /do not fit this checkpoint, which is of another model: its "/,
  );
});
