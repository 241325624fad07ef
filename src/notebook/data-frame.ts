/** What is used of a danfo.js DataFrame. */
export interface DataFrame {
  readonly columns: readonly string[];
  readonly index: readonly (string | number)[];
  /** One list of cells for each row. */
  readonly values: readonly unknown[];
}

/** A table's rows as plain records: the columns are their keys, in the order in which they first come. */
export type Rows = readonly Readonly<Record<string, unknown>>[];

/** Whether something has the shape of a DataFrame: importing danfo.js to ask would take seconds. */
export function isDataFrame(what: unknown): what is DataFrame {
  const { columns, values, index } = (what ?? {}) as DataFrame;
  return Array.isArray(columns) && Array.isArray(values) && Array.isArray(index);
}

/** Records as a table; a key that a record lacks is an empty cell. */
export function frameOf(rows: Rows): DataFrame {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const values = rows.map((row) => columns.map((column) => (Object.hasOwn(row, column) ? row[column] : undefined)));
  return { columns, index: rows.map((_, row) => row), values };
}
