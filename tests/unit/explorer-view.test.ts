import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { momentOf, nearest, stepped } from "../../src/explorer/history-moment.js";
import { firstView, hashFromView, modeFor, type View, viewFromHash } from "../../src/explorer/view.js";
import type { ReadableStorage } from "../../src/tracker/storage.js";

const anyView: fc.Arbitrary<View> = fc.record({
  mode: fc.constantFrom("history", "inference", "experiment"),
  epoch: fc.integer({ min: -1, max: 1e6 }),
  batch: fc.integer({ min: -1, max: 1e6 }),
  token: fc.integer({ min: -1, max: 1e4 }),
  sequence: fc.nat(64),
  tab: fc.constantFrom("memory", "attention", "parameters"),
  site: fc.string(),
  layer: fc.nat(20),
  head: fc.nat(20),
  slot: fc.integer({ min: -1, max: 1000 }),
  parameter: fc.string(),
  checkpoint: fc.string(),
  input: fc.string({ unit: "grapheme" }),
  target: fc.string({ unit: "grapheme" }),
  edits: fc.string({ unit: "grapheme" }),
}) as fc.Arbitrary<View>;

test("A page is in a mode that has something to show", () => {
  const history = { name: "h" } as ReadableStorage;
  const checkpoint = { name: "c", load: async () => new Uint8Array() };
  const both = { history, checkpoints: [checkpoint], live: true };
  const machine = { checkpoints: [checkpoint], live: true };
  const training = { history, checkpoints: [], live: true };
  for (const mode of ["history", "inference", "experiment"] as const) expect(modeFor(mode, both)).toBe(mode);
  expect(["history", "inference", "experiment"].map((mode) => modeFor(mode as View["mode"], machine))).toEqual([
    "inference",
    "inference",
    "experiment",
  ]);
  expect(modeFor("inference", training)).toBe("history");
  expect(modeFor("experiment", training)).toBe("history");
  expect(modeFor("history", { checkpoints: [], live: true })).toBe("inference"); // which takes the reader's own files
});

describe("A view in the address", () => {
  test("comes back as it was, with its other fields as at first", () => {
    fc.assert(
      fc.property(anyView, (view) => {
        expect(viewFromHash(`#${hashFromView({ ...firstView, ...view })}`)).toEqual({ ...firstView, ...view });
      }),
    );
  });

  test("holds only what is not as at first", () => {
    expect(hashFromView(firstView)).toBe("");
    expect(hashFromView({ ...firstView, epoch: 3, tab: "attention" })).toBe("epoch=3&tab=attention");
  });

  test("passes over what is unknown in it or of another kind", () => {
    const hash = "#epoch=1e3&batch=2.5&token=99999999999999999999&head=-7&mode=other&tab=<b>&toString=1&slot=4";
    expect(viewFromHash(hash)).toEqual({ ...firstView, head: -1, slot: 4 });
    fc.assert(fc.property(fc.string(), (text) => void viewFromHash(text)));
  });
});

describe("The recorded moment that a view means", () => {
  const tokens = new Map([
    ["2 10", [0, 1, 2]],
    ["2 40", [0, 1, 2, 3, 4]],
    ["5 7", [0, 1]],
  ]);
  const history = {
    getAvailableEpochs: () => [2, 5],
    getAvailableBatches: (epoch: number) => (epoch === 2 ? [10, 40] : [7]),
    getAvailableTokens: (epoch: number, batch: number) => tokens.get(`${epoch} ${batch}`) ?? [],
  };
  const at = (epoch: number, batch: number, token: number) => momentOf(history, { epoch, batch, token });

  test("is the newest epoch's first without a choice, and none before anything was recorded", () => {
    expect(at(-1, -1, -1)).toMatchObject({ epoch: 5, batch: 7, token: 0, tokens: [0, 1] });
    expect(momentOf({ ...history, getAvailableEpochs: () => [] }, firstView)).toBeUndefined();
  });

  test("is the nearest one where a link names what is not there", () => {
    expect(at(0, 99, 99)).toMatchObject({ epoch: 2, batch: 40, token: 4, epochs: [2, 5], batches: [10, 40] });
    expect(nearest([1, 4, 9], 6)).toBe(4);
  });

  test("moves along each axis, and stays at the ends", () => {
    const moment = at(2, 40, 3);
    if (!moment) throw new Error("there is a moment");
    expect(stepped(moment, "token", 1)).toEqual({ epoch: 2, batch: 40, token: 4 });
    expect(stepped(moment, "token", 9)).toEqual({ epoch: 2, batch: 40, token: 4 });
    expect(stepped(moment, "batch", -1)).toEqual({ epoch: 2, batch: 10, token: 3 });
    expect(stepped(moment, "epoch", 1)).toMatchObject({ epoch: 5 });
    expect(stepped(moment, "epoch", -1)).toMatchObject({ epoch: 2 });
  });
});
