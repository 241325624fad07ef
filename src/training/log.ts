import type { LogRow } from "./train.js";

const columns = ["update", "sequences", "longest", "bitsPerAnswer", "bitsPerSequence", "seconds"] as const;

/** A training log as CSV with a header line. */
export function logToCsv(log: readonly LogRow[]): string {
  const rows = log.map((row) => columns.map((column) => Number(row[column].toPrecision(7))).join(","));
  return `${[columns.join(","), ...rows].join("\n")}\n`;
}

/**
 * Read a training log back.
 *
 * @throws naming the line that has another form than logToCsv writes.
 */
export function logFromCsv(text: string): readonly LogRow[] {
  const [header, ...lines] = text.trimEnd().split(/\r?\n/);
  if (header !== columns.join(",")) {
    throw new Error(
      `A training log begins with the line "${columns.join(",")}"; it begins with "${header?.slice(0, 80)}".`,
    );
  }
  return lines.map((line, index) => {
    const values = line.split(",").map(Number);
    if (values.length !== columns.length || values.some((value) => !Number.isFinite(value))) {
      throw new Error(
        `Line ${index + 2} of the training log is "${line.slice(0, 80)}"; ${columns.length} numbers were expected.`,
      );
    }
    return Object.fromEntries(columns.map((column, i) => [column, values[i]])) as unknown as LogRow;
  });
}
