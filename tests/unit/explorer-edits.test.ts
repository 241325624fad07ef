import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editsForAddress, editsFromAddress } from "../../src/explorer/edit-address.js";
import { notebookCode } from "../../src/explorer/edit-code.js";
import { cellColours } from "../../src/explorer/edit-colours.js";
import { afterEdit, type EditAction, type EditLog, noEdits } from "../../src/explorer/edit-log.js";
import { groupOf } from "../../src/explorer/edit-targets.js";
import { changesAt, shortest } from "../../src/explorer/edit-values.js";
import { changeByStep, outputsCompared, siteCompared } from "../../src/explorer/experiment-figures.js";
import { editsFromJson, editsToJson } from "../../src/model/edit-file.js";
import { type Edit, edit, editParameter } from "../../src/model/edits.js";
import { type NamedArray, namedArray } from "../../src/tensors/named-array.js";
import { seed, times } from "../repeat.mjs";

const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    site: fc.constantFrom("memory", "read.0.weights"),
    step: fc.integer({ min: 0, max: 2 }),
    index: fc.record({ slot: fc.integer({ min: 0, max: 2 }) }),
    operation: fc.constantFrom("set", "add", "scale"),
    value: fc.integer({ min: -3, max: 3 }),
  }),
  fc.record({
    parameter: fc.constantFrom("output.bias", "memory.init"),
    index: fc.record({ "axis 0": fc.integer({ min: 0, max: 2 }) }),
    operation: fc.constantFrom("set", "add", "scale"),
    value: fc.integer({ min: -3, max: 3 }),
  }),
);
const anyAction: fc.Arbitrary<EditAction> = fc.oneof(
  fc.record({ type: fc.constant("add" as const), edits: fc.array(anyEdit, { minLength: 1, maxLength: 3 }) }),
  fc.record({ type: fc.constant("remove" as const), index: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ type: fc.constant("replace" as const), edits: fc.array(anyEdit, { maxLength: 3 }) }),
);
const logAfter = (actions: readonly EditAction[]): EditLog => actions.reduce(afterEdit, noEdits);

describe("the log of edits", () => {
  test("undo brings back every list in turn, and redo goes the same way again", () => {
    fc.assert(
      fc.property(fc.array(anyAction, { maxLength: 12 }), (actions) => {
        const lists: (readonly Edit[])[] = [[]];
        let log = noEdits;
        for (const action of actions) {
          const next = afterEdit(log, action);
          if (next !== log) lists.push(next.edits);
          log = next;
        }
        for (const list of [...lists].reverse().slice(1)) {
          log = afterEdit(log, { type: "undo" });
          expect(log.edits).toEqual(list);
        }
        expect(afterEdit(log, { type: "undo" })).toBe(log);
        for (const list of lists.slice(1)) {
          log = afterEdit(log, { type: "redo" });
          expect(log.edits).toEqual(list);
        }
        expect(afterEdit(log, { type: "redo" })).toBe(log);
      }),
    );
  });

  test("a new edit after undo leaves nothing to redo", () => {
    const [one, other] = [edit("memory", { step: 0 }).set(1), edit("memory", { step: 1 }).set(2)];
    const log = logAfter([{ type: "add", edits: [one] }, { type: "undo" }, { type: "add", edits: [other] }]);
    expect(log).toEqual({ edits: [other], past: [[]], future: [] });
  });

  test("a stroke of the brush is undone at once", () => {
    const cell = (slot: number) => edit("memory", { step: 0, slot }).set(0);
    const log = logAfter([
      { type: "add", edits: [cell(0)] },
      { type: "add", edits: [cell(1)], continues: true },
      { type: "add", edits: [cell(2)], continues: true },
    ]);
    expect(log.edits).toEqual([cell(0), cell(1), cell(2)]);
    expect(afterEdit(log, { type: "undo" }).edits).toEqual([]);
  });

  test("setting the very same place again replaces what was done to it, in whatever order its index names the axes", () => {
    const first: Edit = { site: "memory", step: 1, index: { slot: 1, word: 2 }, operation: "scale", value: 2 };
    const elsewhere = edit("memory", { step: 1, slot: 1 }).add(1);
    const second: Edit = { site: "memory", step: 1, index: { word: 2, slot: 1 }, operation: "set", value: 3 };
    expect(logAfter([{ type: "add", edits: [first, elsewhere, second] }]).edits).toEqual([elsewhere, second]);
    expect(logAfter([{ type: "add", edits: [second, first] }]).edits).toEqual([second, first]);
    const shared = edit("read.0.weights", { step: 1, slot: 1 }, { renormalise: "slot" }).set(0.5); // changed other slots too
    const later = edit("read.0.weights", { step: 1, slot: 1 }).set(0.25);
    expect(logAfter([{ type: "add", edits: [shared, later] }]).edits).toEqual([shared, later]);
  });
});

test("edits go to JSON and back unchanged, one a line, and a file of something else is refused", () => {
  fc.assert(
    fc.property(fc.array(anyEdit, { maxLength: 5 }), (edits) => {
      const text = editsToJson(edits);
      expect(editsFromJson(text)).toEqual(edits);
      expect(text.trim().split("\n")).toHaveLength(edits.length === 0 ? 1 : edits.length + 2);
    }),
  );
  expect(() => editsFromJson("edit(…)")).toThrow("This file holds no edits: it is no JSON");
  expect(() => editsFromJson('{ "site": "memory" }')).toThrow("This file holds no edits: a list such as");
});

test("an address holds edits as they are, none of those that are too long, and says what it cannot read", () => {
  fc.assert(
    fc.property(fc.array(anyEdit, { maxLength: 5 }), (edits) => {
      expect(editsFromAddress(editsForAddress(edits) as string)).toEqual(edits);
    }),
  );
  expect(editsForAddress([])).toBe("");
  const many = Array.from({ length: 200 }, (_, slot) => edit("memory", { step: 3, slot }).set(0));
  expect(editsForAddress(many)).toBeUndefined();
  expect(() => editsFromAddress(JSON.stringify(many).slice(0, 500))).toThrow("Its end was cut off");
  expect(() => editsFromAddress("7")).toThrow("It holds no list of edits.");
});

describe("values of edits", () => {
  test("the shortest decimal of a 32-bit number is that number", { tags: ["draws"] }, () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.fround(shortest(value))).toBe(value + 0); // JSON has no −0
      }),
      { numRuns: times("draws"), seed },
    );
    expect(shortest(Math.fround(0.1))).toBe(0.1);
  });

  test("an edit is made of a target", () => {
    const site = { site: "memory", step: 2, index: { slot: 1 } };
    const parameter = { parameter: "output.bias", index: { "axis 0": 3 } };
    expect(changesAt(site).set(4)).toEqual({ ...site, operation: "set", value: 4 });
    expect(changesAt(site, "slot").scale(2)).toEqual({ ...site, operation: "scale", value: 2, renormalise: "slot" });
    expect(changesAt(parameter).add(1)).toEqual({ ...parameter, operation: "add", value: 1 });
  });
});

test("notebook code makes the same edits by the functions of the library", () => {
  const edits = [
    edit("read.0.weights", { step: 3, slot: 5 }).set([0.5, -1]),
    edit("memory", { step: 2 }).scale(0),
    editParameter("output.bias", { "axis 0": 7 }).add(2),
    editParameter("output.weight").scale(0.5),
    editParameter("output.weight", {}, { model: "ntm" }).noise({ seed: 3, scale: 0.5 }),
    edit("read.0.weights", { step: 3, slot: 5 }, { renormalise: "slot", model: "ntm" }).clamp(-0.5, 1e-9),
    edit("memory", { step: 2, slot: 1 }).set({ shape: [2], float32: "AACAPwAAAEA=" }),
  ];
  const code = notebookCode("my ntm.safetensors", { code: ["copyBatch", "[[[1,0]]]"] }, edits);
  expect(code).toMatch(
    /^import { compareHeatmaps, copyBatch, edit, editParameter, loadCheckpoint, run, select, show, useBackend } from "tapescope";/,
  );
  expect(code).toContain(
    'await loadCheckpoint("../data/my ntm.safetensors");\nconst { inputs } = copyBatch([[[1,0]]]);',
  );
  const made = /const edits = \[[\s\S]*?\n\];/.exec(code)?.[0].replace("const edits =", "return") as string;
  expect(new Function("edit", "editParameter", made)(edit, editParameter)).toEqual(edits);
  expect(notebookCode("a", { code: ["toNamedArray", "[[[1]]]"] }, [])).toContain(
    "const inputs = toNamedArray([[[1]]]);",
  );
});

test("sites fall into the groups that readers look for, in every model", () => {
  const groups = {
    memory: ["memory", "memory.before"],
    attention: ["layers.0.attention", "tokens.attention", "state.attention"],
    routing: ["routing.weights"],
    "read weights": ["read.weights", "read.0.weights"],
    "write weights": ["write.weights", "write.1.weights"],
    "other sites": ["importance.attention", "read.0.content", "logits", "routed", "read.tokens"],
  };
  for (const [group, names] of Object.entries(groups)) {
    expect(names.map((name) => groupOf({ name }))).toEqual(names.map(() => group));
  }
});

describe("pictures of an experiment", () => {
  test("colours are symmetric around zero where there are values below it, else from zero; NaN has none", () => {
    const signed = cellColours([namedArray("a", ["x"], [2], [-1, 3])]);
    expect([signed.low, signed.high]).toEqual([-3, 3]);
    expect(signed.of(0)).toEqual([232, 232, 232, 255]);
    expect(signed.of(-3)).toEqual([5, 48, 97, 255]);
    expect(signed.of(Number.NaN)[3]).toBe(0);
    const weights = cellColours([namedArray("a", ["x"], [2], [0, 0.5])]);
    expect([weights.low, weights.high]).toEqual([0, 0.5]);
    expect([weights.of(0), weights.of(0.5)]).toEqual([
      [68, 1, 84, 255],
      [253, 231, 37, 255],
    ]);
  });

  test("the change at every step is its largest difference; equal infinities are no change, new NaN an infinite one", () => {
    const array = (data: number[]) => namedArray("outputs", ["step", "batch", "output"], [3, 1, 2], data);
    const before = array([1, 2, Number.POSITIVE_INFINITY, 4, 5, 6]);
    expect(changeByStep(before, before)).toEqual([0, 0, 0]);
    const changed = array([1, 2.5, Number.POSITIVE_INFINITY, 3, 5, Number.NaN]);
    expect(changeByStep(before, changed)).toEqual([0.5, 1, Number.POSITIVE_INFINITY]);
  });

  test("comparisons hold the numbers of both runs and their difference, tokens from left to right", () => {
    const outputs = (data: number[]) => namedArray("outputs", ["step", "batch", "output"], [3, 1, 2], data);
    const heads = (data: number[]) => namedArray("a", ["step", "batch", "head", "query", "key"], [1, 1, 2, 1, 2], data);
    const runOf = (given: NamedArray, a: NamedArray) => ({ outputs: given, logits: given, trace: { a }, state: {} });
    const runs = [
      runOf(outputs([1, 2, 3, 4, 5, 6]), heads([1, 2, 3, 4])),
      runOf(outputs([1, 2, 3, 4, 5, 9]), heads([1, 2, 3, 8])),
    ] as const;
    const numbers = (figure: { data: readonly Record<string, unknown>[] }) =>
      figure.data.map(({ z }) => [
        ...new Float32Array(Uint8Array.from(atob((z as { bdata: string }).bdata), (c) => c.charCodeAt(0)).buffer),
      ]);
    expect(numbers(outputsCompared(...runs, ["a", "b", "c"]))).toEqual([
      [1, 3, 5, 2, 4, 6],
      [1, 3, 5, 2, 4, 9],
      [0, 0, 0, 0, 0, 3],
    ]);
    const look = { step: 0, head: 1, tokens: ["a"] };
    expect(numbers(siteCompared(...runs, "a", look))).toEqual([
      [3, 4],
      [3, 8],
      [0, 4],
    ]);
  });
});
