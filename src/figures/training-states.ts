import { rowFocus } from "../analysis/entropy.js";
import { meanOver } from "../analysis/means.js";
import type { NamedArray } from "../tensors/named-array.js";
import { suffixOf } from "./axes.js";
import { signedColours, unitColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { mosaic } from "./mosaic.js";
import { symbolRows } from "./symbol-rows.js";
import { withTrainingControls } from "./training-controls.js";
import { metricTile, normTile, timelineTile } from "./training-tiles.js";
import { wall } from "./wall.js";
import { colourWholeNumbers, wholeNumbersUpTo, wholeWeights } from "./whole-numbers.js";
import { type Changes, type Moving, type Place, stepWindows, windowedAxis } from "./windows.js";

/** States of a model at the tokens of some batches of some epochs of its training; NaN after a sequence's end. */
export interface TrainingStates {
  /** Numbers about all epochs, such as loss and accuracy. */
  readonly metrics: readonly { readonly epoch: number; readonly means: Readonly<Record<string, number>> }[];
  /** Where the states are from: epochs, and batches of each, [epoch][batch]. */
  readonly moments: { readonly epochs: readonly number[]; readonly batches: readonly (readonly number[])[] };
  /** What was shown, one-hot, [epoch, batch, step, symbol]; labels of the last axis are the symbols. */
  readonly shown: NamedArray;
  /** What the model answered, likewise: the symbol of the largest value. */
  readonly answered: NamedArray;
  /** What is right, likewise; all zeros where nothing is asked. */
  readonly right: NamedArray;
  /** [epoch, batch, step, slot, feature] */
  readonly memory: NamedArray;
  /** Of each layer, [epoch, batch, step, head, query, key], 0 to 1. */
  readonly attention: readonly NamedArray[];
  /** Norms, [epoch, batch, part]. */
  readonly gradients: NamedArray;
}

/**
 * A training, epoch by epoch, batch by batch and token by token: three sliders, each of which leaves the others where they
 * are, move memory, attention, gradients and metrics together. Buttons play the tokens, or go one on or back.
 *
 * Timelines show the mean magnitude of memory, and the focus of attention, 1 − H / ln n, as its mean over heads and
 * queries. All epochs share one range of colours and scales, so that they can be compared. Values that are not finite, and
 * all after a sequence's end, are blank.
 *
 * @throws if the arrays do not have the same epochs, batches and steps.
 * @example show(trainingStates({ metrics: history.metrics, moments, shown, answered, right, memory, attention, gradients },
 *   { title: "Learning to multiply" }));
 */
export function trainingStates(states: TrainingStates, options: { title: string }): Figure {
  checkAlike(states);
  const { metrics, moments, memory, attention, gradients } = states;
  const [epochs, batches, steps] = memory.shape as [number, number, number];
  const strength = meanOver(memory, memory.axes.slice(3), Math.abs);
  const focus = attention.map((layer): NamedArray => {
    return { ...meanOver(rowFocus(layer), layer.axes.slice(3, -1)), name: `focus of ${layer.name}` };
  });
  const most = strength.data.reduce((high, value) => (value > high ? value : high), 0) || 1;

  const colours = signedColours("value in memory (root scale)", [memory]);
  const whole = wholeNumbersUpTo(colours.range[1]);
  const content = wall([memory], { title: `${memory.name} after the token`, width: 0.6, height: 200, colours, whole });
  const weight = { ...unitColours("attention weight"), decimals: wholeWeights.decimals };
  const looks = wall(attention, {
    title: "",
    width: 0.345,
    height: 200,
    colours: weight,
    whole: wholeWeights,
  });
  const windows = stepWindows(epochs, steps);
  const ticks = Array.from({ length: steps }, (_, step) => [step, `${step}`] as const);
  const along = { x: windowedAxis("token", windows, ticks), windows, width: 1 };
  const headings = moments.epochs.map((epoch, index) =>
    (moments.batches[index] ?? []).map((batch) => `epoch ${epoch}, batch ${batch}`),
  );
  const strengthLook = { title: `mean magnitude of ${memory.name}`, height: 62, range: [0, most * 1.1] as const };
  const focusLook = { title: `focus of attention: ${namesOf(attention)}`, height: 62, range: [0, 1.05] as const };
  const names = Object.keys(metrics.at(-1)?.means ?? {});
  const columns = 1 + names.length;
  const size = { width: (1 - 0.055 * (columns - 1)) / columns, height: 110 };
  const tracked = names.map((name) => {
    const values = Float32Array.from(metrics, ({ means }) => means[name] ?? Number.NaN);
    const all = { epochs: metrics.map(({ epoch }) => epoch), values };
    return metricTile(name, all, { ...size, title: name, current: moments.epochs });
  });
  const rows: readonly (readonly Moving[])[] = [
    [content, looks],
    [symbolRows(states, { ...along, height: 88, headings })],
    [timelineTile([strength], { ...along, ...strengthLook })],
    [timelineTile(focus, { ...along, ...focusLook })],
    [normTile(gradients, { ...size, title: "gradients, by part" }), ...tracked],
  ];

  const figure = mosaic(
    rows.map((row) => row.map(({ tile }) => tile)),
    { title: options.title, note: "" },
  );
  const { layout } = figure;
  layout.dragmode = false; // sliders say what is seen
  (layout.annotations as object[]).push(...looks.notes("2"));
  layout.yaxis2 = { ...(layout.yaxis2 as object), title: (looks.tile.y as { title: object }).title };
  colourWholeNumbers(layout, "coloraxis", whole);
  const places = placesOf(rows.flat());
  const changed = (kind: "epoch" | "step", index: number): Changes =>
    Object.assign({}, ...rows.flat().map((moving, i) => moving[kind]?.(places[i] as Place, index)));
  const config = { ...figure.config, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
  return withTrainingControls(
    { ...figure, config },
    {
      epochs: moments.epochs.map(String),
      batches: Array.from({ length: batches }, (_, index) => ["first", "second", "third"][index] ?? `${index + 1}th`),
      steps: Array.from({ length: steps }, (_, index) => `${index}`),
      epoch: (index) => changed("epoch", index),
      batch: (index) => figure.data.map(({ meta }) => !meta || (meta as { batch: number }).batch === index),
      step: (index) => changed("step", index),
    },
  );
}

/** The names of axes and shapes, which `mosaic` numbers from tile to tile. */
function placesOf(all: readonly Moving[]): Place[] {
  let shapes = 0;
  return all.map(({ tile }, index) => {
    const place = { x: `xaxis${suffixOf(index)}`, y: `yaxis${suffixOf(index)}`, shape: `shapes[${shapes}]` };
    shapes += tile.shapes?.length ?? 0;
    return place;
  });
}

function namesOf(layers: readonly NamedArray[]): string {
  const colours = ["blue", "orange", "green", "pink"];
  return layers.map(({ name }, index) => (layers.length > 1 ? `${name} ${colours[index % 4]}` : name)).join(", ");
}

/** @throws unless all states have the epochs, batches and steps of memory. */
function checkAlike({ moments, memory, shown, answered, right, attention, gradients }: TrainingStates): void {
  const [epochs, batches, steps] = memory.shape as [number, number, number];
  for (const array of [memory, shown, answered, right, ...attention, gradients]) {
    const wanted = array === gradients ? [epochs, batches] : [epochs, batches, steps];
    if (`${array.shape.slice(0, wanted.length)}` === `${wanted}`) continue;
    throw new Error(
      `trainingStates draws arrays of the same epochs, batches and steps: "${array.name}" begins with ` +
        `[${array.shape.slice(0, wanted.length)}], "${memory.name}" with [${wanted}].`,
    );
  }
  if (moments.epochs.length === epochs && moments.batches.every((of) => of.length === batches)) return;
  throw new Error(
    `trainingStates: "moments" tells of ${moments.epochs.length} epochs, "${memory.name}" has ${epochs}.`,
  );
}
