import type { DataFrame } from "./data-frame.js";

/**
 * A table as CSV after RFC 4180: all rows, numbers in full, lines ended by CRLF, and whatever holds a comma, a quote or a
 * line break in quotes, which danfo's own toCSV leaves bare.
 *
 * The index comes first if it says more than the rows' numbers. What is missing is empty. Text that a spreadsheet would
 * run as a formula, such as `=HYPERLINK(…)`, gets an apostrophe before it; numbers and single signs stay as they are.
 *
 * @example await writeFile("entropy.csv", toCsv(frame));
 */
export function toCsv({ columns, index, values }: DataFrame): string {
  const indexed = index.some((label, row) => label !== row);
  const line = (label: unknown, cells: readonly unknown[]): string =>
    `${(indexed ? [label, ...cells] : cells).map(field).join(",")}\r\n`;
  const rows = values.map((cells, row) => line(index[row], Array.isArray(cells) ? cells : [cells]));
  return [line("", columns), ...rows].join("");
}

function field(content: unknown): string {
  if (content === null || content === undefined) return "";
  const text = String(content);
  const isFormula = typeof content === "string" && /^[=+\-@\t\r]./su.test(text) && Number.isNaN(Number(text));
  const safe = isFormula ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
