import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { historyFolder } from "../../src/files/folder-storage.js";
import { openHistoryWriter } from "../../src/tracker/history-writer.js";
import { recordBatch, recording, rowsOf, tokens } from "../history-rows.js";
import { limit } from "../limit.js";
import { refusedIn } from "./command-line.js";
import { python, root } from "./scratch.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tapescope-history-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("pandas and DuckDB read it as it is: values, checksums, and mean entropy per epoch in one line of SQL", async () => {
  const place = join(folder, "for python");
  const writer = await openHistoryWriter(historyFolder(place), recording);
  for (const epoch of [0, 1]) {
    recordBatch(writer, epoch, 0);
    const weights = rowsOf(epoch, 1).find(({ site }) => site === "read.0.weights");
    if (weights) writer.append({ ...weights, data: Float32Array.of(1, 0, 0, 0, 0, 1 - epoch, 0, epoch) });
    await writer.flush();
  }
  const script = `
import glob, json, sys
import duckdb, numpy, pandas
import pyarrow.parquet as parquet
folder = sys.argv[1]
frame = pandas.read_parquet(folder)
row = frame[(frame.epoch == 1) & (frame.step == 2) & (frame.site == "memory")].iloc[0]
memory = numpy.frombuffer(row.tensor, "<f4").reshape(row["shape"])
checked = [parquet.ParquetFile(file, page_checksum_verification=True).read().num_rows for file in glob.glob(folder + "/*.parquet")]
entropy = duckdb.sql(f"SELECT epoch, avg(entropy) FROM '{folder}/*.parquet' GROUP BY epoch ORDER BY epoch").fetchall()
first = duckdb.sql(f"SELECT shape, step, scale, kind FROM '{folder}/*.parquet' ORDER BY epoch, step, site LIMIT 1").fetchall()
print(json.dumps([len(frame), memory.shape, memory.tolist(), sum(checked), entropy, first, list(frame.columns)]))
`;
  const [rows, shape, memory, checked, entropy, first, columns] = JSON.parse(
    execFileSync(python, ["-c", script, place], { timeout: limit }).toString(),
  );
  expect([rows, checked]).toEqual([2 * (2 * tokens + 3), 2 * (2 * tokens + 3)]);
  expect(shape).toEqual([2, 4, 3]);
  expect(memory.flat(2)).toEqual(Array(24).fill(10_002));
  const expected = (tokens * Math.LN2) / (tokens + 1); // of the batches' 3 values and one without any entropy
  expect(entropy).toEqual([0, 1].map((epoch) => [epoch, expect.closeTo(expected, 6)]));
  expect(first).toEqual([[[2, 4, 3], 0, null, "state"]]);
  expect(columns.slice(0, 6)).toEqual(["epoch", "batch", "step", "kind", "site", "shape"]);
  expect(columns.at(-1)).toBe("tensor");
});

describe("tapescope history", () => {
  const tapescope = (...words: string[]): string =>
    execFileSync(process.execPath, [join(root, "src/cli/tapescope.mjs"), "history", ...words], {
      stdio: "pipe",
      timeout: limit,
    }).toString();
  const place = (): string => join(folder, "cli");
  beforeAll(async () => {
    const writer = await openHistoryWriter(historyFolder(place()), recording);
    recordBatch(writer, 0, 4);
    await writer.flush();
  });

  test("info tells what a history holds", () => {
    const info = JSON.parse(tapescope("info", place(), "--json"));
    expect(info).toMatchObject({ ...recording, parts: 1, rows: 8, warnings: [] });
    expect(info.epochs).toEqual([{ epoch: 0, batches: 1, tokens }]);
    expect(info.metrics).toEqual([{ epoch: 0, means: { loss: 4 } }]);
    expect(tapescope("info", place())).toMatch(
      /^toy, 8 rows in 1 parts[\s\S]*epoch 0: 1 batches, 3 tokens[\s\S]*loss 4/,
    );
  });

  test("read prints one value", () => {
    const at = ["--epoch", "0", "--batch", "4"];
    const state = JSON.parse(tapescope("read", place(), ...at, "--token", "2", "--site", "read.0.weights", "--json"));
    const data = [1, 0, 0, 0, 0.25, 0.25, 0.25, 0.25];
    expect(state).toEqual({ name: "read.0.weights", axes: ["batch", "slot"], shape: [2, 4], data });
    const parameter = JSON.parse(
      tapescope("read", place(), ...at, "--site", "memory", "--kind", "parameter", "--json"),
    );
    expect(parameter.data).toEqual([0, 4]);
    expect(tapescope("read", place(), ...at, "--token", "0", "--site", "memory")).toMatch(
      /^memory: batch 2 × slot 4 × word 3\n400/,
    );
  });

  test("refuses a wrong use, a place that is no history, and a state that was not recorded", async () => {
    await mkdir(join(folder, "empty"));
    const uses: [string[], RegExp][] = [
      [["list", place()], /history takes info or read, then DIR; "list" was given/],
      [["info"], /history needs info\|read DIR/],
      [["info", join(folder, "empty")], /There is no state history in/],
      [["info", join(folder, "nothing")], /There is no state history in/],
      [["read", place(), "--epoch", "0", "--batch", "4", "--site", "memory"], /history read needs --token/],
      [["info", place(), "--epoch", "0"], /history info tells of the whole history; leave out --epoch/],
      [["info", join(place(), "part-000001.parquet")], /part-000001.parquet" is a file; a state history is a folder/],
      [["info", "http://127.0.0.1:1/runs"], /http:..127.0.0.1:1.runs._manifest-latest.json could not be reached: /],
      [
        ["read", place(), "--kind", "parameter", "--epoch", "0", "--batch", "4", "--site", "memory", "--token", "0"],
        /a parameter is recorded once for a batch; leave out --token/,
      ],
      [
        ["read", place(), "--epoch", "0", "--batch", "4", "--site", "memroy", "--token", "0"],
        /This history has no state "memroy" \(did you mean memory\?\); it has memory, read.0.weights/,
      ],
      [
        ["read", place(), "--epoch", "3", "--batch", "4", "--site", "memory", "--token", "0"],
        /Epoch 3 was not recorded; epochs are 0/,
      ],
      [
        ["read", place(), "--epoch", "0", "--batch", "4", "--site", "memory", "--token", "7"],
        /Token 7 of epoch 0, batch 4/,
      ],
    ];
    for (const [words, message] of uses) {
      const { code, err } = await refusedIn(folder, ["history", ...words]);
      expect({ words, code }).toEqual({ words, code: 2 });
      expect(err).toMatch(message);
    }
  });
});
