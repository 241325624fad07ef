import { type NamedArray, select } from "../tensors/named-array.js";
import { positionTitle } from "./axes.js";
import { barChart } from "./bar-chart.js";
import { signedColours, weightColours } from "./colours.js";
import { escapeText, type Figure } from "./figure.js";
import { gridOf } from "./heatmap.js";
import { heatmapPanels, type Panel } from "./panels.js";

/** What a sweep found: the metric of every edited run, of two or three axes, or one; and of the original run. */
export interface Swept {
  readonly values: NamedArray;
  readonly baseline: number;
  /** How many runs were carried out, of how many; fewer if the sweep was stopped. */
  readonly done?: number;
  readonly cells?: number;
}

/** A change below this share of the largest decides no colours: half of the scale would be for what nobody sees. */
const negligible = 0.01;

/**
 * What an edit does at each place: the change of a sweep's metric from the original run's, which the second line tells.
 *
 * Time runs to the right, the other axis from top to bottom; of three axes the sites, or else the first that is not the
 * step, get a panel each. Blue below the original, red above; where nothing goes below it, from dark to bright. Of a sweep
 * that was stopped, the cells that it did not reach are empty.
 *
 * @throws if the map has more than three axes.
 * @example show(sweepMap(await sweep(…), { title: "Copy: each slot wiped after each step" }))
 */
export function sweepMap(sweep: Swept, options: { title: string }): Figure {
  const { values, baseline, done = 0, cells = 0 } = sweep;
  const data = values.data.map((value) => value - baseline);
  const name = baseline === 0 ? values.name : `change of ${values.name}`;
  const original = `original run: ${escapeText(values.name, 40)} = ${+baseline.toPrecision(4)}`;
  if (values.axes.length === 1) {
    return barChart({ ...values, name, data }, { ...options, note: original });
  }
  const panels = panelsOf({ ...values, name, data });
  const single = { height: values.labels?.[panels[0]?.rows ?? ""] ? 18 : 10, least: 64, most: 700 }; // every name has its line
  const cell = panels.length > 1 ? { height: 8, least: 48, most: 240 } : single;
  const stopped = done < cells;
  const runs = stopped ? `   ${done.toLocaleString("en")} of ${cells.toLocaleString("en")} runs` : "";
  const note = `${original}${runs}`;
  return heatmapPanels(panels, { ...options, columns: 1, cell, square: false, note, ...(stopped && { counted: [] }) });
}

function panelsOf(changes: NamedArray): Panel[] {
  const { axes, shape, data } = changes;
  const finite = data.filter(Number.isFinite);
  const [least, most] = [Math.min(0, ...finite), Math.max(0, ...finite)];
  const colours = (-least > negligible * most ? signedColours : weightColours)(changes.name, [changes]);
  const panelOf = (array: NamedArray, title: string): Panel => {
    const columns = array.axes.includes("step") ? "step" : array.axes[1];
    return { ...gridOf(array, "sweepMap", columns), title, colours };
  };
  if (axes.length !== 3) return [panelOf(changes, "")];
  const apart = axes.find((axis) => axis === "site") ?? (axes.find((axis) => axis !== "step") as string);
  return Array.from({ length: shape[axes.indexOf(apart)] as number }, (_, index) =>
    panelOf(select(changes, { [apart]: index }), positionTitle(changes, apart, index)),
  );
}
