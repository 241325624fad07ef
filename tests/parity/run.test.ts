import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Edit, edit } from "../../src/model/edits.js";
import type { Model } from "../../src/model/model.js";
import { nsm } from "../../src/model/nsm.js";
import { type NtmConfig, ntm } from "../../src/model/ntm.js";
import { type Run, run, runRefusal } from "../../src/model/run.js";
import { type TtmConfig, ttm } from "../../src/model/ttm.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, sizeOf } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { readSafetensors } from "../../src/tensors/safetensors.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { verify } from "../../src/training/verify.js";
import { backendsHere } from "../backends.js";

const ntmOf = (changed: Partial<NtmConfig>) =>
  ntm({
    ...{ inputs: 4, outputs: 3, slots: 7, word: 5, controller: "lstm", units: 6, readHeads: 1, writeHeads: 1 },
    initialWeights: "learned",
    ...changed,
  });
const nsmOf = (gates: "gru" | "lstm", pruned: readonly number[]) =>
  nsm({
    ...{ tokens: 3, symbols: 4, outputs: 5, states: 4, features: 6, heads: 2, gates, slots: 5, word: 3, pruned },
    ...{ readHeads: 2, writeHeads: 1 },
  });
const ttmOf = (changed: Partial<TtmConfig>) =>
  ttm({
    ...{ tokens: 2, symbols: 5, outputs: 4, features: 8, slots: 6, read: 3, layers: 2, heads: 2, hidden: 12 },
    ...{ summariser: "mlp", write: "summarise" },
    ...changed,
  });
const summarisers = ["mlp", "query", "pooling"] as const;
const writes = ["summarise", "erase-add", "concatenate", "none"] as const;
const machines: { name: string; model: Model }[] = [
  { name: "NTM with an LSTM", model: ntmOf({}) },
  {
    name: "NTM, feed-forward, two heads each",
    model: ntmOf({ controller: "feedforward", readHeads: 2, writeHeads: 2 }),
  },
  { name: "NTM whose heads begin nowhere", model: ntmOf({ initialWeights: "zero" }) },
  { name: "NSM with GRU gates", model: nsmOf("gru", []) },
  { name: "NSM with LSTM gates, one state pruned", model: nsmOf("lstm", [2]) },
  ...summarisers.flatMap((summariser) =>
    writes.map((write) => ({ name: `TTM, ${summariser}, ${write}`, model: ttmOf({ summariser, write }) })),
  ),
];
const backends = backendsHere.filter((name) => name !== "wasm");

const steps = 4;
const inputsFor = (model: Model, batch: number): NamedArray => {
  const source = random(7);
  const shape = [steps, batch, model.inputs];
  const numbers = Float32Array.from({ length: sizeOf(shape) }, () => source.normal());
  return namedArray("inputs", ["step", "batch", "input"], shape, numbers);
};

/** Edits at any sites and steps, of all, of one sequence, or of one number; several may meet in one place. Weights stay positive. */
const anyEdits = (model: Model, batch: number): fc.Arbitrary<Edit[]> =>
  fc.array(
    fc
      .record({
        site: fc.constantFrom(...model.sites),
        step: fc.integer({ min: 0, max: steps - 1 }),
        extent: fc.constantFrom("all", "sequence", "number"),
        seed: fc.nat(),
        operation: fc.constantFrom("set", "add", "scale"),
        value: fc.integer({ min: 0, max: 15 }).map((tenths) => tenths / 10),
      })
      .map(({ site, step, extent, seed, operation, value }) => {
        const sequence = extent === "all" ? {} : { batch: seed % batch };
        const number = Object.fromEntries(site.axes.map((axis, i) => [axis, seed % (site.shape[i] as number)]));
        const where = { step, ...sequence, ...(extent === "number" && number) };
        return edit(site.name, where)[operation](value);
      }),
    { minLength: 1, maxLength: 6 },
  );

/** |a − b| / |b| over all numbers; NaN belongs to NaN. */
function distance(a: Float32Array, b: Float32Array): number {
  let [difference, size] = [0, 0];
  b.forEach((value, i) => {
    if (Object.is(value, a[i])) return;
    difference += ((a[i] as number) - value) ** 2;
    size += value ** 2;
  });
  return Math.sqrt(difference / (size || 1));
}

const arraysOf = ({ outputs, trace, state }: Run): [string, NamedArray][] => [
  ["outputs", outputs],
  ...Object.entries(trace),
  ...Object.entries(state).map(([name, array]): [string, NamedArray] => [`state ${name}`, array]),
];

afterEach(() => void vi.unstubAllEnvs());

describe.each(backends)("beside the %s backend", (backend) => {
  test.each(machines)(
    "a run of $name is the same to 1e-5 a step when it is replayed, plain and edited",
    async ({ model }) => {
      await useBackend(backend);
      const parameters = model.parameters(3);
      for (const batch of [1, 3]) {
        const inputs = inputsFor(model, batch);
        const both = (edits: readonly Edit[]): void => {
          vi.stubEnv("TAPESCOPE_BACKEND", backend);
          const wanted = run(model, parameters, inputs, { record: ["*"], edits });
          vi.stubEnv("TAPESCOPE_BACKEND", "");
          const found = run(model, parameters, inputs, { record: ["*"], edits });
          const replayed = new Map(arraysOf(found));
          expect([...replayed.keys()]).toEqual(arraysOf(wanted).map(([name]) => name));
          for (const [name, array] of arraysOf(wanted)) {
            const { data, ...rest } = replayed.get(name) as NamedArray;
            expect({ ...rest, data: array.data }).toEqual(array);
            expect(distance(data, array.data), name).toBeLessThan(1e-5 * steps); // each step adds its rounding
          }
        };
        both([]);
        fc.assert(fc.property(anyEdits(model, batch), both), { numRuns: 3, seed: 5 });
      }
      expect(runRefusal(model)).toBeUndefined();
      disposeTensors(parameters);
    },
  );
});

describe("replayed", () => {
  const folder = join(import.meta.dirname, "..", "reference");
  const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
  test.each(files)("%s is met to 1e-5", async (name) => {
    await useBackend("cpu");
    vi.stubEnv("TAPESCOPE_BACKEND", "");
    for (const { name: value, maxError } of verify(readSafetensors(readFileSync(join(folder, name))))) {
      expect(maxError, value).toBeLessThan(1e-5);
    }
  });
});
