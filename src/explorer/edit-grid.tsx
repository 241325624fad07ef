import type { JSX } from "preact";
import type { NamedArray } from "../tensors/named-array.js";
import type { Cell } from "./edit-canvas.js";

const [mostRows, mostColumns] = [6, 6];

/** The numbers around the selected cell, to type others in their place. */
export function EditGrid(props: {
  readonly values: NamedArray;
  readonly original: NamedArray;
  readonly selected: Cell;
  readonly select: (cell: Cell) => void;
  readonly set: (cell: Cell, value: number) => void;
}): JSX.Element {
  const { values, original, selected, select, set } = props;
  const [rows, columns] = values.shape as [number, number];
  const [rowAxis, columnAxis] = values.axes as [string, string];
  const shownRows = window(selected.row, rows, mostRows);
  const shownColumns = window(selected.column, columns, mostColumns);
  return (
    <div class="ts-grid-place">
      <table class="ts-grid">
        <thead>
          <tr>
            <th scope="col">
              {rowAxis && `${rowAxis} \\ `}
              {columnAxis}
            </th>
            {shownColumns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shownRows.map((row) => (
            <tr key={row}>
              <th scope="row">{rowAxis && row}</th>
              {shownColumns.map((column) => {
                const at = row * columns + column;
                const value = values.data[at] as number;
                const isSelected = row === selected.row && column === selected.column;
                return (
                  <td key={column} class={Object.is(value, original.data[at]) ? "" : "ts-changed"}>
                    <input
                      type="number"
                      step="any"
                      aria-label={cellName(values, { row, column })}
                      aria-current={isSelected}
                      value={Number.isFinite(value) ? brief(value) : ""}
                      title={`${value}; before any edit ${original.data[at]}`}
                      onFocus={() => isSelected || select({ row, column })}
                      onChange={(event) => {
                        const typed = event.currentTarget.valueAsNumber;
                        if (Number.isFinite(typed)) set({ row, column }, typed);
                      }}
                    />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A cell as its axes name it: "slot 3, word 5"; a single row has no name. */
export function cellName({ axes }: NamedArray, { row, column }: Cell): string {
  const [rowAxis, columnAxis] = axes;
  return `${rowAxis && `${rowAxis} ${row}, `}${columnAxis} ${column}`;
}

/** A number in few characters. */
function brief(value: number): string {
  const small = value !== 0 && Math.abs(value) < 0.001;
  return small ? value.toExponential(1) : `${Number(value.toPrecision(3))}`;
}

/** Positions around the selected one, as many as are shown. */
function window(selected: number, length: number, most: number): number[] {
  const count = Math.min(length, most);
  const first = Math.min(length - count, Math.floor(selected / most) * most);
  return Array.from({ length: count }, (_, index) => first + index);
}
