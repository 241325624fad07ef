import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { historyFolder } from "../../src/files/folder-storage.js";
import { random } from "../../src/tensors/random.js";
import { openHistory } from "../../src/tracker/history.js";
import { openHistoryWriter } from "../../src/tracker/history-writer.js";
import { readAll, recordBatch, recording, rowsOf, tokens } from "../history-rows.js";
import { python, root } from "./scratch.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tapescope-history-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A process that records batches for ever, and tells of every epoch that was acknowledged. */
const recorder = `
const [folder, modules, recording, from] = process.argv.slice(2);
const { historyFolder } = await import(modules + "/files/folder-storage.js");
const { openHistoryWriter } = await import(modules + "/tracker/history-writer.js");
const options = { partBytes: 20_000, ...(from >= 0 && { resumeAt: [Number(from), 0] }) };
const writer = await openHistoryWriter(historyFolder(folder), JSON.parse(recording), options);
for (let epoch = Math.max(0, Number(from)); ; epoch++) {
  for (let batch = 0; batch < 20; batch++) {
    await writer.room();
    for (let step = 0; step < 3; step++) {
      const data = new Float32Array(24).fill(epoch * 10_000 + batch * 100 + step);
      writer.append({ epoch, batch, step, kind: "state", site: "memory", shape: [2, 4, 3], data });
    }
  }
  await writer.flush();
  process.stdout.write(epoch + "\\n");
}
`;

async function startRecorder(
  place: string,
  from: number,
): Promise<{ child: ChildProcess; acknowledged: () => number }> {
  const script = join(folder, "recorder.mjs");
  await writeFile(script, recorder);
  const modules = pathToFileURL(join(root, "dist")).href;
  const words = [script, place, modules, JSON.stringify(recording), `${from}`];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  let told = "";
  child.stdout?.on("data", (text) => {
    told += text;
  });
  return { child, acknowledged: () => Math.max(from - 1, ...told.split("\n").filter(Boolean).map(Number)) };
}

const ended = (child: ChildProcess): Promise<void> => new Promise((done) => child.on("close", () => done()));

describe("a process that records", () => {
  test("may be killed at any moment: everything acknowledged is there, and the next goes on from it", async () => {
    const place = join(folder, "killed");
    const source = random(7);
    let from = -1;
    let midway = 0;
    for (let turn = 0; turn < 30; turn++) {
      const { child, acknowledged } = await startRecorder(place, from);
      const end = ended(child);
      while (acknowledged() < Math.max(0, from)) await new Promise((done) => setTimeout(done, 2));
      await new Promise((done) => setTimeout(done, source.uniform() * 120));
      child.kill("SIGKILL");
      await end;
      const history = await openHistory(historyFolder(place));
      const found = await readAll(history);
      const wanted = Array.from({ length: (acknowledged() + 1) * 20 }, (_, i) => `${Math.floor(i / 20)}/${i % 20}`);
      expect(found.slice(0, wanted.length)).toEqual(wanted);
      expect(history.warnings).toEqual([]);
      if ((await readdir(place)).some((name) => name.startsWith("."))) midway++;
      from = acknowledged() + 1;
    }
    expect(midway).toBeGreaterThan(0); // it was killed in the middle of writing, too
    const writer = await openHistoryWriter(historyFolder(place), recording, { resumeAt: [from, 0] });
    recordBatch(writer, from, 0);
    await writer.flush();
    expect((await readdir(place)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("can be watched: a reader always finds a whole history that only grows", async () => {
    const place = join(folder, "watched");
    const { child, acknowledged } = await startRecorder(place, -1);
    const end = ended(child);
    while (acknowledged() < 0) await new Promise((done) => setTimeout(done, 5));
    let before = 0;
    for (let turn = 0; turn < 20; turn++) {
      const known = acknowledged();
      const history = await openHistory(historyFolder(place));
      const epochs = history.getAvailableEpochs().length;
      expect(epochs).toBeGreaterThanOrEqual(Math.max(before, known + 1));
      expect((await history.getState(epochs - 1, 0, 2, "memory")).data[0]).toBe((epochs - 1) * 10_000 + 2);
      expect(history.warnings).toEqual([]);
      before = epochs;
    }
    child.kill("SIGKILL");
    await end;
  });
});

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
    execFileSync(python, ["-c", script, place]).toString(),
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
      [["info"], /history takes info\|read DIR/],
      [["info", join(folder, "empty")], /There is no state history in/],
      [["info", join(folder, "nothing")], /There is no state history in/],
      [["read", place(), "--epoch", "0", "--batch", "4", "--site", "memory"], /history read needs --token/],
      [
        ["read", place(), "--epoch", "0", "--batch", "4", "--site", "memory", "--token", "7"],
        /Token 7 of epoch 0, batch 4/,
      ],
    ];
    for (const [words, message] of uses) {
      let refused: { status?: number; stderr?: Buffer } = {};
      try {
        tapescope(...words);
      } catch (error) {
        refused = error as typeof refused;
      }
      expect({ words, status: refused.status }).toEqual({ words, status: 2 });
      expect(refused.stderr?.toString()).toMatch(message);
    }
  });
});
