import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { NamedArray } from "../tensors/named-array.js";
import type { CellColours } from "./edit-colours.js";

/** A cell of what is edited. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/**
 * Numbers as coloured cells that a brush paints: click or drag, or the arrow keys and Enter.
 *
 * @param props.values of two axes
 * @param props.original the same before any edit; cells that differ from it are framed
 * @param props.paint is told of every cell that a stroke of the brush comes to; `continues` but for its first
 */
export function EditCanvas(props: {
  readonly values: NamedArray;
  readonly original: NamedArray;
  readonly colours: CellColours;
  readonly selected: Cell;
  readonly select: (cell: Cell) => void;
  readonly paint: (cell: Cell, continues: boolean) => void;
}): JSX.Element {
  const { values, original, colours, selected, select, paint } = props;
  const [rows, columns] = values.shape as [number, number];
  const [rowAxis, columnAxis] = values.axes as [string, string];
  const canvas = useRef<HTMLCanvasElement>(null);
  const stroke = useRef<Cell | undefined>(undefined);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(columns, rows);
    values.data.forEach((value, index) => {
      image.data.set(colours.of(value), index * 4);
    });
    context.putImageData(image, 0, 0);
  }, [values, colours, rows, columns]);

  const cellAt = (event: PointerEvent): Cell => {
    const box = (canvas.current as HTMLCanvasElement).getBoundingClientRect();
    const within = (part: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor(part * count)));
    return {
      row: within((event.clientY - box.top) / box.height, rows),
      column: within((event.clientX - box.left) / box.width, columns),
    };
  };
  const brush = (cell: Cell, continues: boolean): void => {
    stroke.current = cell;
    select(cell);
    paint(cell, continues);
  };
  const onKey = (event: KeyboardEvent): void => {
    const [down, right] =
      { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [];
    if (down !== undefined && right !== undefined) {
      select({
        row: Math.min(rows - 1, Math.max(0, selected.row + down)),
        column: Math.min(columns - 1, Math.max(0, selected.column + right)),
      });
    } else if (event.key === "Enter" || event.key === " ") paint(selected, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const outline = useMemo(() => outlineOf(values, original), [values, original]);
  const height = Math.min(380, Math.max(36, rows * Math.min(22, Math.max(4, Math.round(380 / rows)))));
  return (
    <div class="ts-canvas">
      <span class="ts-canvas-rows">{rowAxis && `${rowAxis} 0–${rows - 1}`}</span>
      <div
        class="ts-canvas-cells"
        style={`height:${height}px`}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the brush works by keys as well
        tabIndex={0}
        aria-label={`Values of ${values.name}: arrow keys move, Enter paints`}
        onKeyDown={onKey}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          brush(cellAt(event), false);
        }}
        onPointerMove={(event) => {
          const cell = cellAt(event);
          const last = stroke.current;
          if (!last || (last.row === cell.row && last.column === cell.column)) return;
          for (const between of line(last, cell)) brush(between, true);
        }}
        onPointerUp={() => {
          stroke.current = undefined;
        }}
        onPointerCancel={() => {
          stroke.current = undefined;
        }}
      >
        <canvas ref={canvas} width={columns} height={rows} />
        <svg viewBox={`0 0 ${columns} ${rows}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="ts-canvas-halo" d={outline} />
          <path class="ts-canvas-changed" d={outline} />
          <rect class="ts-canvas-selected" x={selected.column} y={selected.row} width={1} height={1} />
        </svg>
      </div>
      <span class="ts-canvas-columns">{`${columnAxis} 0–${columns - 1}`}</span>
    </div>
  );
}

/** The border of what differs, as an SVG path: the sides of changed cells whose neighbour there is as it was. */
function outlineOf({ shape, data }: NamedArray, original: NamedArray): string {
  const [rows, columns] = shape as [number, number];
  const differs = data.map((value, at) => (Object.is(value, original.data[at]) ? 0 : 1));
  const isChanged = (row: number, column: number): boolean =>
    row >= 0 && row < rows && column >= 0 && column < columns && differs[row * columns + column] === 1;
  const sides: string[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (!isChanged(row, column)) continue;
      if (!isChanged(row - 1, column)) sides.push(`M${column} ${row}h1`);
      if (!isChanged(row + 1, column)) sides.push(`M${column} ${row + 1}h1`);
      if (!isChanged(row, column - 1)) sides.push(`M${column} ${row}v1`);
      if (!isChanged(row, column + 1)) sides.push(`M${column + 1} ${row}v1`);
    }
  }
  return sides.join("");
}

/** Cells on the way from one to another, the first left out: a fast brush leaves no gaps. */
function line(from: Cell, to: Cell): Cell[] {
  const count = Math.max(Math.abs(to.row - from.row), Math.abs(to.column - from.column));
  return Array.from({ length: count }, (_, index) => {
    const part = (index + 1) / count;
    return {
      row: Math.round(from.row + part * (to.row - from.row)),
      column: Math.round(from.column + part * (to.column - from.column)),
    };
  });
}
