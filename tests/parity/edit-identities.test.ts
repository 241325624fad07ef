import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Edit, edit } from "../../src/model/edits.js";
import type { Model, Site } from "../../src/model/model.js";
import { nsm } from "../../src/model/nsm.js";
import { type NtmConfig, ntm } from "../../src/model/ntm.js";
import { type Run, run } from "../../src/model/run.js";
import { ttm } from "../../src/model/ttm.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, namedArray, sizeOf, slice, stridesOf } from "../../src/tensors/named-array.js";
import { random } from "../../src/tensors/random.js";
import { disposeTensors, type Tensors } from "../../src/tensors/tensors.js";
import { stackMachine } from "../stack-machine.js";

const ntmOf = (changed: Partial<NtmConfig>) =>
  ntm({
    ...{ inputs: 3, outputs: 2, slots: 5, word: 3, controller: "lstm", units: 4, readHeads: 1, writeHeads: 1 },
    initialWeights: "learned",
    ...changed,
  });
const nsmOf = (gates: "gru" | "lstm", pruned: readonly number[]) =>
  nsm({
    ...{ tokens: 2, symbols: 3, outputs: 3, states: 3, features: 4, heads: 2, gates, slots: 4, word: 3, pruned },
    ...{ readHeads: 1, writeHeads: 1 },
  });
const machines: { name: string; model: Model }[] = [
  { name: "NTM with an LSTM", model: ntmOf({}) },
  {
    name: "NTM, feed-forward, two heads each",
    model: ntmOf({ controller: "feedforward", readHeads: 2, writeHeads: 2 }),
  },
  { name: "NSM with GRU gates", model: nsmOf("gru", []) },
  { name: "NSM with LSTM gates, one state pruned", model: nsmOf("lstm", [1]) },
  ...(["mlp", "query", "pooling"] as const).flatMap((summariser) =>
    (["summarise", "erase-add", "concatenate", "none"] as const).map((write) => {
      const sizes = {
        tokens: 2,
        symbols: 3,
        outputs: 3,
        features: 4,
        slots: 4,
        read: 2,
        layers: 1,
        heads: 2,
        hidden: 5,
      };
      return { name: `TTM, ${summariser}, ${write}`, model: ttm({ ...sizes, summariser, write }) };
    }),
  ),
  { name: "a stack machine of one's own", model: stackMachine(3, 4, 5, 3) },
];

const [steps, batch] = [3, 2];
type Ways = "replayed" | "operation by operation";

/** A machine ready to be run with edits, every site recorded. */
interface Bench {
  readonly model: Model;
  readonly parameters: Tensors;
  readonly plain: Readonly<Record<Ways, Run>>;
  run(way: Ways, edits: readonly Edit[]): Run;
}
const benches = new Map<string, Bench>();

beforeAll(async () => {
  await useBackend("cpu");
  for (const { name, model } of machines) {
    const parameters = model.parameters(3);
    const source = random(7);
    const shape = [steps, batch, model.inputs];
    const numbers = Float32Array.from({ length: sizeOf(shape) }, () => source.normal());
    const inputs = namedArray("inputs", ["step", "batch", "input"], shape, numbers);
    const runIn = (way: Ways, edits: readonly Edit[]): Run => {
      vi.stubEnv("TAPESCOPE_BACKEND", way === "replayed" ? "" : "cpu");
      return run(model, parameters, inputs, { record: ["*"], edits });
    };
    const plain = { replayed: runIn("replayed", []), "operation by operation": runIn("operation by operation", []) };
    benches.set(name, { model, parameters, plain, run: runIn });
  }
});
afterAll(() => {
  for (const { parameters } of benches.values()) disposeTensors(parameters);
  vi.unstubAllEnvs();
});

const benchOf = (name: string): Bench => benches.get(name) as Bench;
const anyStep = fc.nat(steps - 1);

/** All of a site, what one sequence has there, or a single position along one of its axes. */
const anyIndex = (site: Site): fc.Arbitrary<Record<string, number>> =>
  fc.oneof(
    fc.constant({}),
    fc.record({ batch: fc.nat(batch - 1) }),
    fc.nat(site.axes.length - 1).chain((axis) => {
      const position = fc.nat((site.shape[axis] as number) - 1);
      return fc.record({ [site.axes[axis] as string]: position });
    }),
  );

/** Edits of one site at one step. They leave numbers above 0, as weights and exponents have to be, and gates at most 1. */
const anyEdits = (site: Site, step: number): fc.Arbitrary<Edit[]> => {
  const change = fc.record({
    index: anyIndex(site),
    kind: fc.nat(4),
    seed: fc.nat(),
    tenths: fc.integer({ min: 1, max: 15 }),
  });
  const bounded = edit(site.name, { step }).clamp(0.05, 1);
  const shared = fc
    .constantFrom(...site.axes)
    .map((renormalise) => edit(site.name, { step }, { renormalise }).scale(2));
  return fc.tuple(fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean(), shared).map(([all, ends, last]) => [
    ...all.map(({ index, kind, seed, tenths }) => {
      const at = edit(site.name, { step, ...index });
      const value = tenths / 10;
      return [
        at.set(value),
        at.add(value),
        at.scale(value),
        at.noise({ seed, scale: value }),
        at.clamp(0.1, value + 0.1),
      ][kind] as Edit;
    }),
    bounded,
    ...(ends ? [last] : []),
  ]);
};

/** For every site of a model, what holds of any step and any edits there. */
function forEverySite({ model }: Bench, holds: (site: Site, step: number, edits: readonly Edit[]) => void): void {
  for (const site of model.sites) {
    const any = anyStep.chain((step) => fc.record({ step: fc.constant(step), edits: anyEdits(site, step) }));
    fc.assert(
      fc.property(any, ({ step, edits }) => holds(site, step, edits)),
      { numRuns: 3 },
    );
  }
}

const arraysOf = ({ outputs, trace }: Run): [string, NamedArray][] => [["outputs", outputs], ...Object.entries(trace)];

/** Names of what differs in a bit, at steps and in sequences that count: outputs, sites, and the state after the last step. */
function differing(one: Run, other: Run, counts = (_step: number, _sequence: number): boolean => true): string[] {
  const states = Object.entries(one.state).map(([name, array]) => [`state ${name}`, array, other.state[name]] as const);
  const others = new Map(arraysOf(other));
  const pairs = [...arraysOf(one).map(([name, array]) => [name, array, others.get(name)] as const), ...states];
  expect(Object.keys(one.trace)).toEqual(Object.keys(other.trace));
  return pairs.flatMap(([name, array, beside]) => {
    expect({ ...beside, data: array.data.length }).toEqual({ ...array, data: beside?.data.length });
    const size = array.data.length / (array.axes[0] === "step" ? steps * batch : batch);
    const differs = array.data.some((value, i) => {
      const row = Math.floor(i / size);
      const step = array.axes[0] === "step" ? Math.floor(row / batch) : steps;
      return counts(step, row % batch) && !Object.is(value, beside?.data[i]);
    });
    return differs ? [name] : [];
  });
}

describe.each<Ways>(["replayed", "operation by operation"])("%s", (way) => {
  describe.each(machines)("$name", ({ name }) => {
    test("without edits a run is the same to the bit", () => {
      expect(benchOf(name).run(way, [])).toEqual(benchOf(name).plain[way]);
    });

    test("patching a run onto itself restores it to the bit, whatever was done to the site before", () => {
      const { run: runIn, plain } = benchOf(name);
      forEverySite(benchOf(name), (site, step, edits) => {
        const patch = edit(site.name, { step }).patch(plain[way]);
        expect(differing(runIn(way, [...edits, patch]), plain[way]), site.name).toEqual([]);
      });
    });

    test("edits at a step change nothing before it, and are the same to the bit when they come from JSON", () => {
      const { run: runIn, plain } = benchOf(name);
      forEverySite(benchOf(name), (site, first, edits) => {
        const edited = runIn(way, edits);
        expect(
          differing(edited, plain[way], (step) => step < first),
          site.name,
        ).toEqual([]);
        expect(differing(runIn(way, JSON.parse(JSON.stringify(edits))), edited), site.name).toEqual([]);
      });
    });

    // What follows a site is another site, the outputs or the state after the last step: no site of these machines is dead
    // in the middle of a run. (In an NTM's first step all slots are equal, so that its keys find nothing.)
    test("what is done to a site in one sequence reaches what follows it there, and nothing of another sequence", () => {
      const { model, run: runIn, plain } = benchOf(name);
      for (const { name: site, axes } of model.sites) {
        const at = { step: 1, batch: 0 };
        const shared = edit(site, at, { renormalise: axes[0] as string }).scale(2);
        const noise = edit(site, at).noise({ seed: 1, scale: 0.1 });
        const edited = runIn(way, [edit(site, at).clamp(0.05, 2), shared, noise]);
        const changed = differing(edited, plain[way]);
        expect(changed).toContain(site);
        expect(changed.length, site).toBeGreaterThan(1);
        expect(
          differing(edited, plain[way], (_, sequence) => sequence === 1),
          site,
        ).toEqual([]);
      }
    });
  });
});

describe.each(machines)("$name", ({ name }) => {
  test("replayed, edits give what they give operation by operation, to 1e-5 a step", () => {
    const { model, run: runIn } = benchOf(name);
    const three = fc.tuple(anyStep, fc.shuffledSubarray([...model.sites], { minLength: 3, maxLength: 3 }));
    const any = three.chain(([step, sites]) => fc.tuple(...sites.map((site) => anyEdits(site, step))));
    fc.assert(
      fc.property(any, (lists) => {
        const edits = lists.flat();
        const wanted = new Map(arraysOf(runIn("operation by operation", edits)));
        for (const [site, array] of arraysOf(runIn("replayed", edits))) {
          expect(distance(array.data, (wanted.get(site) as NamedArray).data), site).toBeLessThan(1e-5 * steps);
        }
      }),
      { numRuns: 8, seed: 5 },
    );
  });

  test("noise is the same for a seed, other for another, and that of its sequence alone for a whole batch", () => {
    const { model, run: runIn } = benchOf(name);
    for (const { name: site } of model.sites) {
      const noisy = (seed: number, where = {}) => {
        const edits = [
          edit(site, { step: 1, ...where }).set(1),
          edit(site, { step: 1, ...where }).noise({ seed, scale: 2 }),
        ];
        return slice(runIn("replayed", edits).trace[site] as NamedArray, "step", 1, 2);
      };
      expect(noisy(1), site).toEqual(noisy(1));
      expect(noisy(2), site).not.toEqual(noisy(1));
      expect(slice(noisy(1, { batch: 0 }), "batch", 0, 1)).toEqual(slice(noisy(1), "batch", 0, 1));
    }
  });

  test("renormalised rows sum to one, along whatever axis", () => {
    const { model, run: runIn } = benchOf(name);
    for (const site of model.sites) {
      for (const axis of site.axes) {
        const edits = [
          edit(site.name, { step: 1 }).clamp(0.05, 3),
          edit(site.name, { step: 1, [axis]: 0 }, { renormalise: axis }).scale(0.5),
        ];
        const array = runIn("replayed", edits).trace[site.name] as NamedArray;
        for (const sum of sumsAlong(slice(array, "step", 1, 2), axis)) expect(sum).toBeCloseTo(1, 5);
      }
    }
  });
});

/** |a − b| / |b| over all numbers; NaN is near to none. */
function distance(a: Float32Array, b: Float32Array): number {
  const length = (of: (value: number, i: number) => number) =>
    Math.sqrt(b.reduce((sum, value, i) => sum + of(value, i) ** 2, 0));
  return length((value, i) => value - (a[i] as number)) / (length((value) => value) || 1);
}

function sumsAlong({ axes, shape, data }: NamedArray, axis: string): number[] {
  const at = axes.indexOf(axis);
  const [length, stride] = [shape[at] as number, stridesOf(shape)[at] as number];
  const firsts = [...data.keys()].filter((i) => Math.floor(i / stride) % length === 0);
  return firsts.map((first) =>
    Array.from({ length }, (_, i) => data[first + i * stride] as number).reduce((sum, value) => sum + value, 0),
  );
}
