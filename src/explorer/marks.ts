import { suffixOf } from "../figures/axes.js";
import { FAINT, INK, ORANGE } from "../figures/figure.js";
import type { Mark } from "./plot.js";

/** A line at the current token, over a figure whose x axis is the tokens. */
export function tokenMark(index: number): Mark {
  const line = { color: INK, width: 1.5, dash: "dot" };
  return { type: "line", xref: "x", yref: "paper", x0: index, x1: index, y0: 0, y1: 1, line };
}

/** A faint band over one column of a figure whose x axis counts: what is pointed at elsewhere. */
export function columnMark(index: number): Mark {
  const place = { xref: "x", yref: "paper", x0: index - 0.5, x1: index + 0.5, y0: 0, y1: 1 };
  return { type: "rect", ...place, fillcolor: FAINT, line: { width: 0 } };
}

/** A frame around one column. */
export function columnFrame(index: number): Mark {
  const place = { xref: "x", yref: "paper", x0: index - 0.5, x1: index + 0.5, y0: 0, y1: 1 };
  return { type: "rect", ...place, line: { color: INK, width: 1.5 } };
}

/** A frame around one of several panels, numbered from 0. */
export function panelFrame(panel: number): Mark {
  const n = suffixOf(panel);
  const place = { xref: `x${n} domain`, yref: `y${n} domain`, x0: 0, x1: 1, y0: 0, y1: 1 };
  return { type: "rect", ...place, line: { color: ORANGE, width: 2.5 } };
}

/** A mark over a row or a column, in each of several panels side by side. */
export function inPanels(mark: Mark, panels: number): Mark[] {
  return Array.from({ length: panels }, (_, panel) => {
    const of = (axis: "x" | "y") => `${axis}${suffixOf(panel)}${mark[`${axis}ref`] === "paper" ? " domain" : ""}`;
    return { ...mark, xref: of("x"), yref: of("y") };
  });
}

/** A frame around one row. */
export function rowFrame(index: number): Mark {
  const place = { xref: "paper", yref: "y", x0: 0, x1: 1, y0: index - 0.5, y1: index + 0.5 };
  return { type: "rect", ...place, line: { color: INK, width: 1.5 } };
}
