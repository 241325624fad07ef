import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { crossEntropyBits } from "../../src/experiments/metrics.js";
import { sweep } from "../../src/experiments/sweep.js";
import { loadCheckpoint } from "../../src/files/checkpoint-file.js";
import { type Edit, edit, editParameter } from "../../src/model/edits.js";
import { copyBatch } from "../../src/tasks/copy.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type Ended, refusedIn, tapescopeIn } from "./command-line.js";
import { root } from "./scratch.js";

const checkpoint = join(root, "data", "ntm-copy.safetensors");
const usual = [
  "sweep",
  checkpoint,
  "--input",
  "11001100;00110011;11110000",
  "--site",
  "memory",
  "--metric",
  "wrong-bits",
];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tapescope-sweep-"));
});
afterAll(() => rm(folder, { recursive: true }));

function tapescope(words: readonly string[], whileRunning?: (child: ChildProcess) => void): Promise<Ended> {
  return tapescopeIn(folder, words, whileRunning);
}

describe("tapescope sweep", () => {
  test("prints a map as JSON, and as CSV a row for each run", async () => {
    const words = [...usual, "--over", "step,slot", "--at", "slot=60-65"];
    const { code, out } = await tapescope([...words, "--json"]);
    const found = JSON.parse(out);
    expect(code).toBe(0);
    expect(found).toMatchObject({ baseline: 0, done: 42, cells: 42, axes: ["step", "slot"], shape: [7, 6] });
    expect(found.labels).toEqual({ slot: ["60", "61", "62", "63", "64", "65"] });
    expect(Math.max(...found.values)).toBeGreaterThan(0);
    const csv = (await tapescope([...words, "--csv"])).out.trim().split("\r\n");
    expect(csv[0]).toBe("step,slot,value,change");
    expect(csv.slice(1).map((line) => Number(line.split(",")[2]))).toEqual(found.values);
  });

  test("gives the very numbers of `sweep`, with edits of every run and weights that sum to one again", async () => {
    const edits: Edit[] = [
      edit("input", { step: 1 }).noise({ seed: 1, scale: 0.2 }),
      editParameter("output.bias").add(0.5),
    ];
    await writeFile(join(folder, "edits.json"), JSON.stringify(edits));
    const { code, out } = await tapescope([
      ...["sweep", checkpoint, "--input", "11001100;00110011", "--site", "write.0.weights", "--over", "step,slot"],
      ...["--at", "slot=62-64", "--operation", "clamp:0.01:0.2", "--renormalise", "slot", "--edits", "edits.json"],
      ...["--metric", "cross-entropy", "--json"],
    ]);
    expect(code).toBe(0);
    const found = JSON.parse(out);
    expect(found).toMatchObject({ operation: "clamp:0.01:0.2", renormalise: "slot", edits, done: 15 });

    await useBackend("cpu");
    const { model, parameters } = await loadCheckpoint(checkpoint);
    const vectors = ["11001100", "00110011"].map((bits) => [...bits].map(Number));
    const { inputs, ...answers } = copyBatch([vectors]);
    const wanted = await sweep(model, parameters, inputs, {
      ...{ site: "write.0.weights", over: ["step", "slot"], at: { slot: [62, 63, 64] }, edits },
      operation: (at) => ({ ...at.clamp(0.01, 0.2), renormalise: "slot" }),
      metric: crossEntropyBits(model, answers),
    });
    expect(found.baseline).toBe(wanted.baseline);
    expect(Float32Array.from(found.values)).toEqual(wanted.values.data);
  });

  test("that is killed, goes on, is interrupted and goes on leaves the file of one that never stopped", async () => {
    const words = [
      ...usual,
      "--over",
      "step,slot,word",
      "--at",
      "slot=30-100",
      "--operation",
      "patch:00001111;11001100;01010101",
    ];
    const file = (name: string) => readFile(join(folder, name), "utf8");
    expect((await tapescope([...words, "--out", "whole.json"])).code).toBe(0);
    const partOf = async (): Promise<number> => {
      const { done, cells, moment } = JSON.parse(await file("part.json"));
      expect(moment.values).toHaveLength(done);
      expect(done).toBeLessThan(cells);
      return done;
    };
    const kill = (child: ChildProcess): void => {
      const look = setInterval(() => existsSync(join(folder, "part.json")) && child.kill("SIGKILL"), 5);
      child.once("close", () => clearInterval(look));
    };
    const interrupt = (child: ChildProcess): void => void child.stderr?.once("data", () => child.kill("SIGINT"));
    /** Killed, and interrupted when it goes on; anew where it was done sooner than that. @returns runs that the kill left */
    const begun = async (): Promise<number> => {
      await rm(join(folder, "part.json"), { force: true });
      const killed = await tapescope([...words, "--out", "part.json"], kill);
      if (killed.code === 0) return begun();
      expect(killed).toMatchObject({ code: null, out: "" });
      const kept = await partOf();
      const stopped = await tapescope([...words, "--out", "part.json", "--resume"], interrupt);
      if (stopped.code === 0 || stopped.code === null) return begun();
      expect(stopped).toMatchObject({ code: 130, out: expect.stringMatching(/^interrupted after \d+ of 9940 runs/) });
      return kept;
    };
    const kept = await begun();
    expect(await partOf()).toBeGreaterThanOrEqual(kept);
    expect((await tapescope([...words, "--out", "part.json", "--resume"])).code).toBe(0);
    expect(await file("part.json")).toBe(await file("whole.json"));
  });

  test("refuses what it cannot do with the choices, and leaves files as they are", async () => {
    await writeFile(join(folder, "other.json"), "{}");
    const refused = async (words: readonly string[], message: string) => {
      const given = Object.entries({ "--metric": "wrong-bits", "--over": "step" });
      const others = given.filter(([name]) => !words.includes(name)).flat();
      const { code, out, err } = await refusedIn(folder, [...usual.slice(0, -2), ...others, ...words]);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toContain(message);
    };
    await refused(["--metric", "accuracy"], "output-change, wrong-bits, cross-entropy");
    await refused(["--operation", "patch:11"], "8 bits");
    await refused(["--renormalise", "head"], '"memory" cannot be renormalised along "head"; choose one of slot, word');
    await refused(["--edits", "other.json"], '"other.json" could not be read: This file holds no edits');
    await refused(["--over", "words"], "sweep over step, site, slot, word");
    await refused(["--batch", "0"], "whole number of at least 1");
    await refused(["--csv", "--json"], "not both");
    await refused(["--batch", "1", "--batch", "2"], "--batch was given twice; give it once");
    await refused(["--resume"], "--out");
    await refused(["--resume", "--out", "none.json"], "there is no such file");
    await refused(["--resume", "--out", "other.json"], "`moment` of a sweep");
    await refused(["--out", "other.json"], "--force");
    expect(await readFile(join(folder, "other.json"), "utf8")).toBe("{}");
  });
});
