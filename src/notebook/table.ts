import { readFileSync } from "node:fs";
import { toCsv } from "./csv.js";
import type { DataFrame } from "./data-frame.js";

/** Rows seen of a longer table. */
const MOST_ROWS = 100;

/** Rows that are sorted, seen or not; a longer table would weigh too much, and sorting a part of it would mislead. */
const MOST_SORTED = 1000;

/** Bytes of CSV behind a link: browsers refuse addresses over 2 MB. */
const MOST_LINKED = 1_000_000;

/** Sorts the table that an event happened in, and knows no name outside. Its comment and indentation are for people. */
const SORT = readFileSync(new URL("../../src/notebook/sort-table.js", import.meta.url), "utf8").replace(
  /^(\/\/.*| +)/gm,
  "",
);

/**
 * A table as HTML that front ends style by their own theme. Cells and headers are escaped: they may be a stranger's.
 *
 * Where scripts run, a click on a header sorts all rows, up to 1,000 of them: up, down, and as they came. A rounded number
 * shows itself in full under the pointer, and is sorted so; what is missing or NaN comes last. A link gives all rows as CSV.
 *
 * What sorts stands in attributes, and heads are plain cells: a sanitizer such as that of JupyterLab's export, which shows
 * the source of <script>, <th> and <thead>, drops the one silently and leaves the others a readable table.
 *
 * @param csv the CSV file's name, and its address if it stands beside the page; without one it is in the link itself.
 */
export function htmlTable(frame: DataFrame, csv: { name: string; address?: string } = { name: "table.csv" }): string {
  const sortable = frame.index.length > 1 && frame.index.length <= MOST_SORTED;
  const rows = rowsOf(frame, sortable ? MOST_SORTED : MOST_ROWS);
  const sides = textColumns(frame, rows).map((isText) => (isText ? "left" : "right"));
  const names = ["#", ...frame.columns].map((name) => escapeHtml(readable(name)));
  const head = names.map((name, column) => headCell(name, sides[column] as string, sortable));
  const body = rows.map(({ label, cells }, row) => {
    const all = sides.map((side, column) => (column === 0 ? rowHead(label, side) : cell(cells[column - 1], side)));
    return `<tr${row >= MOST_ROWS ? " hidden" : ""}>${all.join("")}</tr>`;
  });
  const sorts = `(${SORT.trim()})(event)`;
  const handlers = sortable ? ` onclick="${escapeHtml(sorts)}" onkeydown="this.onclick(event)"` : "";
  const foot = [frame.index.length > MOST_ROWS ? escapeHtml(rest(frame)) : "", csvLink(frame, csv)].filter(Boolean);
  const table = `<table><tr>${head.join("")}</tr>${body.join("")}</table>`;
  return `<div${handlers}>${table}<div style="font-size:.85em;margin:.4em 0">${foot.join(" · ")}</div></div>`;
}

/** The arrow has its room before it is there. JupyterLab would take the Enter key for itself. */
function headCell(name: string, side: string, sortable: boolean): string {
  const line = "border-bottom:1px solid rgba(128,128,128,.6)";
  if (!sortable) return `<td role="columnheader" style="text-align:${side};${line}"><b>${name}</b></td>`;
  const arrow = '<span aria-hidden="true" style="display:inline-block;width:1.4em;font-size:.8em"></span>';
  const look = "cursor:pointer;text-decoration:underline dotted;text-underline-offset:.25em";
  const words = `<b>${name}</b>`;
  const inside = side === "right" ? arrow + words : words + arrow;
  const attributes = `role="button" tabindex="0" data-lm-suppress-shortcuts title="Sort" style="${look}"`;
  return `<td role="columnheader" aria-sort="none" style="text-align:${side};${line}"><span ${attributes}>${inside}</span></td>`;
}

function rowHead(label: string | number, side: string): string {
  return `<td role="rowheader" style="text-align:${side}"${inFull(label)}><b>${escapeHtml(readable(label))}</b></td>`;
}

function cell(content: unknown, side: string): string {
  return `<td style="text-align:${side}"${inFull(content)}>${escapeHtml(readable(content))}</td>`;
}

function inFull(content: unknown): string {
  return typeof content === "number" && String(content) !== readable(content) ? ` title="${content}"` : "";
}

function csvLink(frame: DataFrame, { name, address }: { name: string; address?: string }): string {
  const csv = Buffer.from(address ? "" : toCsv(frame));
  if (csv.length > MOST_LINKED) return "too long for a link to its CSV: write toCsv(table) to a file";
  const target = address ?? `data:text/csv;charset=utf-8;base64,${csv.toString("base64")}`;
  return `<a download="${escapeHtml(name)}" href="${escapeHtml(target)}">CSV</a>`;
}

/** The same table in columns of plain text. */
export function textTable(frame: DataFrame): string {
  const rows = rowsOf(frame, MOST_ROWS);
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

function rowsOf(frame: DataFrame, most: number): Row[] {
  return frame.index.slice(0, most).map((label, row) => {
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

/** Make any text safe within HTML, also within an attribute's quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
