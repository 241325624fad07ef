import { expect, test } from "vitest";
import { openHistory } from "../../src/tracker/history.js";
import { openHistoryWriter } from "../../src/tracker/history-writer.js";
import type { ReadableStorage } from "../../src/tracker/storage.js";
import { recordBatch, recording } from "../history-rows.js";
import { memoryStorage } from "../history-storage.js";

test("the numbers about one batch are read from the parts that may hold it, and no others", async () => {
  const storage = memoryStorage();
  const writer = await openHistoryWriter(storage, recording);
  for (const [epoch, batch] of [
    [0, 0],
    [0, 3],
    [0, 8],
    [1, 0],
  ] as const) {
    recordBatch(writer, epoch, batch);
    await writer.flush(); // a part for each
  }
  const read = new Set<string>();
  const watched: ReadableStorage = {
    name: "watched",
    list: () => storage.list(),
    read: (file, start, end) => {
      read.add(file);
      return storage.read(file, start, end);
    },
  };
  const history = await openHistory(watched);
  const partsFor = async (filter: Parameters<typeof history.getRows>[0]) => {
    read.clear();
    const rows = await history.getRows(filter);
    return { rows: rows.length, parts: [...read].sort() };
  };
  const all = await history.getRows();
  const part = (number: number) => `part-00000${number}.parquet`;
  expect(await partsFor({ epoch: 0, batch: 3 })).toEqual({ rows: all.length / 4, parts: [part(2)] });
  expect(await partsFor({ epoch: 0, batch: 5 })).toEqual({ rows: 0, parts: [] });
  expect(await partsFor({ epoch: 1 })).toEqual({ rows: all.length / 4, parts: [part(4)] });
  expect((await partsFor({ batch: 0 })).rows).toBe(all.length / 2);
});
