import { type NamedArray, namedArray, sizeOf } from "../tensors/named-array.js";

/** A run, as far as it can be compared: outputs [step, batch, output], and recorded sites, each [step, batch, ...site]. */
export interface Compared {
  readonly outputs: NamedArray;
  readonly trace: Readonly<Record<string, NamedArray>>;
}

/** What sets a site of one run apart from the same in another; `site` may be "outputs". */
export type ComparisonRow = {
  readonly site: string;
  /** The first step at which any number differs; NaN if none does. */
  readonly firstStep: number;
  /** How many steps differ. */
  readonly steps: number;
  /** The largest difference of a number, without its sign, and its step; NaN without any. */
  readonly largest: number;
  readonly largestAt: number;
  /** The largest of the site's relative differences, as `spread` has them. */
  readonly relative: number;
};

/** What sets one run apart from another. */
export interface Comparison {
  /** Edited − original, [step, batch, output]. Outputs come after the activation: these are differences of probabilities. */
  readonly outputs: NamedArray;
  /**
   * How much each site differs at each step, [site, step]: ‖edited − original‖ / ‖original‖, Euclidean norms over the site
   * and the batch. "outputs" is the last row. 0 where both are the same to the bit; ∞ where the original is all zeros.
   */
  readonly spread: NamedArray;
  /** A row for each site, ready for `new DataFrame(rows)`. */
  readonly rows: readonly ComparisonRow[];
}

/**
 * Compare two runs of the same inputs: where they part, and how the difference spreads through sites and steps.
 *
 * @param original, edited runs of equal steps and batches; sites that only one of them recorded are left out
 * @throws if they have other steps, batches, outputs, or a site of another shape.
 * @example
 * const [plain, wiped] = [[], edits].map((edits) => run(model, parameters, inputs, { record: ["*"], edits }));
 * show(differenceSpread(compare(plain, wiped), { title: "Slot 5 wiped after step 3" }));
 */
export function compare(original: Compared, edited: Compared): Comparison {
  const sites = Object.keys(original?.trace ?? {}).filter((name) => Object.hasOwn(edited?.trace ?? {}, name));
  const pairs = [
    ...sites.map((name) => pairOf(name, original.trace[name], edited.trace[name])),
    pairOf("outputs", original?.outputs, edited?.outputs),
  ];
  const [, before, after] = pairs.at(-1) as Pair;
  const steps = before.shape[0] as number;
  const rows: ComparisonRow[] = [];
  const spread = new Float32Array(pairs.length * steps);
  for (const [place, pair] of pairs.entries()) {
    const each = differences(pair);
    if (each.length !== steps) {
      throw new Error(
        `compare: "${pair[0]}" has ${each.length} steps, the outputs have ${steps}; whole runs are needed.`,
      );
    }
    spread.set(
      each.map(({ relative }) => relative),
      place * steps,
    );
    rows.push(rowOf(pair[0], each));
  }
  const difference = after.data.map((value, i) => minus(value, before.data[i] as number));
  const names = [...sites, "outputs"];
  const { step } = before.labels ?? {};
  return {
    outputs: { ...before, name: "change of outputs", data: difference },
    spread: namedArray("relative difference", ["site", "step"], [names.length, steps], spread, {
      ...{ site: names },
      ...(step && { step }),
    }),
    rows,
  };
}

type Pair = readonly [name: string, original: NamedArray, edited: NamedArray];

function pairOf(name: string, original: NamedArray | undefined, edited: NamedArray | undefined): Pair {
  if (!original || !edited) throw new Error("compare takes two runs, such as run(…) returns.");
  if (`${original.axes}|${original.shape}` === `${edited.axes}|${edited.shape}`) return [name, original, edited];
  const [one, other] = [original, edited].map(({ axes, shape }) => `[${axes}] of [${shape}]`);
  throw new Error(
    `compare needs two runs of the same inputs: "${name}" is ${one} in the original, ${other} in the edited.`,
  );
}

interface Difference {
  /** The largest difference of a number, without its sign. */
  readonly largest: number;
  readonly relative: number;
}

/** Of every step. */
function differences([, original, edited]: Pair): Difference[] {
  const size = sizeOf(original.shape.slice(1));
  return Array.from({ length: original.shape[0] as number }, (_, step) => {
    let [largest, difference, norm] = [0, 0, 0];
    for (let i = step * size; i < (step + 1) * size; i++) {
      const before = original.data[i] as number;
      const by = minus(edited.data[i] as number, before);
      largest = Math.max(largest, Math.abs(by));
      difference += by ** 2;
      norm += before ** 2;
    }
    return { largest, relative: difference === 0 ? 0 : Math.sqrt(difference / norm) };
  });
}

function rowOf(site: string, each: readonly Difference[]): ComparisonRow {
  const differing = [...each.keys()].filter((step) => each[step]?.relative !== 0);
  const largest = Math.max(...each.map((one) => one.largest));
  const at = each.findIndex((one) => Object.is(one.largest, largest));
  return {
    site,
    firstStep: differing[0] ?? Number.NaN,
    steps: differing.length,
    largest,
    largestAt: differing.length > 0 ? at : Number.NaN,
    relative: Math.max(...each.map((one) => one.relative)),
  };
}

/** Where both are the same infinity, or no number, nothing differs. */
function minus(value: number, before: number): number {
  return Object.is(value, before) ? 0 : value - before;
}
