import type { Figure, PlotlyFigure } from "../figures/figure.js";
import { type DataFrame, isDataFrame } from "./data-frame.js";
import { display } from "./display.js";
import { type Explorer, explorerOutput, isExplorer } from "./explorer.js";
import { drawable, isFigure } from "./plain-figure.js";
import { htmlTable, textTable } from "./table.js";

/** MIME type of a Plotly figure, which JupyterLab, VS Code and nbconvert draw. */
export const FIGURE_MIME = "application/vnd.plotly.v1+json";

/**
 * Show something as the output of the running cell: a figure of this library or any other of Plotly's, a danfo.js DataFrame as a table, the explorer, or Markdown.
 *
 * A click on a table's header sorts it, and a link gives it as CSV.
 *
 * Every output also carries plain text, for front ends that draw nothing else. Outside a notebook only that is printed.
 *
 * @throws if it is none of these.
 * @example
 * show(memoryHeatmap(memory, { title: "Memory" }));
 * show({ data: [{ x: [1, 2, 3], y: [1, 4, 9] }], layout: { title: "Squares" } });
 * show("The write head moves **one slot** at each step.");
 * show(await explorer({ history: "my-history", checkpoint: "my-ttm.safetensors" }));
 */
export function show(what: PlotlyFigure | DataFrame | Explorer | string): void {
  display(outputOf(what));
}

/** The output of one thing by MIME type. */
export function outputOf(what: PlotlyFigure | DataFrame | Explorer | string): Record<string, unknown> {
  if (typeof what === "string") return { "text/markdown": what, "text/plain": what };
  if (isFigure(what)) {
    const figure = drawable(what);
    return { [FIGURE_MIME]: figure, "text/plain": summaryOf(figure) };
  }
  if (isDataFrame(what)) return { "text/html": htmlTable(what), "text/plain": textTable(what) };
  if (isExplorer(what)) return explorerOutput(what);
  if ((what as unknown) instanceof Promise) throw new Error("show() was given a promise; write `show(await …)`.");
  throw new Error(`show() takes a figure, a DataFrame, an explorer or Markdown text, but was given ${describe(what)}.`);
}

/** One line about a figure: its title and what it is made of. */
function summaryOf({ data, layout, frames }: Figure): string {
  const title = String(layout.title?.text ?? "").replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  const types = data.map(({ type }) => type ?? "scatter"); // as Plotly takes it
  const kinds = [...new Set(types)].map((type) => {
    const count = types.filter((one) => one === type).length;
    return count > 1 ? `${count} ${type}` : type;
  });
  return `[Figure: ${title || "untitled"} (${kinds.join(", ") || "no traces"}${frames ? `, ${frames.length} frames` : ""})]`;
}

function describe(what: unknown): string {
  if (typeof what !== "object" || what === null) return String(what);
  if (Array.isArray(what)) return "an array";
  return `an object with ${Object.keys(what).slice(0, 5).join(", ") || "nothing in it"}`;
}
