import { slotDrift } from "../analysis/drift.js";
import { slotNorm } from "../analysis/slots.js";
import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import { checkAxes } from "./axes.js";
import { weightColours } from "./colours.js";
import type { Figure } from "./figure.js";
import { gridOf, noteOnOddCells } from "./heatmap.js";
import { mosaic } from "./mosaic.js";
import { panelHeight } from "./panels.js";
import { heatmapTile, positionsAcross, positionsDown } from "./tiles.js";

const CELL = { height: 22, least: 66, most: 260 };

/**
 * How states move over the steps: above how long each state's vector is, below how far it moved since the step before.
 *
 * Both are Euclidean norms, over the features; each has its own colours, from 0 to its largest. A row is one state, steps
 * run to the right. The first step has none before it and stays blank below. See `slotNorm` and `slotDrift`.
 *
 * In the Python original: `plot_state_dynamics`.
 *
 * @param states of three axes, [step, state, feature].
 * @throws if there are more or fewer axes, or no value at all.
 * @example show(stateDynamics(series(result, "states"), { title: "States while reading" }))
 */
export function stateDynamics(states: ArrayInput, options: { title: string }): Figure {
  const array = toNamedArray(states, "states", ["step", "state", "feature"]);
  checkAxes(array, 3, "stateDynamics");
  const [step, state] = array.axes as [string, string];
  const [steps, count] = array.shape as [number, number, number];
  if (steps === 0) throw new Error(`"${array.name}" holds no "${step}" to draw.`);
  const length = { ...slotNorm(array), name: "norm" };
  const drift = steps > 1 ? slotDrift(array).data : [];
  const change = {
    ...length,
    name: "change",
    data: Float32Array.from([...new Array(count).fill(Number.NaN), ...drift]),
  };
  const height = panelHeight(count, CELL);
  const x = positionsAcross(length, step);
  const look = { width: 1, height, x, y: positionsDown(length, state) };
  const tiles = [
    heatmapTile(gridOf(length, "stateDynamics", step), {
      ...look,
      title: "Norm of the state",
      colours: weightColours("norm", [length]),
    }),
    heatmapTile(gridOf(change, "stateDynamics", step), {
      ...look,
      title: `Change since the ${step} before`,
      colours: weightColours("change", [change]),
      blank: true,
    }),
  ];
  return mosaic(
    tiles.map((tile) => [tile]),
    { title: options.title, note: noteOnOddCells([length]) },
  );
}
