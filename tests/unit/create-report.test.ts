import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { replaceFolder, restoreFolder } from "../../src/files/replace-folder.js";
import { createReport } from "../../src/notebook/create-report.js";
import { fileNames } from "../../src/notebook/file-names.js";
import { type ReportData, reportParts } from "../../src/notebook/report-parts.js";
import { namedArray } from "../../src/tensors/named-array.js";

const HOSTILE = "</script><img src=x onerror=alert(1)>";
const even = [
  [0.5, 0.5],
  [1, 0],
];
const data: ReportData = { attentionWeights: even, tables: { Costs: { table: [{ bits: 1 }], about: "One row." } } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tapescope-report-"));
  vi.stubEnv("PATH", ""); // no browser: nothing is started here
  vi.stubEnv("TAPESCOPE_BROWSER", "");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const read = (path: string): Promise<string> => readFile(join(folder, path), "utf8");
const listed = async (path: string): Promise<string[]> =>
  (await readdir(join(folder, path), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, path).length + 1))
    .sort();

describe("the parts of a report", () => {
  test("are the standard figures of every array that is there, then its numbers", () => {
    const cube = [even, even];
    const all: ReportData = {
      attentionWeights: even,
      tokenStateAttention: even,
      stateAttention: even,
      multiHeadAttention: cube,
      memoryContent: even,
      memoryOverSteps: cube,
      importanceScores: [1, 2],
      initialReadWeights: even,
      initialWriteWeights: [0.5, 0.5],
      finalReadWeights: even,
    };
    expect(reportParts(all).map(({ name, arrays }) => `${name}: ${arrays.map(({ axes }) => axes.join(" "))}`)).toEqual([
      "Attention weights: query key",
      "Token-to-state routing: token state",
      "State-to-state communication: state heard state",
      "Attention of each head: head query key",
      "Memory content: slot word",
      "Memory over the steps: step slot word",
      "Memory at several steps: step slot word",
      "Importance: slot",
      "Initial read and write weights: head slot,slot",
      "Final read and write weights: head slot",
      "Attention in numbers: query key,token state,state heard state,head query key",
      "Memory in numbers: slot word,step slot word",
    ]);
    for (const part of reportParts(all)) expect(part.about).toMatch(/^[A-Z].*\.$/);
  });

  test("keep the names of arrays that have some", () => {
    const weights = namedArray("layer 1", ["reader", "read"], [1, 2], [0.5, 0.5]);
    const [figure, numbers] = reportParts({ attentionWeights: weights });
    expect(figure?.arrays).toEqual([weights]);
    expect(numbers && "table" in numbers && numbers.table.values[0]).toEqual(
      expect.arrayContaining(["attention weights", "1 × 2"]),
    );
  });

  test.each([
    [null, /^A report takes an object with some of attentionWeights, .*, but was given null\.$/],
    [[even], /^A report takes an object .* was given an array\.$/],
    [{}, "A report needs at least one of attentionWeights, "],
    [{ attention: even }, 'A report has no "attention"; it takes attentionWeights, '],
    [{ memoryContent: [1, 2] }, "memoryContent must be [slot, word], but has 1 axes [2]"],
    [{ finalReadWeights: [[[1]]] }, "finalReadWeights must be [head, slot] or [slot], but has 3 axes [1, 1, 1]"],
    [{ figures: { a: { figure: {}, about: "" } } }, 'figure "a" must be { figure, about }'],
    [{ tables: { a: { table: [{ x: 1 }] } } }, 'table "a" must be { table, about }'],
    [{ tables: { a: { table: [null], about: "" } } }, 'table "a" must be { table, about }'],
    [{ tables: { a: { table: [1, 2], about: "" } } }, 'table "a" must be { table, about }'],
    [{ figures: { a: { figure: { data: [], layout: null }, about: "" } } }, 'figure "a" must be { figure, about }'],
    [{ tables: { a: null } }, 'table "a" must be { table, about }'],
  ])("are refused in %j", (given, message) => {
    expect(() => reportParts(given as ReportData)).toThrow(message);
  });
});

test("a figure that goes in a circle is refused in one line", () => {
  const figure = { data: [{ type: "bar" }], layout: { title: { text: "" }, height: 200 }, config: {} };
  const circle: ReportData = { figures: { a: { figure: { ...figure, config: { circle: figure.data } }, about: "" } } };
  (figure.data[0] as object as { all: unknown }).all = figure.data;
  expect(() => reportParts(circle)).toThrow(/^The report's figure "a" cannot be written as JSON: .*\.$/);
});

describe("file names", () => {
  test("are safe on every file system, and no two are alike", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("con", "COM1", "A", "a", "a-2"))),
        (titles) => {
          const names = fileNames(titles);
          expect(new Set(names.map((name) => name.toLowerCase().normalize("NFC"))).size).toBe(titles.length);
          for (const name of names) {
            expect(name).toMatch(/^[\p{L}\p{M}\p{N}-]{1,70}$/u);
            expect(name).not.toMatch(/^(con|com1)$/i);
          }
        },
      ),
    );
  });

  test("keep the words of the title", () => {
    const titles = ["Head 1 → slot", "../x", "con", HOSTILE, "重み", "", "?"];
    const names = ["head-1-slot", "x", "con-2", "script-img-src-x-onerror-alert-1", "重み", "untitled", "untitled-2"];
    expect(fileNames(titles)).toEqual(names);
  });
});

describe("a report", () => {
  test("has pages, tables and a manifest that lists every file with its sum; without a browser it says what is missing", async () => {
    const { directory, files, notes } = await createReport(data, join(folder, "new", "report"), {
      title: "Costs & all",
    });
    expect(directory).toBe(join(folder, "new", "report"));
    expect(await listed("new/report")).toEqual([...files].sort());
    expect([...files].sort()).toEqual([
      "figures/attention-weights.html",
      "figures/plotly.min.js",
      "index.html",
      "manifest.json",
      "report.html",
      "tables/attention-in-numbers.csv",
      "tables/costs.csv",
    ]);
    expect(notes).toEqual([
      expect.stringMatching(/no static pictures.*Install one, or give its path in TAPESCOPE_BROWSER/),
    ]);
    const manifest = JSON.parse(await read("new/report/manifest.json"));
    expect(manifest).toMatchObject({ format: "tapescope report", version: 1, title: "Costs & all", notes });
    expect(manifest.createdBy).toMatch(/^tapescope \d+\.\d+/);
    for (const { path, bytes, sha256 } of manifest.files) {
      const content = await readFile(join(directory, path));
      expect([bytes, sha256]).toEqual([content.length, createHash("sha256").update(content).digest("hex")]);
    }
    expect(manifest.entries).toContainEqual({
      kind: "table",
      title: "Costs",
      about: "One row.",
      files: ["tables/costs.csv"],
      arrays: [],
    });
    expect(manifest.entries[0].arrays).toEqual([{ name: "attention weights", axes: ["query", "key"], shape: [2, 2] }]);
    expect(await read("new/report/tables/costs.csv")).toBe("bits\r\n1\r\n");
    expect(await read("new/report/index.html")).toContain("no static pictures");
    expect((await read("new/report/report.html")).includes("plotly.min.js")).toBe(false); // it is in the page
  });

  test("of tables alone has no plotly.js", async () => {
    const { tables } = data;
    const { files, notes } = await createReport({ tables } as ReportData, join(folder, "report"));
    expect([...files].sort()).toEqual(["index.html", "manifest.json", "report.html", "tables/costs.csv"]);
    expect(notes).toEqual([]);
  });

  test("replaces an older one whole", async () => {
    await createReport({ memoryContent: even }, join(folder, "report"));
    const { files } = await createReport({ tables: data.tables } as ReportData, join(folder, "report"));
    expect(await listed("report")).toEqual([...files].sort());
    expect(await readdir(folder)).toEqual(["report"]);
  });

  test("follows a link to its folder, and leaves the link", async () => {
    await mkdir(join(folder, "real"));
    await symlink(join(folder, "real"), join(folder, "link"));
    await createReport(data, join(folder, "link"));
    expect(await listed("real")).toContain("index.html");
  });

  test("never touches a folder that holds anything else", async () => {
    const report = join(folder, "report");
    await expect(createReport(data, "")).rejects.toThrow("needs the path of a directory");
    await writeFile(report, "mine");
    await expect(createReport(data, report)).rejects.toThrow("is a file; a report needs a directory");
    const below = new RegExp(`"${report}" is a file, so that "${join(report, "a", "b")}" cannot be made`);
    await expect(createReport(data, join(report, "a", "b"))).rejects.toThrow(below);
    await expect(createReport(data, join(report, "a"))).rejects.toThrow("is a file, so that");
    await rm(report);
    await mkdir(report);
    await writeFile(join(report, "manifest.json"), '{"format":"something else"}');
    await expect(createReport(data, report)).rejects.toThrow("holds something that is not a report: choose another");
    await rm(join(report, "manifest.json"));
    await createReport(data, report); // an empty folder will do
    await mkdir(join(report, "tables", "mine"));
    await writeFile(join(report, "tables", "mine", "notes.txt"), "mine");
    await expect(createReport(data, report)).rejects.toThrow('holds "tables/mine", which is not of the report there');
    expect(await read("report/tables/mine/notes.txt")).toBe("mine");
    expect(await readdir(folder)).toEqual(["report"]);
  });

  test("escapes every text by where it stands", async () => {
    const figure = { data: [], layout: { title: { text: HOSTILE }, height: 200 }, config: {} };
    const hostile: ReportData = {
      figures: { [HOSTILE]: { figure, about: HOSTILE }, "../../x": { figure, about: "" }, con: { figure, about: "" } },
      tables: { [`${HOSTILE}"`]: { table: [{ [HOSTILE]: HOSTILE }], about: HOSTILE } },
    };
    const { files } = await createReport(hostile, join(folder, "report"), { title: HOSTILE, about: HOSTILE });
    expect(await readdir(folder)).toEqual(["report"]);
    expect(await listed("report")).toEqual([...files].sort());
    expect(files).toContain("figures/con-2.html");
    for (const page of files.filter((path) => path.endsWith(".html"))) {
      expect(await read(`report/${page}`)).not.toContain("<img");
      expect((await read(`report/${page}`)).match(/<\/script>/g)).toHaveLength(
        ((await read(`report/${page}`)).match(/<script[ >]/g) ?? []).length,
      );
    }
  });

  test("refuses a browser that is none, before anything is written", async () => {
    vi.stubEnv("TAPESCOPE_BROWSER", join(folder, "nothing"));
    await expect(createReport(data, join(folder, "report"))).rejects.toThrow(/TAPESCOPE_BROWSER is .* no program/);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("a folder that is replaced", () => {
  const files = new Map([["new.txt", "new"]]);

  test("stays as it was when a file cannot be written", async () => {
    await replaceFolder(join(folder, "x"), new Map([["old.txt", "old"]]));
    const clash = new Map([...files, ["new.txt/under", "a file is no folder"]]);
    await expect(replaceFolder(join(folder, "x"), clash)).rejects.toThrow(/The folder ".*x" could not be written/);
    expect(await read("x/old.txt")).toBe("old");
    expect(await readdir(folder)).toEqual(["x"]);
  });

  test("is put back if a process ended between the two renames, and what it left is taken away later", async () => {
    const left = join(folder, ".x.tapescope-AbCdEf");
    await mkdir(join(left, "old"), { recursive: true });
    await writeFile(join(left, "old", "old.txt"), "old");
    await restoreFolder(join(folder, "x"));
    expect(await read("x/old.txt")).toBe("old");
    expect(await readdir(folder)).toContain(".x.tapescope-AbCdEf"); // it may still be at work
    const long = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await utimes(left, long, long);
    await replaceFolder(join(folder, "x"), files);
    expect(await readdir(folder)).toEqual(["x"]);
    expect(await listed("x")).toEqual(["new.txt"]);
  });
});
