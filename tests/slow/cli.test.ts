import type { ChildProcess } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { historyFolder } from "../../src/files/folder-storage.js";
import { fromFloat32, readSafetensors, writeSafetensors } from "../../src/tensors/safetensors.js";
import { openHistory } from "../../src/tracker/history.js";
import { type LogRow, logFromCsv } from "../../src/training/log.js";
import { backendsHere } from "../backends.js";
import { type Ended, refusedIn, tapescopeIn } from "./command-line.js";
import { root } from "./scratch.js";

const reference = join(root, "tests", "reference", "ntm-reference.safetensors");
const tiny = ["--controller", "feedforward-8", "--slots", "4", "--word", "3", "--bits", "2", "--lengths", "1-2"];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tapescope-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

const trained = (name: string): string => join(root, "data", `${name}.safetensors`);

function tapescope(
  words: readonly string[],
  whileRunning?: (child: ChildProcess) => void,
  settings: NodeJS.ProcessEnv = { TAPESCOPE_BACKEND: "cpu" },
): Promise<Ended> {
  return tapescopeIn(folder, words, whileRunning, settings);
}

describe("every command", () => {
  test("explains itself with --help, and the whole with none", async () => {
    const whole = await tapescope(["--help"]);
    expect(whole.code).toBe(0);
    for (const command of ["train", "evaluate", "run", "sweep", "verify", "report", "history"]) {
      expect(whole.out).toContain(`  ${command} `);
      const one = await refusedIn(folder, [command, "--help"]);
      expect(one).toMatchObject({ code: 0, err: "" });
      expect(one.out).toMatch(new RegExp(`^Usage: tapescope ${command} `));
      expect(one.out).toContain("--json");
    }
    expect((await tapescope([])).code).toBe(2);
  });

  test("refuses a wrong use with one line and exit code 2", async () => {
    const uses: [string[], RegExp][] = [
      [["fly"], /There is no command "fly"; there are train, evaluate, verify, report, history/],
      [["train", "recall", "--out", "x.safetensors", "--controller", "lstm-5"], /--controller is no option of recall/],
      [["train", "copy", "--out", "x.safetensors", "--gates", "gru"], /--gates is no option of copy, .* by the ntm/],
      [
        ["train", "cpy"],
        /There is no task "cpy" \(did you mean copy\?\); there are copy, associative-recall, recall, mult/,
      ],
      [["verify"], /verify needs FILE; nothing was given/],
      [["verify", "nothing.safetensors"], /"nothing.safetensors" could not be read: there is no such file/],
      [["evaluate", reference], /names no task; give --task, one of copy, associative-recall, recall, multiplication/],
      [["evaluate", reference, "--task", "sort"], /There is no task "sort"; there are copy, associative-recall/],
      [["evaluate", reference, "--task", "copy", "--length", "0"], /--length takes a whole number of at least 1; "0"/],
      [["evaluate", reference, "--task", "copy", "--lenght", "5"], /no option --lenght \(did you mean --length\?\)/],
      [["verify", folder], /could not be read: it is a folder or a device, not a file/],
      [["verify", join(root, "data", "ntm-copy.safetensors")], /The file has no tensor "inputs"/],
      [["evaluate", reference, "--task", "copy", "--seed", "-5"], /--seed takes a whole number of at least 0; "-5"/],
      [["train", "copy", "--model", "ntm", "--out", folder, "--force"], /is a folder or a device, not a file/],
      [["train", "copy", "--model", "ntm", "--out", ""], /--out takes the name of a file/],
      [
        ["train", "copy", "--model", "ntm", "--out", "x", "--slots", "99999999999"],
        /slots is a whole number of at least 2/,
      ],
      [["evaluate", trained("ntm-copy"), "--stage", "3"], /--stage is no option of copy; give --length/],
      [["evaluate", trained("ntm-copy"), "--held-out-by", "3"], /--held-out-by is no option of copy; leave it out/],
      [
        ["evaluate", trained("ttm-multiplication"), "--held-out-by", "8"],
        /trained without the pairs that seed 7 holds out; --held-out-by 8 would measure it on pairs it has seen/,
      ],
      [["report", root], /is a folder; name its notebooks/],
      [["report", join(root, "README.md")], /is no notebook; its name would end in \.ipynb/],
      [["history", "info", "none"], /There is no state history in "none": no manifest is there/],
      [
        ["train", "copy", "--model", "ntm", "--out", "no/such/folder/x"],
        /the folder "no\/such\/folder" does not exist/,
      ],
      [["train", "copy", "--model", "ntm", "--out", "x", "--clip", "5"], /--clip takes norm:LIMIT or value:LIMIT/],
    ];
    for (const [words, message] of uses) {
      const { code, out, err } = await refusedIn(folder, words);
      expect({ words, code, out }).toEqual({ words, code: 2, out: "" });
      expect(err).toMatch(message);
      expect(err.trim().split("\n")).toHaveLength(1);
    }
    const [words] = uses[0] as (typeof uses)[number];
    expect(await tapescope(words)).toEqual(await refusedIn(folder, words)); // also as a process of its own
  });
});

describe("verify", () => {
  test("prints every expected tensor and passes with exit code 0", async () => {
    const { code, out } = await tapescope(["verify", reference]);
    expect(code).toBe(0);
    expect(out).toMatch(/^expected\.grad\.read\.0\.weight +\d\.\d+e-\d+$/m);
    expect(out).toMatch(/^maxError \S+ \(cpu\): passed at 0.00001$/m);
  });

  test("refuses targets that do not fit the inputs, before anything runs", async () => {
    const path = join(folder, "targets.safetensors");
    const file = readSafetensors(await readFile(reference));
    const targets = fromFloat32([1, 1, 4], new Float32Array(4));
    await writeFile(path, writeSafetensors({ ...file, tensors: new Map(file.tensors).set("targets", targets) }));
    const { code, err } = await tapescope(["verify", path]);
    expect(code).toBe(2);
    expect(err).toContain('"targets" has shape [1,1,4]; [7,3,4] was expected');
  });

  test.each(backendsHere.filter((name) => name === "native"))(
    "computes by the %s backend on a Node that has lost util.isNullOrUndefined, as 23 and later",
    async (backend) => {
      const lost = join(folder, "lost.cjs");
      await writeFile(lost, 'delete require("node:util").isNullOrUndefined;');
      const settings = { TAPESCOPE_BACKEND: backend, NODE_OPTIONS: `--require ${lost}` };
      const { code, out } = await tapescope(["verify", reference, "--json"], undefined, settings);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ backend, passed: true });
    },
  );

  test("fails with exit code 1 where a value differs or is not a number", async () => {
    for (const value of [0.5, Number.NaN]) {
      const path = join(folder, "changed.safetensors");
      await copyFile(reference, path);
      const bytes = await readFile(path);
      const loss = readSafetensors(bytes).tensors.get("expected.loss")?.bytes;
      new DataView(bytes.buffer, loss?.byteOffset).setFloat32(0, value, true);
      await writeFile(path, bytes);
      const { code, out } = await tapescope(["verify", path, "--json"]);
      expect(code).toBe(1);
      expect(JSON.parse(out)).toMatchObject({ passed: false });
    }
  });
});

describe("train", () => {
  test("writes a checkpoint that evaluate reads, and a log; the same again for the same seed", async () => {
    const train = (out: string) =>
      tapescope(["train", "copy", "--model", "ntm", "--out", out, ...tiny, "--updates", "60", "--json"]);
    const { code, out } = await train("tiny.safetensors");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ended: "finished", updates: 60, backend: "cpu" });
    const log = logFromCsv(await readFile(join(folder, "tiny.training.csv"), "utf8"));
    expect(log.map(({ update }) => update)).toEqual([50, 60]);
    await train("again.safetensors");
    expect(await readFile(join(folder, "again.safetensors"))).toEqual(await readFile(join(folder, "tiny.safetensors")));

    const measured = await tapescope([
      "evaluate",
      "tiny.safetensors",
      "--length",
      "3",
      "--sequences",
      "7",
      "--seed",
      "9",
      "--json",
    ]);
    const result = JSON.parse(measured.out);
    expect(Object.keys(result)).toEqual([
      "task",
      "length",
      "sequences",
      "answers",
      "accuracy",
      "accuracyByStep",
      "exactMatch",
      "wrongBitsPerSequence",
      "crossEntropyBitsPerSequence",
    ]);
    expect(result).toMatchObject({ task: "copy", length: 3, sequences: 7 });
  });

  test("of multiplication is measured on the pairs that its training left out, whatever the seed of the sequences", async () => {
    const measured = (seed: string) =>
      tapescope(["evaluate", trained("ttm-multiplication"), "--sequences", "5", "--seed", seed, "--json"]);
    const [one, other] = [await measured("1"), await measured("7")];
    for (const { code, out } of [one, other]) {
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ task: "multiplication", length: 1, exactMatch: 1 });
    }
    expect(one.out).not.toBe(other.out);
  });

  test("by one, two and three threads writes the same checkpoint, and ends by itself", async () => {
    const checkpoints = [1, 2, 3].map(async (threads) => {
      const name = `threads-${threads}.safetensors`;
      const words = ["train", "copy", "--out", name, "--batch", "16", "--lengths", "4-6", "--updates", "12"];
      const ended = await tapescope(words, undefined, { TAPESCOPE_THREADS: `${threads}` });
      expect(ended).toMatchObject({ code: 0, out: expect.stringContaining("engine") });
      return readFile(join(folder, name));
    });
    const [one, ...others] = await Promise.all(checkpoints);
    for (const other of others) expect(other).toEqual(one);
  });

  test("does without other threads where Node forbids them", async () => {
    const words = [
      "train",
      "copy",
      "--out",
      "alone.safetensors",
      "--batch",
      "16",
      "--lengths",
      "4-6",
      "--updates",
      "12",
    ];
    const forbidden = "--experimental-permission --allow-fs-read=* --allow-fs-write=* --allow-addons";
    const settings = { TAPESCOPE_THREADS: "2", NODE_OPTIONS: forbidden };
    expect(await tapescope(words, undefined, settings)).toMatchObject({ code: 0 });
    const [alone, together] = await Promise.all(
      ["alone", "threads-2"].map((name) => readFile(join(folder, `${name}.safetensors`))),
    );
    expect(alone).toEqual(together);
  });

  test("does not write over a checkpoint unless it is told to", async () => {
    const before = await stat(join(folder, "tiny.safetensors"));
    const words = ["train", "copy", "--model", "ntm", "--out", "tiny.safetensors", ...tiny, "--updates", "1"];
    const refused = await tapescope(words);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('"tiny.safetensors" exists') });
    expect((await stat(join(folder, "tiny.safetensors"))).mtimeMs).toBe(before.mtimeMs);
    expect((await tapescope([...words, "--force"])).code).toBe(0);
  });

  test("ends at an interrupt with exit code 130 and keeps what it has learnt", async () => {
    const words = [
      "train",
      "copy",
      "--model",
      "ntm",
      "--out",
      "cut.safetensors",
      ...tiny,
      "--updates",
      "1000000",
      "--json",
    ];
    let sent = false;
    const ended = await tapescope(words, (child) => {
      child.stderr?.on("data", (text) => {
        if (!sent && String(text).includes("updates/s")) sent = child.kill("SIGINT"); // a second would end it at once
      });
    });
    expect(ended.code).toBe(130);
    const { updates, ended: how } = JSON.parse(ended.out);
    expect(how).toBe("interrupted");
    expect(updates).toBeGreaterThan(0);
    const evaluate = ["evaluate", "cut.safetensors", "--length", "2", "--sequences", "5", "--json"];
    expect((await tapescope(evaluate)).code).toBe(0);
  });

  test("that is ended and resumed leaves the checkpoint, the log and the history of one that never stopped", async () => {
    const sizes = ["--features", "8", "--slots", "3", "--read", "2", "--heads", "2", "--layers", "1", "--hidden", "8"];
    const lessons = ["--lessons", "1,21", "--mastered", "0.001", "--batch", "4", "--updates", "40", "--epoch", "10"];
    const words = (name: string) => [
      ...["train", "multiplication", "--out", `${name}.safetensors`, "--history", name, "--sampling-rate", "0.3"],
      ...["--sites", "memory,layers.*.attention", ...sizes, ...lessons],
    ];
    expect((await tapescope(words("whole"))).code).toBe(0);
    const interrupted = async (): Promise<Ended> => {
      let sent = false;
      const ended = await tapescope([...words("parted"), "--force"], (child) => {
        child.stderr?.on("data", (text) => {
          if (!sent && String(text).includes("updates/s")) sent = child.kill("SIGINT");
        });
      });
      if (ended.code !== 0 && ended.code !== null) return ended;
      await rm(join(folder, "parted"), { recursive: true }); // it had learnt all before it could be interrupted
      return interrupted();
    };
    expect(await interrupted()).toMatchObject({ code: 130 });
    const other = await tapescope([...words("parted"), "--clip", "norm:2", "--resume"]);
    expect(other).toMatchObject({ code: 2, err: expect.stringContaining("kept by a training with clip norm:1") });
    expect((await tapescope([...words("parted"), "--resume"])).code).toBe(0);
    expect(await readdir(folder)).not.toContain("parted.resume.safetensors");

    expect(await readFile(join(folder, "parted.safetensors"))).toEqual(
      await readFile(join(folder, "whole.safetensors")),
    );
    const log = async (name: string) => logFromCsv(await readFile(join(folder, `${name}.training.csv`), "utf8"));
    const unhurried = (rows: readonly LogRow[]) => rows.map(({ seconds: _, ...row }) => row);
    expect(unhurried(await log("parted"))).toEqual(unhurried(await log("whole")));
    const rows = async (name: string) => {
      const history = await openHistory(historyFolder(join(folder, name)));
      const found: unknown[] = [history.metrics];
      for (const epoch of history.getAvailableEpochs()) {
        for (const batch of history.getAvailableBatches(epoch)) {
          for (const token of history.getAvailableTokens(epoch, batch)) {
            found.push(await history.getState(epoch, batch, token, "memory"));
          }
        }
      }
      return found;
    };
    const whole = await rows("whole");
    expect(whole.length).toBeGreaterThan(40);
    expect(await rows("parted")).toEqual(whole);
  });
});
