import type { History } from "../src/tracker/history.js";
import type { Recording } from "../src/tracker/history-start.js";
import type { HistoryWriter } from "../src/tracker/history-writer.js";
import type { StateRow } from "../src/tracker/state-row.js";

/** A recording of two sites and a parameter whose values say when they were recorded. */
export const recording: Recording = {
  model: { name: "toy", metadata: { model: "toy", slots: "4" } },
  sites: [
    { kind: "state", name: "memory", axes: ["slot", "word"], shape: [4, 3], about: "memory" },
    { kind: "state", name: "read.0.weights", axes: ["slot"], shape: [4], about: "where it reads" },
    { kind: "parameter", name: "memory", axes: ["axis 0"], shape: [2], about: "a parameter of the same name" },
  ],
  settings: { dtype: "float32", samplingRate: 1, sequences: 2 },
};

/** Tokens of every batch. */
export const tokens = 3;

export function valueAt(epoch: number, batch: number, token: number): number {
  return epoch * 10_000 + batch * 100 + token;
}

/** All rows of one batch. */
export function rowsOf(epoch: number, batch: number): StateRow[] {
  const rows: StateRow[] = [];
  for (let step = 0; step < tokens; step++) {
    const at = { epoch, batch, step, kind: "state" as const };
    const value = valueAt(epoch, batch, step);
    rows.push({ ...at, site: "memory", shape: [2, 4, 3], data: new Float32Array(24).fill(value) });
    rows.push({
      ...at,
      site: "read.0.weights",
      shape: [2, 4],
      data: Float32Array.of(1, 0, 0, 0, 0.25, 0.25, 0.25, 0.25),
    });
  }
  const whole = { epoch, batch, step: null };
  rows.push({ ...whole, kind: "parameter", site: "memory", shape: [2], data: Float32Array.of(epoch, batch) });
  rows.push({ ...whole, kind: "metric", site: "loss", shape: [], data: Float32Array.of(batch) });
  return rows;
}

export function recordBatch(writer: HistoryWriter, epoch: number, batch: number): void {
  for (const row of rowsOf(epoch, batch)) writer.append(row);
}

/** Read everything that a history says it has. @returns "epoch/batch" of its batches @throws if a value is wrong or gone */
export async function readAll(history: History): Promise<string[]> {
  const found: string[] = [];
  for (const epoch of history.getAvailableEpochs()) {
    for (const batch of history.getAvailableBatches(epoch)) {
      for (const token of history.getAvailableTokens(epoch, batch)) {
        const { data } = await history.getState(epoch, batch, token, "memory");
        const wrong = data.find((value) => value !== valueAt(epoch, batch, token));
        if (wrong !== undefined) throw new Error(`${wrong} stood at epoch ${epoch}, batch ${batch}, token ${token}.`);
      }
      found.push(`${epoch}/${batch}`);
    }
  }
  return found;
}
