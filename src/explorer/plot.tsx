import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { type Figure, type Layout, titleHeight } from "../figures/figure.js";
import { type Drawing, drawing } from "./drawing.js";

/** What of plotly.js is used here; it stands beside the page's script, and is not part of it. */
interface Plotly {
  react(element: HTMLElement, data: unknown, layout: unknown, config: unknown): Promise<unknown>;
  relayout(element: HTMLElement, change: Record<string, unknown>): Promise<unknown>;
  purge(element: HTMLElement): void;
  readonly Plots: { resize(element: HTMLElement): Promise<unknown> };
}

/** A point of a figure that the pointer is at: the position on its axes, and which of the figure's traces it is of. */
export interface PlotPoint {
  readonly x: number | string;
  readonly y: number | string;
  /** Row and column of a heatmap's cell. */
  readonly row?: number;
  readonly column?: number;
  readonly trace: number;
}

interface PlotEvent {
  readonly points: readonly {
    readonly x: number | string;
    readonly y: number | string;
    readonly curveNumber: number;
    readonly pointIndex?: number | readonly [number, number];
  }[];
}

/** A shape of Plotly's, drawn over a figure: the current token, what is pointed at. */
export type Mark = Readonly<Record<string, unknown>>;

type Drawn = HTMLElement & {
  on?(event: string, listener: (event: PlotEvent) => void): void;
};

/**
 * A figure in the page, as wide as its place, its title above it.
 *
 * The figure is drawn anew when it is another one; a change of `marks` alone moves only these, which is much less work.
 *
 * @param props.label what a screen reader says of the figure.
 */
export function Plot(props: {
  readonly figure: Figure;
  readonly label: string;
  /** In pixels, with the title; by default the figure's own. */
  readonly height?: number;
  readonly marks?: readonly Mark[];
  readonly onHover?: (point: PlotPoint | undefined) => void;
  readonly onClick?: (point: PlotPoint) => void;
}): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const own = useRef<Drawing>(undefined);
  useEffect(() => {
    const element = place.current as Drawn;
    if (document.readyState === "complete") plotly(); // that it is missing is said now, and in the figure's place
    const drawn: { figure?: Figure; text?: string; marks?: readonly Mark[]; width?: number } = {};
    own.current = drawing(element, (width) => {
      const { figure, marks = [], height = figure.layout.height } = latest.current;
      const before = { ...drawn };
      // Made anew, many a figure is as it was. Plotly leaves things of its own in what it is given: the text is of before.
      const text = before.figure === figure ? before.text : JSON.stringify([figure.data, figure.layout, height]);
      Object.assign(drawn, { figure, text, marks, width });
      const stays = before.text === text;
      if (before.figure && before.width !== width) void plotly().Plots.resize(element);
      if (stays && sameMarks(before.marks ?? [], marks)) return;
      const shapes = [...((figure.layout.shapes as Mark[] | undefined) ?? []), ...marks];
      // All shapes at once: of one shape's place Plotly would draw all anew.
      if (stays) return void plotly().relayout(element, { shapes });
      const layout = { ...withoutTitle(figure.layout, height), autosize: true, shapes };
      void plotly().react(element, figure.data, layout, { ...figure.config, responsive: false }); // the drawing looks
      if (!before.figure) listen(element, latest);
    });
    return () => {
      own.current?.end();
      if (drawn.figure) plotly().purge(element);
    };
  }, []);
  useLayoutEffect(() => own.current?.change(), [props.figure, props.marks, props.height]); // drawn in this very frame
  const { layout } = props.figure;
  const title = textOf(layout.title.text);
  const height = withoutTitle(layout, props.height ?? layout.height).height;
  return (
    <figure class="ts-figure">
      {layout.title.subtitle === undefined && (
        <figcaption class="ts-title" title={title}>
          {title}
        </figcaption>
      )}
      <div class="ts-plot" role="img" aria-label={props.label} ref={place} style={`height:${height}px`} />
    </figure>
  );
}

/** The page's own title can be cut short in a narrow place; one that has a second line, about odd values, stays Plotly's. */
function withoutTitle(layout: Layout, height: number): Layout {
  // Plotly's title hangs a few pixels below the upper edge, which it counts from the lower one.
  if (layout.title.subtitle !== undefined) return { ...layout, height, title: { ...layout.title, y: 1 - 12 / height } };
  const taken = titleHeight("") - 8;
  const margin = layout.margin as { readonly t: number };
  return { ...layout, height: height - taken, title: { text: "" }, margin: { ...margin, t: margin.t - taken } };
}

/** Text of a figure as it reads: `escapeText` undone. */
function textOf(escaped: string): string {
  return escaped.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

function plotly(): Plotly {
  const found = (globalThis as { Plotly?: Plotly }).Plotly;
  if (found) return found;
  throw new Error("The figures need plotly.js, which this page does not have.");
}

function listen(
  element: Drawn,
  latest: {
    readonly current: { onHover?: (point: PlotPoint | undefined) => void; onClick?: (point: PlotPoint) => void };
  },
): void {
  element.on?.("plotly_hover", (event) => latest.current.onHover?.(pointOf(event)));
  element.on?.("plotly_unhover", () => latest.current.onHover?.(undefined));
  element.on?.("plotly_click", (event) => {
    const point = pointOf(event);
    if (point) latest.current.onClick?.(point);
  });
}

function pointOf({ points }: PlotEvent): PlotPoint | undefined {
  const [first] = points;
  if (!first) return undefined;
  const { x, y, curveNumber: trace, pointIndex } = first;
  return Array.isArray(pointIndex)
    ? { x, y, trace, row: pointIndex[0], column: pointIndex[1] }
    : { x, y, trace, column: pointIndex as number };
}

function sameMarks(some: readonly Mark[], others: readonly Mark[]): boolean {
  return some === others || JSON.stringify(some) === JSON.stringify(others);
}
