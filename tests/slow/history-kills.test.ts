import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { historyFolder } from "../../src/files/folder-storage.js";
import { random } from "../../src/tensors/random.js";
import { type History, openHistory } from "../../src/tracker/history.js";
import type { RowNumbers } from "../../src/tracker/part-reader.js";
import { type LogRow, logFromCsv } from "../../src/training/log.js";
import { limit } from "../limit.js";
import { seed, times } from "../repeat.mjs";
import { root } from "./scratch.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tapescope-kills-"));
});
afterAll(() => rm(folder, { recursive: true }));

const epochs = 24;
const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

/** One life of killed-training.mjs. */
interface Life {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** Lines it has printed. */
  readonly told: () => string[];
  readonly errors: () => string;
}

function live(place: string): Life {
  const words = [join(root, "tests/slow/killed-training.mjs"), pathToFileURL(join(root, "dist")).href];
  const child = spawn(process.execPath, [...words, place, `${epochs}`], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limit,
  });
  let [out, err] = ["", ""];
  child.stdout?.on("data", (text) => {
    out += text;
  });
  child.stderr?.on("data", (text) => {
    err += text;
  });
  const ended = new Promise<number | null>((done) => child.on("close", done));
  return { child, ended, told: () => out.split("\n").slice(0, -1), errors: () => err };
}

/** Wait until a life has printed so many lines, or is over. @returns milliseconds that it took */
async function afterLines(life: Life, count: number): Promise<number> {
  const start = performance.now();
  while (life.told().length < count && life.child.exitCode === null) await pause(1);
  return performance.now() - start;
}

/** A digest of all values of an epoch. */
async function digestOf(history: History, epoch: number): Promise<string> {
  const digest = createHash("sha256");
  for (const batch of history.getAvailableBatches(epoch)) {
    const tokens = history.getAvailableTokens(epoch, batch);
    for (const { kind, name } of history.sites) {
      if (kind === "parameter") digest.update((await history.getParameter(epoch, batch, name)).data);
      else if (kind === "gradient") digest.update((await history.getGradient(epoch, batch, name)).data);
      else for (const token of tokens) digest.update((await history.getState(epoch, batch, token, name)).data);
    }
  }
  return digest.digest("hex");
}

/** Numbers of all rows. (A training that goes on has its parameters in another order.) */
async function rowsOf(history: History): Promise<RowNumbers[]> {
  const key = ({ epoch, batch, step, kind, site }: RowNumbers): string =>
    [epoch, batch, step ?? -1].map((number) => String(number + 1).padStart(4, "0")).join() + kind + site;
  return (await history.getRows()).sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What the training that is never killed leaves. */
interface Whole {
  readonly rows: readonly RowNumbers[];
  readonly digests: readonly string[];
  readonly parameters: string | undefined;
}

/** Check that a history holds the first so many epochs as they ought to be, and nothing else. */
async function check(history: History, whole: Whole, safe: number, most: number, known: number): Promise<number> {
  const found = history.getAvailableEpochs();
  expect(history.warnings).toEqual([]);
  expect(found).toEqual(found.map((_, index) => index));
  expect(found.length).toBeGreaterThanOrEqual(safe);
  expect(found.length).toBeLessThanOrEqual(most);
  expect(await rowsOf(history)).toEqual(whole.rows.filter(({ epoch }) => epoch < found.length));
  for (const epoch of found.slice(known)) {
    expect({ epoch, values: await digestOf(history, epoch) }).toEqual({ epoch, values: whole.digests[epoch] });
  }
  return found.length;
}

let whole: Whole;
/** Milliseconds until the first saving, and from one to the next. */
let typical: readonly [number, number];
beforeAll(async () => {
  const place = join(folder, "whole");
  await mkdir(place);
  const life = live(place);
  await afterLines(life, 1);
  typical = [await afterLines(life, 2), (await afterLines(life, epochs + 1)) / (epochs - 1)];
  expect({ code: await life.ended, errors: life.errors() }).toEqual({ code: 0, errors: "" });
  const history = await openHistory(historyFolder(join(place, "history")));
  const digests: string[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) digests.push(await digestOf(history, epoch));
  expect(new Set(digests).size).toBe(epochs);
  whole = { rows: await rowsOf(history), digests, parameters: life.told().at(-1) };
  expect(whole.rows.length).toBeGreaterThan(25 * epochs);
});

const kills = times("kills");
test(`a training may be killed at ${kills} moments: all it acknowledged is there, and it goes on to the same end`, {
  tags: ["kills"],
}, async () => {
  const source = random(seed + 11);
  const turns = { killed: 0, unsaved: 0, midway: 0, ended: 0 };
  // Also until it was killed before anything was acknowledged, and in the middle of writing.
  const goesOn = () => turns.killed < kills || turns.unsaved === 0 || turns.midway === 0;
  const trainToTheEnd = async (place: string): Promise<void> => {
    await mkdir(place);
    let [safe, known] = [0, 0]; // epochs that were acknowledged, and looked at
    for (;;) {
      const life = live(place);
      if (goesOn()) {
        const saved = source.integer(0, safe === 0 ? 1 : 4);
        await afterLines(life, 1 + saved);
        // Before the first saving rather soon: while the history is begun, or gone on with.
        await pause(saved === 0 ? source.uniform() ** 3 * typical[0] : source.uniform() * typical[1]);
        life.child.kill("SIGKILL");
      }
      const code = await life.ended; // null if it was killed
      if (code !== null) expect({ code, errors: life.errors() }).toEqual({ code: 0, errors: "" });
      safe = Math.max(
        safe,
        ...life
          .told()
          .filter((line) => /^\d{1,3}$/.test(line))
          .map(Number),
      );
      const storage = historyFolder(join(place, "history"));
      const left = await storage.list();
      const history = await openHistory(storage).catch((error: Error) => {
        expect({ safe, message: error.message }).toEqual({
          safe: 0,
          message: expect.stringMatching(/^There is no state/),
        });
      });
      if (history) known = await check(history, whole, safe, safe + 1, known);
      if (code === 0) {
        expect({ safe, parameters: life.told().at(-1) }).toEqual({ safe: epochs, parameters: whole.parameters });
        expect(left.filter((name) => name.startsWith("."))).toEqual([]);
        turns.ended++;
        return;
      }
      turns.killed++;
      if (safe === 0) turns.unsaved++;
      if (left.some((name) => name.startsWith("."))) turns.midway++;
    }
  };
  const worker = async (name: string): Promise<void> => {
    for (let number = 0; goesOn(); number++) await trainToTheEnd(join(folder, `${name} ${number}`));
  };
  await Promise.all([worker("one"), worker("two")]);
  expect(turns.killed).toBeGreaterThanOrEqual(kills);
  expect(turns.ended).toBeGreaterThan(1);
});

test("a training may be watched by others: they always find whole epochs, and never fewer than before", async () => {
  for (let looks = 0, number = 0; looks < 4; number++) {
    const place = join(folder, `watched ${number}`);
    await mkdir(place);
    const life = live(place);
    let known = 0;
    await afterLines(life, 2);
    for (; life.child.exitCode === null; looks++) {
      const before = life.told().length - 1;
      const history = await openHistory(historyFolder(join(place, "history")));
      known = await check(history, whole, Math.max(known, Math.min(before, epochs)), epochs, known);
    }
    expect({ code: await life.ended, errors: life.errors() }).toEqual({ code: 0, errors: "" });
  }
});

/** The command, killed as soon as a condition holds. @returns its exit code, null if it was killed, and what it said */
async function tapescope(
  words: readonly string[],
  dies: () => Promise<boolean> = async () => false,
): Promise<{ code: number | null; err: string }> {
  const { TAPESCOPE_BACKEND: _, ...env } = process.env; // updates are replayed
  const command = [join(root, "src/cli/tapescope.mjs"), ...words];
  const child = spawn(process.execPath, command, {
    ...{ env, cwd: folder, timeout: limit },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let err = "";
  child.stderr?.on("data", (text) => {
    err += text;
  });
  const ended = new Promise<number | null>((done) => child.on("close", done));
  while (child.exitCode === null && !(await dies())) await pause(2);
  child.kill("SIGKILL");
  return { code: await ended, err };
}

test("tapescope train, killed and resumed, leaves the checkpoint, the log and the history of one that never was", async () => {
  const sizes = ["--controller", "feedforward-6", "--slots", "4", "--word", "3", "--bits", "2", "--lengths", "1-2"];
  const words = (name: string): string[] => [
    ...["train", "copy", "--out", `${name}.safetensors`, "--history", `${name} history`, "--sampling-rate", "0.02"],
    ...["--sites", "memory", "--epoch", "100", "--updates", "5000", "--batch", "2", ...sizes],
  ];
  expect(await tapescope(words("unharmed"))).toMatchObject({ code: 0 });

  const written = (name: string): Promise<number> =>
    stat(join(folder, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  const begun = async (): Promise<boolean> => {
    const names = await readdir(join(folder, "killed history")).catch(() => []);
    return names.some((name) => name.startsWith("_manifest"));
  };
  const clear = async (): Promise<void> => {
    for (const name of ["killed history", "killed.resume.safetensors", "killed.safetensors", "killed.training.csv"]) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  };
  // Killed before it has anything to go on from, it must begin anew, and is told what stands in its way. Where it was
  // faster than that, it is tried again.
  do await clear();
  while ((await tapescope(words("killed"), begun)).code === 0 || (await written("killed.resume.safetensors")) !== 0);
  const refused = await tapescope([...words("killed"), "--resume"]);
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("there is no such file") });
  const again = await tapescope(words("killed"));
  expect(again).toMatchObject({ code: 2, err: expect.stringMatching(/holds a state history already, of \d+ rows by/) });

  const source = random(12);
  for (let [turn, before] = [0, 0]; turn < 4; turn++) {
    if (turn === 0) await clear();
    let end = Number.POSITIVE_INFINITY;
    const dies = async (): Promise<boolean> => {
      const now = await written("killed.resume.safetensors");
      if (now !== before && end === Number.POSITIVE_INFINITY) end = performance.now() + source.uniform() * 150;
      return performance.now() >= end;
    };
    const { code, err } = await tapescope([...words("killed"), ...(turn > 0 ? ["--resume"] : [])], dies);
    expect({ turn, code, err: code === 2 ? err : "" }).toEqual({ turn, code: code === 0 ? 0 : null, err: "" });
    before = await written("killed.resume.safetensors");
    if (code === 0) turn = -1; // it was done sooner than it could be killed: again from its beginning
  }
  expect(await tapescope([...words("killed"), "--resume"])).toMatchObject({ code: 0 });
  expect(await written("killed.resume.safetensors")).toBe(0);

  const bytes = (name: string): Promise<Buffer> => readFile(join(folder, `${name}.safetensors`));
  expect(await bytes("killed")).toEqual(await bytes("unharmed"));
  const log = async (name: string): Promise<object[]> => {
    const rows = logFromCsv(await readFile(join(folder, `${name}.training.csv`), "utf8"));
    return rows.map(({ seconds: _, ...row }: LogRow) => row);
  };
  expect(await log("killed")).toEqual(await log("unharmed"));
  const [killed, unharmed] = (await Promise.all(
    ["killed", "unharmed"].map((name) => openHistory(historyFolder(join(folder, `${name} history`)))),
  )) as [History, History];
  expect(await rowsOf(killed)).toEqual(await rowsOf(unharmed));
  expect(killed.getAvailableEpochs()).toHaveLength(50);
  for (const epoch of killed.getAvailableEpochs()) {
    expect(await digestOf(killed, epoch)).toBe(await digestOf(unharmed, epoch));
  }
});
