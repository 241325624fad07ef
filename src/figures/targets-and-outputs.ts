import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import { unitColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf, noteOnOddCells } from "./heatmap.js";
import { mosaic, type Tile } from "./mosaic.js";
import { panelHeight } from "./panels.js";
import { heatmapTile, positionsAcross, positionsDown } from "./tiles.js";

const CELL = { height: 10, least: 64, most: 160 };

/** What a machine should have answered and what it did, for one sequence: values from 0 to 1, [step, bit]. */
export interface Answered {
  /** Stands above the pair, such as "length 20". */
  readonly title: string;
  readonly targets: ArrayInput;
  readonly outputs: ArrayInput;
}

/**
 * Targets over outputs for sequences of several lengths, as figures 4 and 5 of the NTM paper (Graves et al. 2014, arXiv
 * 1410.5401).
 *
 * Steps run to the right and are as wide in every sequence; short sequences share a row. Colours run from 0 to 1.
 *
 * @param sequences in the order to draw them; all of the same number of bits.
 * @throws if there are none, an array has more or fewer than two axes, targets and outputs differ in shape, or sequences
 * in bits.
 * @example show(targetsAndOutputs([{ title: "length 20", targets, outputs }], { title: "Copy" }))
 */
export function targetsAndOutputs(sequences: readonly Answered[], options: { title: string }): Figure {
  if (sequences.length === 0) throw new Error("targetsAndOutputs needs at least one sequence.");
  const pairs = sequences.map(pairOf);
  const [first] = pairs as [Pair];
  const bits = first.targets.shape[1] as number;
  for (const { title, targets } of pairs) {
    if (targets.shape[1] === bits) continue;
    throw new Error(
      `targetsAndOutputs draws sequences of as many bits: "${title}" has ${targets.shape[1]}, "${first.title}" ${bits}.`,
    );
  }
  const colours = unitColours("value");
  const height = panelHeight(bits, CELL);
  const named = (array: NamedArray, name: string) => ({
    ...positionsDown(array, array.axes[1] as string),
    title: { text: name, standoff: 7 },
  });
  const [targetBits, outputBits] = [named(first.targets, "targets"), named(first.outputs, "outputs")];
  const rows = rowsOf(pairs).flatMap((row): Tile[][] => {
    const tiles = row.map(({ title, targets, outputs }) => {
      const look = {
        width: targets.shape[0] as number,
        height,
        x: positionsAcross(targets, targets.axes[0] as string),
      };
      const grid = (array: NamedArray) => gridOf(array, "targetsAndOutputs", array.axes[0]);
      return [
        heatmapTile(grid(targets), { ...look, title, y: targetBits, colours }),
        heatmapTile(grid(outputs), { ...look, title: "", y: outputBits, colours }),
      ] as const;
    });
    return [tiles.map(([above]) => above), tiles.map(([, under]) => under)];
  });
  const note = noteOnOddCells(pairs.flatMap(({ targets, outputs }) => [targets, outputs]));
  return mosaic(rows, { title: options.title, note });
}

interface Pair {
  readonly title: string;
  readonly targets: NamedArray;
  readonly outputs: NamedArray;
}

function pairOf({ title, ...given }: Answered): Pair {
  const targets = toNamedArray(given.targets, "targets", ["step", "bit"]);
  const outputs = toNamedArray(given.outputs, "outputs", ["step", "bit"]);
  for (const array of [targets, outputs]) gridOf(array, "targetsAndOutputs");
  if (`${targets.shape}` !== `${outputs.shape}`) {
    throw new Error(
      `targetsAndOutputs, "${title}": the targets are of shape [${targets.shape}], the outputs of [${outputs.shape}].`,
    );
  }
  if (targets.data.length === 0) throw new Error(`targetsAndOutputs, "${title}": there is no step to draw.`);
  return { title, targets, outputs };
}

/** Sequences in rows, none longer than the longest sequence. */
function rowsOf(pairs: readonly Pair[]): Pair[][] {
  const lengthOf = ({ targets }: Pair): number => targets.shape[0] as number;
  const longest = Math.max(...pairs.map(lengthOf));
  const rows: Pair[][] = [];
  let left = 0;
  for (const pair of pairs) {
    if (lengthOf(pair) > left) {
      rows.push([]);
      left = longest;
    }
    (rows.at(-1) as Pair[]).push(pair);
    left -= lengthOf(pair);
  }
  return rows;
}
