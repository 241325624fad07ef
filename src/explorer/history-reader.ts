import type { NamedArray } from "../tensors/named-array.js";
import type { History } from "../tracker/history.js";
import type { RowNumbers } from "../tracker/part-reader.js";

/** Reads what is shown from a history; what was read last is kept, up to so many bytes. */
export interface HistoryReader {
  /** A site's values at every recorded token of a batch, [step, batch, ...site]. */
  series(epoch: number, batch: number, site: string): Promise<NamedArray>;
  parameters(epoch: number, batch: number, names: readonly string[]): Promise<NamedArray[]>;
  gradients(epoch: number, batch: number, names: readonly string[]): Promise<NamedArray[]>;
  /** The numbers about everything that was recorded of a batch. */
  rows(epoch: number, batch: number): Promise<readonly RowNumbers[]>;
}

const mostBytes = 64 * 2 ** 20;
const bytesOfRow = 400;

/** @param most bytes to keep; what was used longest ago goes first, but never what was asked for last */
export function historyReader(history: History, most: number = mostBytes): HistoryReader {
  const kept = new Map<string, { readonly value: Promise<unknown>; bytes: number }>(); // last used last
  const keeping = <Value>(
    key: string,
    read: () => Promise<Value>,
    bytesOf: (value: Value) => number,
  ): Promise<Value> => {
    const entry = kept.get(key) ?? { value: read(), bytes: 0 };
    if (!kept.has(key)) {
      (entry.value as Promise<Value>).then(
        (value) => {
          entry.bytes = bytesOf(value);
          forget(key);
        },
        () => kept.delete(key), // asked for again, it is read again
      );
    }
    kept.delete(key);
    kept.set(key, entry);
    return entry.value as Promise<Value>;
  };
  const forget = (last: string): void => {
    let bytes = [...kept.values()].reduce((sum, one) => sum + one.bytes, 0);
    for (const [key, one] of kept) {
      if (bytes <= most) return;
      if (key === last) continue;
      kept.delete(key);
      bytes -= one.bytes;
    }
  };
  const all = (kind: string, epoch: number, batch: number, names: readonly string[], read: History["getParameter"]) =>
    keeping(
      `${kind} ${epoch} ${batch} ${names.join(" ")}`,
      () => Promise.all(names.map((name) => read(epoch, batch, name))),
      (arrays) => arrays.reduce((sum, { data }) => sum + data.byteLength, 0),
    );
  return {
    series: (epoch, batch, site) =>
      keeping(
        `series ${epoch} ${batch} ${site}`,
        () => history.getSeries(epoch, batch, site),
        ({ data }) => data.byteLength,
      ),
    parameters: (epoch, batch, names) => all("parameters", epoch, batch, names, history.getParameter),
    gradients: (epoch, batch, names) => all("gradients", epoch, batch, names, history.getGradient),
    rows: (epoch, batch) =>
      keeping(
        `rows ${epoch} ${batch}`,
        () => history.getRows({ epoch, batch }),
        ({ length }) => length * bytesOfRow,
      ),
  };
}
