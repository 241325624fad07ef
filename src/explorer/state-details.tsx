import type { JSX } from "preact";
import type { RowNumbers } from "../tracker/part-reader.js";

const columns = ["mean", "std", "min", "max", "norm", "entropy"] as const;

/** Numbers about every state that was recorded at a token, as the history has them; a row chooses its site. */
export function StateDetails(props: {
  readonly rows: readonly RowNumbers[];
  readonly about: (site: string) => string;
  readonly site: string;
  readonly choose: (site: string) => void;
}): JSX.Element {
  return (
    <div class="ts-scroll">
      <table class="ts-details">
        <thead>
          <tr>
            <th scope="col">state</th>
            <th scope="col">shape</th>
            {columns.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={row.site} class={row.site === props.site ? "ts-chosen" : ""}>
              <th scope="row">
                <button
                  type="button"
                  title={props.about(row.site)}
                  aria-pressed={row.site === props.site}
                  onClick={() => props.choose(row.site)}
                >
                  {row.site}
                </button>
              </th>
              <td>{(row.shape[0] === 1 ? row.shape.slice(1) : row.shape).join(" × ")}</td>
              {columns.map((name) => (
                <td key={name}>{numberText(row[name])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Four digits; nothing for what a state does not have. */
function numberText(value: number | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-2 || size >= 1e5)) return value.toExponential(2).replace("-", "−").replace("e−", "e-");
  return String(+value.toPrecision(4)).replace("-", "−");
}
