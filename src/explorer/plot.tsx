import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Figure } from "../figures/figure.js";

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
 * A figure in the page, as wide as its place.
 *
 * The figure is drawn anew when it is another object; a change of `marks` alone moves only these, which is much less work.

 * @param props.label what a screen reader says of the figure.
 */
export function Plot(props: {
  readonly figure: Figure;
  readonly label: string;
  /** In pixels; by default the figure's own. */
  readonly height?: number;
  readonly marks?: readonly Mark[];
  readonly onHover?: (point: PlotPoint | undefined) => void;
  readonly onClick?: (point: PlotPoint) => void;
}): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const drawn = useRef<{ figure?: Figure; marks?: readonly Mark[] }>({});

  const draw = (): void => {
    const element = place.current as Drawn | null;
    if (!element || element.clientWidth === 0) return; // unseen: drawn when it is seen, see the observer
    const { figure, marks = [] } = latest.current;
    const before = drawn.current;
    if (before.figure === figure && sameMarks(before.marks ?? [], marks)) return;
    drawn.current = { figure, marks };
    const shapes = [...((figure.layout.shapes as Mark[] | undefined) ?? []), ...marks];
    const { title } = figure.layout;
    const height = latest.current.height ?? figure.layout.height;
    // The title hangs a few pixels below the upper edge, which it counts from the lower one.
    const layout = { ...figure.layout, height, title: { ...title, y: 1 - 12 / height }, autosize: true, shapes };
    if (before.figure === figure) {
      void plotly().relayout(element, { shapes }); // all at once: of one shape's place Plotly would draw all anew
      return;
    }
    const first = before.figure === undefined;
    void plotly().react(element, figure.data, layout, { ...figure.config, responsive: false }); // see the observer
    if (first) listen(element, latest);
  };
  useEffect(draw);
  useEffect(() => {
    const element = place.current as HTMLElement;
    let width = element.clientWidth;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === width && drawn.current.figure) return;
      width = element.clientWidth;
      if (width === 0) return;
      if (drawn.current.figure) void plotly().Plots.resize(element);
      draw();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      plotly().purge(element);
    };
  }, []);
  return (
    <div
      class="ts-plot"
      role="img"
      aria-label={props.label}
      ref={place}
      style={`min-height:${props.height ?? props.figure.layout.height}px`}
    />
  );
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
