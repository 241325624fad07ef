import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { aboutResume, momentFrom } from "../../src/cli/sweep-file.js";

const folder = await mkdtemp(join(tmpdir(), "sweep-file-"));
afterAll(() => rm(folder, { recursive: true }));
const moment = { sweep: "ntm-01234567", cells: 2, baseline: 1, values: [3, "NaN"] };

test("--resume goes on from the moment in the file", async () => {
  const out = join(folder, "map.json");
  await writeFile(out, JSON.stringify({ done: 2, moment }));
  expect(await momentFrom({ out, resume: true })).toEqual(moment);
});

test.each([
  ["", "could not be read: Unexpected end"],
  ["{}", "could not be read: it holds no `moment` of a sweep"],
  ["null", "it holds no `moment` of a sweep"],
  [JSON.stringify({ moment: { ...moment, cells: 1 } }), "it holds no `moment` of a sweep"],
])("what is no moment is refused by the name of the option and of the file: %s", async (text, problem) => {
  const out = join(folder, "other.json");
  await writeFile(out, text);
  const refusal: Error = await momentFrom({ out, resume: true }).catch((error) => error);
  expect(refusal.message.startsWith(`--resume: "${out}" could not be read: `)).toBe(true);
  expect(refusal.message).toContain(problem);
});

test("what the sweep says against `from` is said of the file, and other errors stay as they are", () => {
  const parted = new Error('sweep: `from` belongs to another sweep ("a", this one is "b"). Give the model.');
  expect(aboutResume(parted, "map.json").message).toBe(
    '--resume: "map.json" belongs to another sweep ("a", this one is "b"). Give the model.',
  );
  const other = new Error("sweep: slot 9 is outside 0 to 4.");
  expect(aboutResume(other, "map.json")).toBe(other);
});
