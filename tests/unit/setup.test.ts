import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { filesIn, hashOf, readJson, writeWhole } from "../../src/setup/files.mjs";
import { isStale, withLock } from "../../src/setup/lock.mjs";
import { atLeast, oldestNode } from "../../src/setup/node-version.mjs";
import { root } from "../../src/setup/places.mjs";
import { explain, failure, problem, remedyFor } from "../../src/setup/problem.mjs";
import { whyNone } from "../../src/setup/python.mjs";
import { firstMissing, makeMissing } from "../../src/setup/set-up.mjs";
import { kernelSpec } from "../../src/setup/step-kernel.mjs";
import { firstDifference } from "../../src/setup/step-npm.mjs";
import { countsOf, summaryOf } from "../../src/setup/tally.mjs";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tapescope-setup-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

describe("Versions", () => {
  it("are compared number by number", () => {
    expect(atLeast("20.19.0", "20.19.0")).toBe(true);
    expect(atLeast("20.9.9", "20.19.0")).toBe(false);
    expect(atLeast("22.0.0", "20.19.0")).toBe(true);
    expect(atLeast("18.20.4", "20.19.0")).toBe(false);
  });

  it("of Node agree with package.json", () => {
    expect(`>=${oldestNode}`).toBe(`${readJson(join(root, "package.json")).engines.node}.0`);
  });

  it("of Node are checked before anything newer is loaded", () => {
    for (const name of ["setup", "start", "test", "node-version"]) {
      const source = readFileSync(join(root, "src", "setup", `${name}.mjs`), "utf8");
      const imports = [...source.matchAll(/^import .*$/gm)].map(([line]) => line);
      expect(imports).toEqual(name === "node-version" ? [] : ['import { onNewEnoughNode } from "./node-version.mjs";']);
      expect(source).not.toMatch(/\?\?|\?\.|^await /m);
    }
  });
});

describe("The search for Python", () => {
  it("tells that there is none, what was tried and what to do", () => {
    const text = whyNone([{ command: ["python3"] }, { command: ["python"] }]);
    expect(text).toMatch(
      /^Python 3\.10 or newer was not found \(tried python3, python\)\. Install it .*TAPESCOPE_PYTHON/,
    );
  });

  it("tells that the one there is too old", () => {
    expect(whyNone([{ command: ["python3"], version: [3, 9], venv: true }])).toMatch(
      /^python3 is Python 3\.9, but Python 3\.10 or newer is needed\. /,
    );
  });

  it("tells of a new one without venv rather than of an old one", () => {
    const old = { command: ["python"], version: [2, 7], venv: false } as const;
    const bare = { command: ["python3"], version: [3, 11], venv: false } as const;
    expect(whyNone([old, bare])).toMatch(
      /^python3 \(Python 3\.11\) lacks its venv module\. .*apt install python3-venv/,
    );
  });
});

describe("The npm packages", () => {
  const installed = { "node_modules/a": { version: "1.0.0", integrity: "x" }, "node_modules/us": { link: true } };

  it("are right when npm's record agrees with the lock file", () => {
    expect(firstDifference({ "": {}, ...installed }, installed)).toBeUndefined();
  });

  it("may lack those of other platforms", () => {
    const wanted = { ...installed, "node_modules/b": { version: "1.0.0", optional: true } };
    expect(firstDifference(wanted, installed)).toBeUndefined();
  });

  it("are wrong when one is absent or another version, and it is named", () => {
    const nested = { ...installed, "node_modules/a/node_modules/@s/b": { version: "1.0.0" } };
    expect(firstDifference(nested, installed)).toBe("@s/b was missing");
    const newer = { ...installed, "node_modules/a": { version: "1.0.1", integrity: "y" } };
    expect(firstDifference(newer, installed)).toBe("a had changed");
  });
});

describe("The steps", () => {
  const step = (name: string, log: string[], reasons: (string | undefined)[], without?: string) => ({
    name,
    missing: () => reasons.shift(),
    make: async () => {
      log.push(name);
      return without ? { without } : {};
    },
  });

  it("are made in order, and only those that are missing", async () => {
    const print = vi.spyOn(console, "log").mockReturnValue();
    const log: string[] = [];
    await makeMissing([step("a", log, ["it was not there"]), step("b", log, []), step("c", log, ["gone"], "no net")]);
    expect(log).toEqual(["a", "c"]);
    expect(print.mock.calls.map(([text]) => text)).toEqual([
      "… a",
      expect.stringMatching(/^✓ a: done, it was not there \([\d.]+ s\)$/),
      "· b: in place",
      "… c",
      expect.stringMatching(/^– c: no net \([\d.]+ s\)$/),
    ]);
  });

  it("end set-up when one is still missing after it was made", async () => {
    vi.spyOn(console, "log").mockReturnValue();
    await expect(makeMissing([step("a", [], ["gone", "gone"])])).rejects.toThrow(
      "a: not right even after it was made (gone)",
    );
  });

  it("are asked one after the other until one is missing", async () => {
    const asked: string[] = [];
    const c = { name: "c", missing: () => void asked.push("c"), make: async () => ({}) };
    expect(await firstMissing([step("a", [], []), step("b", [], ["gone"]), c])).toMatchObject({ name: "b" });
    expect(asked).toEqual([]);
  });
});

describe("A problem", () => {
  it.each([
    ["npm error code ENOTFOUND", "registry cannot be reached"],
    ["Retrying after connection broken by 'NewConnectionError(...)'", "registry cannot be reached"],
    ["npm error Error: EACCES: permission denied, mkdir", "cannot be written"],
    ["OSError: [Errno 28] No space left on device", "disk is full"],
    ["npm error code EUSAGE", "do not agree"],
  ])("inside npm or pip (%s) becomes one line with its remedy", (output, words) => {
    expect(failure("It", { output, timedOut: false }, "Do that.").message).toMatch(new RegExp(`^It: .*${words}.*$`));
  });

  it("that nobody foresaw shows the end of the output", () => {
    const error = failure("It", { output: "first\nlast\n", timedOut: false }, "Do that.");
    expect(error).toMatchObject({
      message: "It failed; the end of its output is above. Do that.",
      tail: "first\nlast",
    });
    expect(remedyFor("first\nlast")).toBeUndefined();
  });

  it("is told without a stack trace, and a bug with one", () => {
    expect(explain(problem("Do this."))).toBe("Do this.");
    expect(explain(new Error("EACCES: permission denied, mkdir 'x'"))).toMatch(
      /^EACCES: .*Make that folder yours, .*$/,
    );
    expect(explain(new TypeError("x is not a function"))).toMatch(/\n +at /);
  });
});

describe("The lock", () => {
  const here = (pid: number) => `${pid} ${hostname()} 0\n`;

  it("is stale when its process is gone, or when it has been silent for long", () => {
    expect(isStale(here(1), 0, () => false)).toBe(true);
    expect(isStale(here(1), 0, () => true)).toBe(false);
    expect(isStale("1 elsewhere 0\n", 0, () => false)).toBe(false);
    expect(isStale("1 elsewhere 0\n", 600_000, () => false)).toBe(true);
    expect(isStale("", 0, () => false)).toBe(false);
  });

  it("keeps two set-ups apart, and is gone afterwards", async () => {
    const path = join(folder, "new", "setup.lock");
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await vi.waitFor(() => expect(log).toContain("waits"));
      log.push(`${name} ends`);
    };
    const wait = () => log.push("waits");
    await Promise.all([withLock(path, wait, work("one")), withLock(path, wait, work("two"))]);
    expect(log).toEqual(["one begins", "waits", "one ends", "two begins", "two ends"]);
    expect(readdirSync(join(folder, "new"))).toEqual([]);
  });
});

describe("Files", () => {
  it("are written whole, into folders that need not exist, and nothing else is left", () => {
    writeWhole(join(folder, "a", "b.json"), '{"c":1}');
    expect(readJson(join(folder, "a", "b.json"))).toEqual({ c: 1 });
    expect(filesIn(folder)).toEqual(["a/b.json"]);
  });

  it("half written are like absent ones", () => {
    writeWhole(join(folder, "half.json"), '{"c":');
    expect(readJson(join(folder, "half.json"))).toBeUndefined();
    expect(readJson(join(folder, "none.json"))).toBeUndefined();
  });

  it("have a hash of their names and contents", () => {
    writeWhole(join(folder, "a"), "12");
    writeWhole(join(folder, "b"), "");
    const before = hashOf(folder, ["a", "b"]);
    expect(hashOf(folder, ["a", "b"])).toBe(before);
    writeWhole(join(folder, "a"), "1");
    writeWhole(join(folder, "b"), "2");
    expect(hashOf(folder, ["a", "b"])).not.toBe(before);
    expect(hashOf(folder, ["none"])).not.toBe(hashOf(folder, []));
  });
});

it("The kernel is started by this Node, with its warnings and TensorFlow's start-up lines off", () => {
  expect(JSON.parse(kernelSpec("/here", "/bin/node"))).toEqual({
    argv: [
      "/bin/node",
      "--disable-warning=ExperimentalWarning",
      "--disable-warning=DeprecationWarning",
      join("/here", "src", "kernel", "start.mjs"),
      "{connection_file}",
    ],
    display_name: "TypeScript",
    language: "typescript",
    env: { TF_CPP_MIN_LOG_LEVEL: "2" },
  });
});

describe("The summary of the tests", () => {
  const file = (name: string, status: string, ...statuses: string[]) => ({
    name,
    status,
    assertionResults: statuses.map((status, i) => ({ fullName: `${name} ${i}`, status })),
  });

  it("counts the check as one test", () => {
    const report = { testResults: [file("a", "passed", "passed", "skipped")] };
    expect(summaryOf(countsOf(0, 0, report))).toBe("2 passed, 0 failed, 1 skipped");
    expect(summaryOf(countsOf(2, 0, report))).toBe("1 passed, 1 failed, 1 skipped");
  });

  it("names what failed, also a file that could not be loaded", () => {
    const report = { testResults: [file("a", "failed", "failed", "passed"), file("b", "failed")] };
    const counts = countsOf(0, 1, report);
    expect(counts.failures).toEqual(["a 0", "b (outside of its tests)"]);
    expect(summaryOf(counts)).toBe("2 passed, 2 failed");
  });

  it("never calls a run without a report, or with an error outside of all tests, a success", () => {
    expect(summaryOf(countsOf(0, 1, undefined))).toBe("1 passed, 1 failed");
    expect(summaryOf(countsOf(0, 1, { testResults: [file("a", "passed", "passed")] }))).toBe("2 passed, 1 failed");
    expect(summaryOf(countsOf(1, 1, undefined))).toBe("0 passed, 2 failed");
  });
});
