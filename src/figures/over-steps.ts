import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import { checkAxes, checkSteps } from "./axes.js";
import { type Colours, signedColours, suitableColours, unitColours, weightColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf } from "./heatmap.js";
import { heatmapPanels, type Panel } from "./panels.js";

const CELL = { height: 10, least: 64, most: 220 };

/**
 * What happened over the steps of a sequence, one panel under the other: time runs to the right in all of them.
 *
 * Inputs, targets and outputs drawn so are figure 4 of the NTM paper (Graves et al. 2014, arXiv 1410.5401); with the
 * vectors added to memory and read from it, figure 6. Values within 0 and 1 share one range of colours, values that go
 * below zero another, symmetric one.
 *
 * @param arrays each anything array-like of two axes, the first of which is the step: [step, bit], [step, word].
 * @param options.quantity what the values are, for the colour bar, such as "weight so far"; "value" without it.
 * @throws if no list is given, it is empty, one has more or fewer axes, or their first axes differ in name or length.
 * @example show(overSteps([inputs, outputs, targets], { title: "Copy, length 20" }))
 */
export function overSteps(arrays: readonly ArrayInput[], options: { title: string; quantity?: string }): Figure {
  checkList("overSteps", arrays);
  const { quantity = "value" } = options;
  const named = arrays.map((array, index) => toNamedArray(array, `array ${index}`, ["step", "word"]));
  const chosen = named.map(suitableColours);
  const of = (kind: string): NamedArray[] => named.filter((_, index) => chosen[index] === kind);
  const colours = {
    unit: unitColours(`${quantity}, 0 to 1`),
    weights: weightColours(quantity, of("weights")),
    signed: signedColours(`signed ${quantity}`, of("signed")),
  };
  const panels = named.map((array, index) => stepPanel("overSteps", array, colours[chosen[index] as "unit"]));
  return stacked("overSteps", panels, options.title);
}

/**
 * Where the heads read and wrote: the weighting of every head over the steps, as in figure 6 of the NTM paper.
 *
 * A column is one step, a row one memory slot; slot 0 is at the top. Colours run from 0 to 1 in every figure.
 *
 * @param weights anything array-like for each head, [step, slot]; a name such as "write.0.weights" becomes "Write head 0".
 * @throws if no list is given, it is empty, one has more or fewer axes, or their first axes differ in name or length.
 * @example show(weightsOverSteps([writeWeights, readWeights], { title: "Copy: what is written is read again" }))
 */
export function weightsOverSteps(weights: readonly ArrayInput[], options: { title: string }): Figure {
  checkList("weightsOverSteps", weights);
  const colours = unitColours("weight");
  const panels = weights.map((array, index) =>
    stepPanel("weightsOverSteps", toNamedArray(array, `head ${index}`, ["step", "slot"]), colours),
  );
  return stacked("weightsOverSteps", panels, options.title);
}

/** Callers without types easily give one array where a list of them is meant. */
function checkList(what: string, arrays: unknown): void {
  if (Array.isArray(arrays)) return;
  const { name } = (arrays ?? {}) as { name?: unknown };
  const given =
    typeof name === "string" ? `the array "${name}"` : Object(arrays) === arrays ? "one array" : String(arrays);
  throw new Error(`${what} takes a list of arrays, but was given ${given}. Write [array] to draw one.`);
}

function stepPanel(what: string, array: NamedArray, colours: Colours): Panel {
  checkAxes(array, 2, what);
  return { ...gridOf(array, what, array.axes[0]), title: headTitle(array.name), colours };
}

function stacked(what: string, panels: readonly Panel[], title: string): Figure {
  const [first] = panels;
  if (!first) throw new Error(`${what} needs at least one array.`);
  checkSteps(
    panels.map(({ array }) => array),
    what,
  );
  for (const { array, columns } of panels) {
    if (columns === first.columns) continue;
    throw new Error(
      `${what} draws arrays over one axis: the first of "${array.name}" is "${columns}", ` +
        `that of "${first.array.name}" is "${first.columns}".`,
    );
  }
  return heatmapPanels(panels, { title, columns: 1, cell: CELL, square: false });
}

/** "write.0.weights" is the write head 0; any other name stands as it is. */
function headTitle(name: string): string {
  const [, kind, number] = /^(read|write)(?:\.(\d+))?\.weights$/.exec(name) ?? [];
  if (!kind) return name;
  return `${kind === "read" ? "Read" : "Write"} head${number ? ` ${number}` : ""}`;
}
