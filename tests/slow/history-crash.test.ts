import { describe, expect, test } from "vitest";
import { type History, openHistory } from "../../src/tracker/history.js";
import { openHistoryWriter } from "../../src/tracker/history-writer.js";
import type { WritableStorage } from "../../src/tracker/storage.js";
import { readAll, recordBatch, recording } from "../history-rows.js";
import { afterPowerCut, failingStorage, failures, memoryStorage, powerCuts } from "../history-storage.js";

const epochs = 3;
const batches = 2;

/** Record a training and save after each epoch. @returns the epochs that were acknowledged, and what went wrong first */
async function record(
  storage: WritableStorage,
  partBytes: number,
  retry: boolean,
): Promise<{ acknowledged: number; problem: string | undefined }> {
  let acknowledged = 0;
  let problem: string | undefined;
  const guarded = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      problem ??= (error as Error).message;
      return false;
    }
  };
  await guarded(async () => {
    const writer = await openHistoryWriter(storage, recording, { partBytes });
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (let batch = 0; batch < batches; batch++) recordBatch(writer, epoch, batch);
      const saved = (await guarded(writer.flush)) || (retry && (await guarded(writer.flush)));
      if (saved) acknowledged = epoch + 1;
      else return;
    }
  });
  return { acknowledged, problem };
}

/** All batches that a history must have after so many saved epochs. */
function atLeast(acknowledged: number): string[] {
  const all = Array.from({ length: acknowledged }, (_, epoch) => [`${epoch}/0`, `${epoch}/1`]);
  return all.flat();
}

async function open(storage: WritableStorage): Promise<History | undefined> {
  return openHistory(storage, { warn: () => {} }).catch((error: Error) => {
    if (/There is no state history in "memory"/.test(error.message)) return undefined;
    throw error;
  });
}

async function operations(partBytes: number): Promise<number> {
  const counting = failingStorage(memoryStorage(), Number.POSITIVE_INFINITY, "before", false);
  await record(counting, partBytes, false);
  return counting.count();
}

describe.each([
  ["one part for each saving", 1e6],
  ["several parts between savings", 1000],
])("a history with %s", (_, partBytes) => {
  test.each(failures)("opens with everything acknowledged when the process dies %s any file operation", async (how) => {
    const count = await operations(partBytes);
    expect(count).toBeGreaterThan(30);
    for (let failsAt = 0; failsAt < count; failsAt++) {
      const memory = memoryStorage();
      const { acknowledged, problem } = await record(failingStorage(memory, failsAt, how, true), partBytes, false);
      expect(acknowledged === epochs || problem !== undefined).toBe(true);
      for (const cut of powerCuts) {
        const left = afterPowerCut(memory, cut, failsAt);
        const history = await open(left);
        const found = history ? await readAll(history) : [];
        expect({ failsAt, cut, found }).toEqual({ failsAt, cut, found: expect.arrayContaining(atLeast(acknowledged)) });
        expect({ failsAt, cut, warnings: history?.warnings ?? [] }).toEqual({ failsAt, cut, warnings: [] });
        // And a training that goes on from what was acknowledged finds nothing in its way.
        if (!history || cut !== powerCuts[failsAt % powerCuts.length]) continue;
        const writer = await openHistoryWriter(left, recording, { partBytes, resumeAt: [acknowledged, 0] });
        recordBatch(writer, acknowledged, 0);
        await writer.flush();
        const again = await openHistory(left);
        expect(await readAll(again)).toEqual([...atLeast(acknowledged), `${acknowledged}/0`]);
        expect([...left.files.keys()].filter((name) => name.startsWith("."))).toEqual([]);
      }
    }
  });

  test.each(failures)(
    "has every row once when an operation fails once, %s its effect, and saving is tried again",
    async (how) => {
      const count = await operations(partBytes);
      for (let failsAt = 0; failsAt < count; failsAt++) {
        const memory = memoryStorage();
        const { acknowledged, problem } = await record(failingStorage(memory, failsAt, how, false), partBytes, true);
        if (acknowledged === 0) continue; // it failed when the history was begun, and said so
        expect({ failsAt, acknowledged }).toEqual({ failsAt, acknowledged: epochs });
        if (problem) expect(problem).toMatch(/The state history could not be written: ENOSPC/);
        const history = await openHistory(memory);
        expect(await readAll(history)).toEqual(atLeast(epochs));
        const rows = await history.getRows();
        expect(
          new Set(rows.map(({ epoch, batch, step, kind, site }) => [epoch, batch, step, kind, site].join())).size,
        ).toBe(rows.length);
      }
    },
  );
});

test("a reader finds a whole history at every moment while it is written", async () => {
  const memory = memoryStorage();
  const seen: number[] = [];
  const watch = async (): Promise<void> => {
    const history = await open(memory);
    if (history) seen.push((await readAll(history)).length);
    expect(history?.warnings ?? []).toEqual([]);
  };
  const watched = <Arguments extends unknown[], Result>(operation: (...given: Arguments) => Promise<Result>) => {
    return async (...given: Arguments): Promise<Result> => {
      await watch();
      const result = await operation(...given);
      await watch();
      return result;
    };
  };
  const { create, link, rename, remove, flush } = memory;
  const storage = {
    ...memory,
    ...{ create: watched(create), link: watched(link), rename: watched(rename), remove: watched(remove) },
    flush: watched(flush),
  };
  expect(await record(storage, 1000, false)).toEqual({ acknowledged: epochs, problem: undefined });
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(epochs * batches);
});
