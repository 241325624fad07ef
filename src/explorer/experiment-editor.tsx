import type { JSX } from "preact";
import { useId, useMemo, useState } from "preact/hooks";
import { type NamedArray, namedArray, type Position, select } from "../tensors/named-array.js";
import { type Cell, EditCanvas } from "./edit-canvas.js";
import { type CellColours, cellColours } from "./edit-colours.js";
import { cellName, EditGrid } from "./edit-grid.js";
import { shortest } from "./edit-values.js";

/** Look at what is edited, and edit its cells: by a brush, or by typing numbers. */
export function CellEditor(props: {
  /** Before any edit, and as the edits leave it: the axes of a site or parameter. */
  readonly original: NamedArray;
  readonly edited: NamedArray;
  readonly region: Position;
  readonly set: (index: Position, value: number, continues: boolean) => void;
}): JSX.Element {
  const { region, set } = props;
  const id = useId();
  const [brush, setBrush] = useState("0");
  const [chosen, choose] = useState<Cell | undefined>();
  const original = useMemo(() => sheetOf(props.original, region), [props.original, region]);
  const edited = useMemo(() => sheetOf(props.edited, region), [props.edited, region]);
  const colours = useMemo(() => cellColours([original.values, edited.values]), [original, edited]);
  const [rows, columns] = edited.values.shape as [number, number];
  const { row, column } = chosen ?? peakOf(original.values);
  const selected = { row: Math.min(row, rows - 1), column: Math.min(column, columns - 1) };
  const at = selected.row * columns + selected.column;
  const indexOf = ({ row, column }: Cell): Position => {
    const [rowAxis, columnAxis] = edited.values.axes as [string, string];
    return { ...edited.fixed, ...(edited.flat ? {} : { [rowAxis]: row }), [columnAxis]: column };
  };
  const value = Number(brush);
  return (
    <section class="ts-panel" aria-label="Editor">
      <div class="ts-row">
        <label for={id}>Brush sets</label>
        <input
          id={id}
          class="ts-factor"
          type="number"
          step="any"
          value={brush}
          onInput={(event) => setBrush(event.currentTarget.value)}
        />
        <output class="ts-readout">
          {`${cellName(edited.values, selected)}: `}
          {shortest(edited.values.data[at] as number)}
          {!Object.is(edited.values.data[at], original.values.data[at]) &&
            ` (was ${shortest(original.values.data[at] as number)})`}
        </output>
        <Legend colours={colours} />
      </div>
      <EditCanvas
        values={edited.values}
        original={original.values}
        colours={colours}
        selected={selected}
        select={choose}
        paint={(cell, continues) => {
          if (brush.trim() !== "" && Number.isFinite(value)) set(indexOf(cell), value, continues);
        }}
      />
      <EditGrid
        values={edited.values}
        original={original.values}
        selected={selected}
        select={choose}
        set={(cell, typed) => set(indexOf(cell), typed, false)}
      />
    </section>
  );
}

function Legend({ colours: { low, high, stops } }: { readonly colours: CellColours }): JSX.Element {
  const text = (value: number) => `${Number(value.toPrecision(3))}`.replace("-", "−");
  return (
    <span class="ts-legend" aria-hidden="true">
      {text(low)}
      <i style={`background:linear-gradient(to right, ${stops.join(", ")})`} />
      {text(high)}
    </span>
  );
}

/** The cell that is furthest from zero: where there is something to see. */
function peakOf({ shape, data }: NamedArray): Cell {
  const at = data.reduce((best, value, index) => (Math.abs(value) > Math.abs(data[best] as number) ? index : best), 0);
  const columns = shape[1] as number;
  return { row: Math.floor(at / columns), column: at % columns };
}

/** Two axes of an array, that a sheet shows; further ones before them at their place in the region, or at 0. */
function sheetOf(
  array: NamedArray,
  region: Position,
): { readonly values: NamedArray; readonly fixed: Position; readonly flat: boolean } {
  const { name, axes, shape, data } = array;
  if (axes.length === 1) {
    return { values: namedArray(name, ["", axes[0] as string], [1, shape[0] as number], data), fixed: {}, flat: true };
  }
  const leading = axes.slice(0, -2);
  const shown = Object.fromEntries(leading.map((axis) => [axis, region[axis] ?? 0]));
  const fixed = Object.fromEntries(leading.flatMap((axis) => (axis in region ? [[axis, region[axis] as number]] : [])));
  return { values: select(array, shown), fixed, flat: false };
}
