/** What is used of a danfo.js DataFrame. */
export interface DataFrame {
  readonly columns: readonly string[];
  readonly index: readonly (string | number)[];
  readonly values: readonly unknown[];
}

/** Rows drawn of a longer table. */
const MOST_ROWS = 100;

/** A table as HTML that front ends style by their own theme. Cells and headers are escaped: they may be a stranger's. */
export function htmlTable(frame: DataFrame): string {
  const rows = shownRows(frame);
  const aligned = textColumns(frame, rows).map((isText) => `style="text-align:${isText ? "left" : "right"}"`);
  const cell = (tag: string, content: unknown, column: number): string =>
    `<${tag} ${aligned[column]}>${escapeHtml(readable(content))}</${tag}>`;
  const head = ["", ...frame.columns].map((name, column) => cell("th", name, column)).join("");
  const body = rows.map(({ label, cells }) => {
    return `<tr>${[label, ...cells].map((content, column) => cell(column === 0 ? "th" : "td", content, column)).join("")}</tr>`;
  });
  const table = `<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
  return frame.index.length > MOST_ROWS ? `${table}<p>${escapeHtml(rest(frame))}</p>` : table;
}

/** The same table in columns of plain text. */
export function textTable(frame: DataFrame): string {
  const rows = shownRows(frame);
  const lines = [["", ...frame.columns], ...rows.map(({ label, cells }) => [label, ...cells])].map((line) =>
    line.map((content) => readable(content).replace(/\s+/g, " ")),
  );
  const widths = (lines[0] as string[]).map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  const isText = widths.map((_, column) =>
    rows.some(({ label, cells }) => typeof [label, ...cells][column] === "string"),
  );
  const text = lines.map((line) => {
    const padded = widths.map((width, column) => {
      const content = line[column] ?? "";
      return isText[column] ? content.padEnd(width) : content.padStart(width);
    });
    return padded.join("  ").trimEnd();
  });
  return [...text, ...(frame.index.length > MOST_ROWS ? [rest(frame)] : [])].join("\n");
}

interface Row {
  readonly label: string | number;
  readonly cells: readonly unknown[];
}

/** Which columns hold text, the index first: they are aligned to the left, numbers to the right. */
function textColumns({ columns }: DataFrame, rows: readonly Row[]): boolean[] {
  return ["", ...columns].map((_, column) => {
    return rows.some(({ label, cells }) => typeof (column === 0 ? label : cells[column - 1]) === "string");
  });
}

function shownRows(frame: DataFrame): Row[] {
  return frame.index.slice(0, MOST_ROWS).map((label, row) => {
    const cells = frame.values[row];
    return { label, cells: Array.isArray(cells) ? cells : [cells] };
  });
}

function rest({ index }: DataFrame): string {
  return `… ${(index.length - MOST_ROWS).toLocaleString("en")} more of ${index.length.toLocaleString("en")} rows`;
}

/** Numbers to four significant digits, whole ones in full; nothing for what is missing. */
function readable(content: unknown): string {
  if (content === null || content === undefined) return "";
  if (typeof content !== "number" || !Number.isFinite(content) || Number.isInteger(content)) return String(content);
  const magnitude = Math.abs(content);
  if (magnitude >= 10_000) return content.toFixed(0);
  return magnitude < 0.001 ? content.toExponential(3) : String(Number(content.toPrecision(4)));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
