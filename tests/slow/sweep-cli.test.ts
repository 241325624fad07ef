import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");
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

function tapescope(
  words: readonly string[],
  whileRunning: (child: ChildProcess) => void = () => {},
): Promise<{ code: number | null; out: string; err: string }> {
  const env = { ...process.env, TAPESCOPE_BACKEND: "" };
  const child = spawn(process.execPath, [join(root, "src/cli/tapescope.mjs"), ...words], { env, cwd: folder });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (err += text));
  whileRunning(child);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
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

  test("keeps what it has when it is interrupted, and goes on to the same file as one that was not", async () => {
    const words = [...usual, "--over", "step,slot,word", "--operation", "patch:00001111;11001100;01010101"];
    const whole = await tapescope([...words, "--out", "whole.json"]);
    expect(whole.code).toBe(0);
    const interrupt = (child: ChildProcess): void => void child.stderr?.once("data", () => child.kill("SIGINT"));
    const stopped = await tapescope([...words, "--out", "part.json"], interrupt);
    expect(stopped.code).toBe(130);
    expect(stopped.out).toMatch(/^interrupted after \d+ of 17920 runs/);
    const part = JSON.parse(await readFile(join(folder, "part.json"), "utf8"));
    expect(part.moment.values).toHaveLength(part.done);
    expect(part.done).toBeLessThan(part.cells);
    expect(await tapescope([...words, "--out", "part.json"])).toMatchObject({ code: 2, out: "" });
    expect((await tapescope([...words, "--out", "part.json", "--resume"])).code).toBe(0);
    const [one, other] = await Promise.all(["whole.json", "part.json"].map((name) => readFile(join(folder, name))));
    expect(other).toEqual(one);
  });

  test("refuses what it cannot do with the choices, and leaves files as they are", async () => {
    await writeFile(join(folder, "other.json"), "{}");
    const refused = async (words: readonly string[], message: string) => {
      const { code, out, err } = await tapescope([...usual, "--over", "step", ...words]);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toContain(message);
    };
    await refused(["--metric", "accuracy"], "output-change, wrong-bits, cross-entropy");
    await refused(["--operation", "scale"], "zero, set:NUMBER, add:NUMBER");
    await refused(["--operation", "patch:11"], "8 bits");
    await refused(["--at", "slot"], "AXIS=FROM-TO");
    await refused(["--over", "words"], "sweep over step, site, slot, word");
    await refused(["--batch", "0"], "whole number of at least 1");
    await refused(["--csv", "--json"], "not both");
    await refused(["--resume"], "--out");
    await refused(["--resume", "--out", "none.json"], "there is no such file");
    await refused(["--resume", "--out", "other.json"], "`moment` of a sweep");
    await refused(["--out", "other.json"], "--force");
    expect(await readFile(join(folder, "other.json"), "utf8")).toBe("{}");
  });
});
