import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { historyFolder } from "../../src/files/folder-storage.js";
import { openHistory } from "../../src/tracker/history.js";
import { openHistoryWriter } from "../../src/tracker/history-writer.js";
import { readAll, recordBatch, recording } from "../history-rows.js";

/** How a call of the operating system fails: without effect, with its effect but unseen, or, a write, half done. */
const failures = ["before", "after", "half"] as const;

/** The operating system as a history's folder sees it. */
const system = vi.hoisted(() => ({
  /** What was called: an operation and the path it was given. */
  calls: [] as string[],
  /** The call that fails, counted from 0, and whether all later ones do. */
  failsAt: Number.POSITIVE_INFINITY,
  forEver: false,
  how: "before" as "before" | "after" | "half",
  code: "ENOSPC",
  handles: 0,
}));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  type Operation = (...given: never[]) => Promise<unknown>;
  const called = (name: string, operation: Operation, half?: Operation): Operation => {
    return async (...given) => {
      const turn = system.calls.push(`${name} ${given[0]}`) - 1;
      const { failsAt, forEver, how, code } = system;
      if (turn < failsAt || (turn > failsAt && !forEver)) return operation(...given);
      if (turn === failsAt && how === "after") await ((await operation(...given)) as FileHandle | undefined)?.close?.();
      if (turn === failsAt && how === "half") await half?.(...given);
      throw Object.assign(new Error(`${code}: ${name}`), { code });
    };
  };
  const counted = (handle: FileHandle): object => {
    system.handles++;
    const close = async (): Promise<unknown> => {
      await handle.close(); // a close that fails has closed it all the same
      system.handles--;
      return called("close", async () => {})();
    };
    // A system may write less than it is given.
    const write = (pieces: readonly Uint8Array[]): Promise<object> => handle.writev(pieces.slice(0, 2));
    const half = ([piece = new Uint8Array()]: readonly Uint8Array[]): Promise<object> =>
      handle.writev([piece.subarray(0, piece.length / 2)]);
    return {
      writev: called("write", write, half),
      sync: called("flush", async () => {}), // how long a disk takes is not looked at here
      close,
      read: handle.read.bind(handle),
      stat: handle.stat.bind(handle),
    };
  };
  const open = async (path: string, flags: string): Promise<object> => counted(await real.open(path, flags));
  const { link, mkdir, readdir, rename, rm } = real;
  const others = Object.entries({ link, mkdir, readdir, rename, rm }) as unknown as [string, Operation][];
  const wrapped = others.map(([name, operation]) => [name, called(name, operation)]);
  return { ...real, ...Object.fromEntries(wrapped), open: called("open", open) };
});

const base = mkdtempSync(join(tmpdir(), "tapescope-folder-"));
const place = join(base, "runs", "one");
afterAll(() => rmSync(base, { recursive: true }));
beforeEach(() => {
  works();
  rmSync(join(base, "runs"), { recursive: true, force: true });
});

/** From now on every call does what it should. */
function works(): void {
  const [failsAt, code] = [Number.POSITIVE_INFINITY, "ENOSPC"];
  Object.assign(system, { calls: [], failsAt, forEver: false, code, handles: 0 });
}

const epochs = 2;

/** Record two epochs, and save each. @returns how many were acknowledged, and the first problem */
async function record(retry: boolean): Promise<{ acknowledged: number; problem: string }> {
  let [acknowledged, problem] = [0, ""];
  try {
    const writer = await openHistoryWriter(historyFolder(place), recording);
    while (acknowledged < epochs) {
      recordBatch(writer, acknowledged, 0);
      await writer.flush().catch((error: Error) => {
        problem = error.message;
        if (!retry) throw error;
        return writer.flush();
      });
      acknowledged++;
    }
  } catch (error) {
    problem = (error as Error).message;
  }
  return { acknowledged, problem };
}

/** The calls of a recording, numbered, that can fail so. */
async function callsThatFail(how: (typeof failures)[number]): Promise<number[]> {
  expect(await record(false)).toEqual({ acknowledged: epochs, problem: "" });
  const calls = system.calls.map((call, index) => (how !== "half" || call.startsWith("write") ? index : -1));
  return calls.filter((index) => index >= 0);
}

function begin(failsAt: number, how: (typeof failures)[number], forEver: boolean): void {
  rmSync(join(base, "runs"), { recursive: true, force: true });
  works();
  Object.assign(system, { failsAt, how, forEver });
}

const batches = ["0/0", "1/0", "2/0"];

/** Go on with what is there, or begin, as one would after a failure. */
async function goOn(acknowledged: number): Promise<void> {
  const begun = existsSync(place) && readdirSync(place).some((name) => name.startsWith("_manifest-0"));
  const options = begun ? { resumeAt: [acknowledged, 0] as const } : {};
  const writer = await openHistoryWriter(historyFolder(place), recording, options);
  recordBatch(writer, acknowledged, 0);
  await writer.flush();
  const history = await openHistory(historyFolder(place));
  expect(await readAll(history)).toEqual(batches.slice(0, acknowledged + 1));
  expect(readdirSync(place).filter((name) => name.startsWith("."))).toEqual([]);
  expect(readdirSync(place).filter((name) => name.endsWith(".parquet"))).toHaveLength(history.size.parts);
}

describe.each(failures)("a history's folder, when a call of the operating system fails (%s its effect)", (how) => {
  test("has every row once after a second try, whichever call it was", async () => {
    const calls = await callsThatFail(how);
    expect(calls.length).toBeGreaterThan(how === "half" ? 4 : 50);
    for (const failsAt of calls) {
      begin(failsAt, how, false);
      const { acknowledged, problem } = await record(true);
      const [call, handles] = [system.calls[failsAt], system.handles];
      works();
      expect({ call, handles }).toEqual({ call, handles: 0 });
      if (problem) expect({ call, problem }).toEqual({ call, problem: expect.stringContaining("ENOSPC") });
      if (acknowledged === 0) {
        await goOn(0); // it failed when the history was begun, and said so
        continue;
      }
      const history = await openHistory(historyFolder(place));
      expect({ call, found: await readAll(history) }).toEqual({ call, found: batches.slice(0, epochs) });
      // Those who read the folder without its manifest find every row once, too.
      const parts = readdirSync(place).filter((name) => name.endsWith(".parquet"));
      const unseen = how === "after" && /^link .*part/.test(call ?? "") ? 1 : 0;
      expect({ call, parts: parts.length }).toEqual({ call, parts: history.size.parts + unseen });
    }
  });

  test("opens with all that was acknowledged, and is gone on with, when every later one fails too", async () => {
    const calls = await callsThatFail(how);
    expect(calls.length).toBeGreaterThan(how === "half" ? 4 : 50);
    for (const failsAt of calls) {
      begin(failsAt, how, true);
      const { acknowledged } = await record(false);
      const [call, handles] = [system.calls[failsAt], system.handles];
      works();
      expect({ call, handles }).toEqual({ call, handles: 0 });
      const history = await openHistory(historyFolder(place)).catch((error: Error) => {
        expect({ acknowledged, problem: error.message }).toEqual({
          acknowledged: 0,
          problem: expect.stringMatching(/^There is no state history in/),
        });
      });
      const found = history ? await readAll(history) : [];
      expect({ call, found: found.slice(0, acknowledged) }).toEqual({ call, found: batches.slice(0, acknowledged) });
      expect(history?.warnings ?? []).toEqual([]);
      await goOn(acknowledged);
    }
  });
});

test("flushes the names of all folders that it makes", async () => {
  await record(false);
  for (const folder of [base, join(base, "runs"), place]) expect(system.calls).toContain(`open ${folder}`);
});

test("says so where the disk knows no hard links, and where the path is that of a file", async () => {
  await record(false);
  const firstLink = system.calls.findIndex((call) => call.startsWith("link"));
  begin(firstLink, "before", true);
  system.code = "EPERM";
  const { problem } = await record(false);
  expect(problem).toMatch(
    /runs.one" lies on a file system without hard links \(EPERM\), .* choose a folder on another/,
  );
  works();
  writeFileSync(join(base, "file"), "");
  const file = historyFolder(join(base, "file"));
  await expect(openHistory(file)).rejects.toThrow(/file" is a file; a state history is a folder\.$/);
  await expect(openHistoryWriter(file, recording)).rejects.toThrow(/is a file; a state history is a folder\.$/);
});
