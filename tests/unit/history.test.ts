import { createServer, type Server } from "node:http";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openHistory } from "../../src/tracker/history.js";
import { openHistoryWriter } from "../../src/tracker/history-writer.js";
import { historyAt } from "../../src/tracker/http-storage.js";
import type { Moment } from "../../src/tracker/part-cover.js";
import { readAll, recordBatch, recording, rowsOf, tokens, valueAt } from "../history-rows.js";
import { type MemoryStorage, memoryStorage } from "../history-storage.js";

let storage: MemoryStorage;
let warned: string[];
const warn = (message: string): void => {
  warned.push(message);
};

beforeEach(async () => {
  storage = memoryStorage();
  warned = [];
});

/** Two epochs of two batches, each epoch a part. */
async function written(partBytes = 1e6): Promise<MemoryStorage> {
  const writer = await openHistoryWriter(storage, recording, { partBytes });
  for (const epoch of [0, 1]) {
    for (const batch of [3, 7]) recordBatch(writer, epoch, batch);
    await writer.flush();
  }
  return storage;
}

/** Put another content in a file's place. */
function change(file: string, edit: (content: Uint8Array) => Uint8Array): void {
  const content = edit(Uint8Array.from(storage.files.get(file)?.content ?? []));
  storage.files.set(file, { content, durable: content });
}

function fileNames(): string[] {
  return [...storage.files.keys()].sort();
}

describe("a history", () => {
  test("tells what it has without reading a part's rows", async () => {
    await written();
    const reads: number[] = [];
    const read: MemoryStorage["read"] = async (file, start, end) => {
      const bytes = await storage.read(file, start, end);
      if (file.startsWith("part")) reads.push(bytes?.length ?? 0);
      return bytes;
    };
    const history = await openHistory({ ...storage, read });
    expect(history.getAvailableEpochs()).toEqual([0, 1]);
    expect(history.getAvailableBatches(1)).toEqual([3, 7]);
    expect(history.getAvailableTokens(1, 7)).toEqual([0, 1, 2]);
    expect(history.metrics).toEqual([0, 1].map((epoch) => ({ epoch, means: { loss: 5 } })));
    expect(history).toMatchObject({ ...recording, size: { parts: 2, rows: 4 * (2 * tokens + 2) }, warnings: [] });
    expect(reads).toHaveLength(2);
    expect(Math.max(...reads)).toBeLessThan(history.size.bytes / 3);
  });

  test("gives back states, series, parameters and numbers as they were recorded", async () => {
    const history = await openHistory(await written());
    const weights = await history.getState(1, 7, 2, "read.0.weights");
    expect(weights).toMatchObject({ name: "read.0.weights", axes: ["batch", "slot"], shape: [2, 4] });
    expect([...weights.data]).toEqual([1, 0, 0, 0, 0.25, 0.25, 0.25, 0.25]);
    const memory = await history.getSeries(0, 3, "memory");
    expect(memory).toMatchObject({ axes: ["step", "batch", "slot", "word"], shape: [tokens, 2, 4, 3] });
    expect([...memory.data].filter((_, index) => index % 24 === 5)).toEqual([0, 1, 2].map((t) => valueAt(0, 3, t)));
    expect([...(await history.getParameter(1, 3, "memory")).data]).toEqual([1, 3]);
    const rows = await history.getRows({ epoch: 1, batch: 7, site: "read.0.weights" });
    expect(rows.map(({ step }) => step)).toEqual([0, 1, 2]);
    for (const { entropy, mean, min, max, norm } of rows) {
      expect(entropy).toBeCloseTo(Math.log(4) / 2, 6); // of a row on one slot and an even one
      expect([mean, min, max, norm]).toEqual([0.25, 0, 1, Math.sqrt(1.25)]);
    }
    const metrics = await history.getRows({ kind: "metric" });
    expect(metrics.map(({ epoch, batch, step, mean }) => [epoch, batch, step, mean])).toEqual([
      ...[3, 7].map((batch) => [0, batch, null, batch]),
      ...[3, 7].map((batch) => [1, batch, null, batch]),
    ]);
  });

  test("says what there is where something was not recorded", async () => {
    const history = await openHistory(await written());
    await expect(history.getState(2, 3, 0, "memory")).rejects.toThrow("Epoch 2 was not recorded; epochs are 0 to 1.");
    await expect(history.getState(1, 4, 0, "memory")).rejects.toThrow("of epoch 1 was not recorded; batches are 3, 7.");
    await expect(history.getState(1, 3, 9, "memory")).rejects.toThrow("Token 9 of epoch 1, batch 3 was not recorded");
    await expect(history.getState(1, 3, 0, "memroy")).rejects.toThrow(
      'no state "memroy" (did you mean memory?); it has memory, read.0.weights',
    );
    await expect(history.getGradient(1, 3, "memory")).rejects.toThrow("it has no gradient at all");
    await expect(history.getSeries(1, 4, "memory")).rejects.toThrow("Batch 4 of epoch 1 was not recorded");
  });

  test("shows what was saved since, when it is asked to", async () => {
    const writer = await openHistoryWriter(storage, recording);
    recordBatch(writer, 0, 0);
    await writer.flush();
    const history = await openHistory(storage);
    recordBatch(writer, 0, 1);
    expect(await history.refresh()).toBe(false);
    await writer.flush();
    expect(history.getAvailableBatches(0)).toEqual([0]);
    expect(await history.refresh()).toBe(true);
    expect(await readAll(history)).toEqual(["0/0", "0/1"]);
  });
});

describe("a damaged history", () => {
  test("names a part that is gone or cut short, and is read without it", async () => {
    for (const damage of [
      (): unknown => storage.files.delete("part-000001.parquet"),
      (): void => change("part-000001.parquet", (all) => all.slice(0, -1)),
    ]) {
      storage = memoryStorage();
      warned = [];
      await written();
      damage();
      const history = await openHistory(storage, { warn });
      expect(await readAll(history)).toEqual(["1/3", "1/7"]);
      expect(history.warnings).toEqual([
        expect.stringMatching(/"memory": part-000001.parquet is .*Its 16 rows are left out/),
      ]);
      expect(warned).toEqual(history.warnings);
    }
  });

  test("never gives a value that was not written, whichever byte of a part is changed", async () => {
    await written();
    const whole = storage.files.get("part-000002.parquet")?.content ?? new Uint8Array();
    const outcomes = { refused: 0, same: 0 };
    for (let at = 0; at < whole.length; at += 13) {
      change("part-000002.parquet", () => whole.map((byte, index) => (index === at ? byte ^ 0x40 : byte)));
      const history = await openHistory(storage, { warn });
      try {
        const found = await readAll(history); // throws if a value is another
        const numbers = await history.getRows({ epoch: 1 });
        expect(found).toEqual(numbers.length > 0 ? ["0/3", "0/7", "1/3", "1/7"] : ["0/3", "0/7"]);
        outcomes[numbers.length > 0 ? "same" : "refused"]++;
      } catch (error) {
        expect((error as Error).message).toMatch(/part-000002.parquet is damaged|was not recorded/);
        outcomes.refused++;
      }
    }
    expect(outcomes.refused).toBeGreaterThan(100);
    expect(outcomes.same).toBeLessThan(outcomes.refused); // bytes of values that are not looked at here
  });

  test("is read as the manifest before has it where the last is damaged, but not gone on with", async () => {
    await written();
    change("_manifest-000003.json", (all) => all.slice(0, -9));
    const history = await openHistory(storage, { warn });
    expect(await readAll(history)).toEqual(["0/3", "0/7"]);
    expect(warned).toEqual([expect.stringMatching(/_manifest-000003.json is damaged; an older manifest is used/)]);
    await expect(openHistoryWriter(storage, recording, { resumeAt: [9, 0] })).rejects.toThrow(/move it away to go on/);
    change("_manifest-000002.json", (all) => all.map((byte, index) => (index === 150 ? byte ^ 1 : byte)));
    await expect(openHistory(storage)).rejects.toThrow(/is lost: _manifest-000003.json, _manifest-000002.json/);
  });

  test("is refused where it is none, another's, or of a version to come", async () => {
    await expect(openHistory(storage)).rejects.toThrow('There is no state history in "memory": no manifest is there.');
    await written();
    const text = (edit: (all: string) => string) =>
      change("_manifest-000003.json", (all) => new TextEncoder().encode(edit(new TextDecoder().decode(all))));
    text((all) => all.replace('"version":1', '"version":2'));
    await expect(openHistory(storage)).rejects.toThrow(/is of version "2"; this tapescope reads 1/);
    for (const foreign of ["{}", "[]", "null", '{"format":"other"}']) {
      text(() => foreign);
      await expect(openHistory(storage)).rejects.toThrow(/is not the manifest of a state history of tapescope/);
    }
  });
});

describe("a second writer", () => {
  test("is told who was first, and what the first has saved stays", async () => {
    const first = await openHistoryWriter({ ...storage, owner: "process 1 on ada" }, recording);
    const second = await openHistoryWriter({ ...storage, owner: "process 2 on ada" }, recording, { resumeAt: [0, 0] });
    recordBatch(first, 0, 0);
    recordBatch(second, 0, 1);
    await first.flush();
    await expect(second.flush()).rejects.toThrow(/another writer, which was faster: "process 1 on ada"/);
    expect(await readAll(await openHistory(storage))).toEqual(["0/0"]);
  });

  test("is told even when the first is so far ahead that the number is free again", async () => {
    const first = await openHistoryWriter(storage, recording);
    const second = await openHistoryWriter(storage, recording, { resumeAt: [0, 0] });
    for (let batch = 0; batch < 5; batch++) {
      recordBatch(first, 0, batch);
      await first.flush();
    }
    expect(fileNames()).not.toContain("_manifest-000002.json");
    recordBatch(second, 0, 9);
    await expect(second.flush()).rejects.toThrow(/another writer/);
    recordBatch(first, 0, 5);
    await first.flush();
    expect(await readAll(await openHistory(storage))).toEqual([0, 1, 2, 3, 4, 5].map((batch) => `0/${batch}`));
  });

  test("keeps its files while the first takes away what an earlier one has left", async () => {
    await written();
    await storage.create("part-000007.parquet", []); // of a writer that was stopped before it said so
    const rename: MemoryStorage["rename"] = async (file, name) => {
      await storage.rename(file, name);
      await storage.create("part-000009.parquet", []); // of one that has just begun
    };
    const writer = await openHistoryWriter({ ...storage, rename }, recording, { resumeAt: [1, 0] });
    recordBatch(writer, 1, 0);
    await writer.flush();
    const parts = fileNames().filter((name) => name.startsWith("part"));
    expect(parts).toEqual(["part-000001.parquet", "part-000008.parquet", "part-000009.parquet"]);
  });

  test("that begins at the same moment is told at once", async () => {
    const begun = await Promise.allSettled([1, 2, 3].map(() => openHistoryWriter(storage, recording)));
    expect(begun.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
  });
});

describe("going on with a history", () => {
  const goOn = (resumeAt: Moment) => openHistoryWriter(storage, recording, { resumeAt });

  test("drops what comes later, and leaves no file of it", async () => {
    await written();
    const writer = await goOn([1, 0]);
    recordBatch(writer, 1, 5);
    await writer.flush();
    const history = await openHistory(storage);
    expect(await readAll(history)).toEqual(["0/3", "0/7", "1/5"]);
    expect(history.metrics).toEqual([
      { epoch: 0, means: { loss: 5 } },
      { epoch: 1, means: { loss: 5 } },
    ]);
    expect(fileNames().filter((name) => name.endsWith(".parquet"))).toEqual([
      "part-000001.parquet",
      "part-000003.parquet",
    ]);
  });

  test("is refused in the middle of a saving, of another model, and where nobody asked for it", async () => {
    await written();
    const before = fileNames();
    await expect(goOn([1, 7])).rejects.toThrow(
      /cannot be cut at epoch 1, batch 7, in the middle of part-000002.parquet/,
    );
    const other = { ...recording, model: { name: "other", metadata: {} } };
    await expect(openHistoryWriter(storage, other, { resumeAt: [2, 0] })).rejects.toThrow(
      /history of another model \(toy\)/,
    );
    const sites = recording.sites.map((site) => ({ ...site, shape: site.shape.map((length) => length + 1) }));
    await expect(openHistoryWriter(storage, { ...recording, sites }, { resumeAt: [2, 0] })).rejects.toThrow(
      /choose another/,
    );
    await expect(openHistoryWriter(storage, recording)).rejects.toThrow(
      /holds a state history already, of 32 rows by "a test"; .* remove this one, or say where to go on/,
    );
    expect(fileNames()).toEqual(before);
    storage = memoryStorage();
    await expect(goOn([0, 0])).rejects.toThrow(/holds no state history to go on with/);
    change("part-000001.parquet", (all) => all);
    await expect(openHistoryWriter(storage, recording)).rejects.toThrow(/holds parts of a history, but no manifest/);
  });
});

describe("rows", () => {
  test("are refused where they do not fit what is recorded", async () => {
    const writer = await openHistoryWriter(storage, recording);
    const row = rowsOf(0, 0)[0];
    if (!row) throw new Error("A batch has rows.");
    expect(() => writer.append({ ...row, epoch: -1 })).toThrow("A row's epoch is a whole number from 0; -1 was given.");
    expect(() => writer.append({ ...row, batch: 0.5 })).toThrow("A row's batch is a whole number");
    expect(() => writer.append({ ...row, site: "other" })).toThrow('does not record the state "other"');
    expect(() => writer.append({ ...row, shape: [2, 12] })).toThrow("is [batch,4,3] with a step; [2,12] was given");
    expect(() => writer.append({ ...row, step: null })).toThrow("step null");
    expect(() => writer.append({ ...row, data: new Float32Array(3) })).toThrow("holds 24 values; 3 were given");
  });

  test("are seen a whole batch at a time, also where parts are smaller", async () => {
    const writer = await openHistoryWriter(storage, recording, { partBytes: 500 });
    let seen = 0;
    for (const row of [0, 1, 2, 3].flatMap((batch) => rowsOf(0, batch))) {
      writer.append(row);
      await new Promise((resolve) => setTimeout(resolve));
      const history = await openHistory(storage);
      const batches = history.getAvailableBatches(0);
      for (const batch of batches) expect(history.getAvailableTokens(0, batch)).toEqual([0, 1, 2]);
      expect(history.size.rows).toBe(batches.length * (2 * tokens + 2));
      seen = batches.length;
    }
    expect(seen).toBeGreaterThan(0); // while nothing was saved
  });

  test("wait for room in a buffer that is bounded, whatever the pace", async () => {
    const writer = await openHistoryWriter(storage, recording, { partBytes: 4000 });
    for (let batch = 0; batch < 50; batch++) {
      await writer.room();
      recordBatch(writer, 0, batch);
      const files = [...storage.files].filter(([name]) => name.startsWith("part"));
      const stored = files.reduce((sum, [, { content }]) => sum + content.length, 0);
      expect(writer.bytes - stored).toBeLessThan(80_000);
    }
    await writer.flush();
    const [stored] = [[...new Set(storage.files.values())].reduce((sum, { content }) => sum + content.length, 0)];
    expect(writer.bytes).toBeGreaterThanOrEqual(stored);
  });
});

describe("over HTTP", () => {
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.close();
  });

  /** A server of static files; one that ignores ranges sends all, as the format allows. */
  async function serve(ranges: boolean): Promise<string> {
    const server = createServer((request, response) => {
      const content = storage.files.get((request.url ?? "").slice(1))?.content;
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(ranges ? (request.headers.range ?? "") : "") ?? [];
      if (!content) response.writeHead(404).end();
      else if (from === undefined) response.end(content);
      else if (Number(from) >= content.length) response.writeHead(416).end();
      else response.writeHead(206).end(content.slice(Number(from), to ? Number(to) + 1 : undefined));
    });
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  test.each([true, false])("the same is read, with ranges: %s", async (ranges) => {
    await written();
    const address = await serve(ranges);
    const history = await openHistory(historyAt(address));
    expect(await readAll(history)).toEqual(["0/3", "0/7", "1/3", "1/7"]);
    const writer = await openHistoryWriter(storage, recording, { resumeAt: [2, 0] });
    recordBatch(writer, 2, 0);
    await writer.flush();
    expect(await history.refresh()).toBe(true);
    expect(history.getAvailableEpochs()).toEqual([0, 1, 2]);
    change("part-000001.parquet", (all) => all.slice(0, 100));
    expect((await openHistory(historyAt(address), { warn })).getAvailableEpochs()).toEqual([1, 2]);
    storage = memoryStorage();
    await expect(openHistory(historyAt(address))).rejects.toThrow(/There is no state history in "http:/);
    for (const server of servers.splice(0)) await new Promise((done) => server.close(done).closeAllConnections());
    await expect(openHistory(historyAt(address))).rejects.toThrow(/_manifest-latest.json could not be reached: /);
  });
});
