/** Plotly's JSON, as far as it is used here: what JupyterLab, VS Code, nbconvert and plotly.js all draw. */
export interface Figure {
  data: Trace[];
  layout: Layout;
  frames?: Frame[];
  config: Record<string, unknown>;
}

/** Any figure of Plotly's: traces of any type, titles as text or as { text }. */
export interface PlotlyFigure {
  readonly data: readonly object[];
  readonly layout?: object;
  readonly frames?: readonly object[];
  readonly config?: object;
}

export type Trace = { type: string } & Record<string, unknown>;

export type Layout = { title: { text: string } & Record<string, unknown>; height: number } & Record<string, unknown>;

/** One state of an animated figure: only the attributes of its traces that change. */
export interface Frame {
  name: string;
  data: Record<string, unknown>[];
  traces: number[];
}

/** A typed array in Plotly's JSON: little-endian bytes as base64; `shape` is "rows, columns", or "length". */
export interface EncodedArray {
  dtype: "f4" | "f8" | "u2";
  bdata: string;
  shape: string;
}

/** Grey that can be read on white (4.3 to 1) and on JupyterLab's dark #111 (4.4 to 1). */
export const INK = "#7a7a7a";

/** Fainter than INK, for frames and grids. */
export const FAINT = "rgba(128,128,128,0.35)";

/** For what must not be overlooked: vermilion, seen on white, on #111 and by the colour-blind. */
export const ALARM = "#d55e00";

/** Okabe and Ito's blue and orange, told apart by the colour-blind and seen on white and on #111: bars, lines, ribbons. */
export const BLUE = "#0a84c6";
export const ORANGE = "#e08a00";

/** No logo and no button that sends the figure to a cloud; as wide as the page. */
export const CONFIG: Readonly<Record<string, unknown>> = {
  displaylogo: false,
  showSendToCloud: false,
  responsive: true,
};

/**
 * Make any text safe to stand in a figure, where Plotly reads <b>, <a href>, &amp;, $TeX$ and %{templates}.
 *
 * White space becomes single spaces and what is longer than `longest` characters ends in "…".
 */
export function escapeText(text: string, longest = 120): string {
  const characters = [...text.replace(/\s+/gu, " ")];
  const short = characters.length > longest ? `${characters.slice(0, longest - 1).join("")}…` : characters.join("");
  return short.replace(/[&<>$%]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Encode numbers as Plotly's JSON takes them: compact, exact, and with NaN and ±∞, which JSON itself cannot say.
 *
 * @example encode(Float32Array.of(1, 2, 3, 4), [2, 2]) // { dtype: "f4", bdata: "AACAPwAAAEAAAEBAAACAQA==", shape: "2, 2" }
 */
export function encode(values: Float32Array | Float64Array | Uint16Array, shape: readonly number[]): EncodedArray {
  const dtype = values instanceof Uint16Array ? "u2" : values instanceof Float32Array ? "f4" : "f8";
  const bytes = new Uint8Array(values.length * values.BYTES_PER_ELEMENT);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    if (dtype === "u2") view.setUint16(index * 2, value, true);
    else if (dtype === "f4") view.setFloat32(index * 4, value, true);
    else view.setFloat64(index * 8, value, true);
  });
  let binary = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return { dtype, bdata: btoa(binary), shape: shape.join(", ") };
}

/**
 * The layout that every figure begins with. Transparent, with grey text, it reads on a light and on a dark page.
 *
 * @param title plain text, escaped here.
 * @param note a second line under the title, in Plotly's own markup; empty for none.
 * @param pixels above, within and under the axes; the width is the page's.
 */
export function baseLayout(title: string, note: string, pixels: { top: number; inside: number; foot: number }): Layout {
  const height = pixels.top + pixels.inside + pixels.foot;
  const place = { x: 0, xref: "container", pad: { l: 12 }, y: 1 - 12 / height, yref: "container", yanchor: "top" };
  return {
    title: {
      text: escapeText(title),
      ...place,
      font: { size: 16 },
      ...(note && { subtitle: { text: note, font: { size: 13 } } }),
    },
    height,
    margin: { l: 56, r: 24, t: pixels.top, b: pixels.foot },
    font: { color: INK, size: 12 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    hoverlabel: { bgcolor: "#333", bordercolor: "#333", font: { color: "#fff" } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: FAINT, activecolor: INK },
    showlegend: false,
  };
}

/** Pixels that the title takes, with or without a note under it. */
export function titleHeight(note: string): number {
  return note ? 70 : 42;
}

/** For axes of values: 4e-5, where Plotly would write 40µ. */
export const EXPONENTS: Readonly<Record<string, unknown>> = { exponentformat: "e" };

/** What every axis begins with: no grid, a thin frame all round, room made for its labels. */
export function baseAxis(title: string): Record<string, unknown> {
  return {
    title: { text: escapeText(title, 60), standoff: 7 },
    automargin: true,
    showgrid: false,
    zeroline: false,
    showline: true,
    mirror: true,
    linecolor: FAINT,
    linewidth: 1,
    ticks: "outside",
    ticklen: 4,
    tickcolor: FAINT,
  };
}
