import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { PlotlyFigure } from "../../src/figures/figure.js";
import { memoryHeatmap } from "../../src/figures/memory-heatmap.js";
import { nsm } from "../../src/model/nsm.js";
import { ntm } from "../../src/model/ntm.js";
import { toCsv } from "../../src/notebook/csv.js";
import type { DataFrame } from "../../src/notebook/data-frame.js";
import { liveLine } from "../../src/notebook/live-line.js";
import { FIGURE_MIME, outputOf, show } from "../../src/notebook/show.js";
import { trainHere } from "../../src/notebook/train-here.js";
import { copyTask } from "../../src/tasks/copy.js";
import { recallTask } from "../../src/tasks/recall.js";
import { useBackend } from "../../src/tensors/backend.js";
import { namedArray } from "../../src/tensors/named-array.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { adam } from "../../src/training/optimizers.js";

const require = createRequire(import.meta.url);
const figure = memoryHeatmap(namedArray("memory", ["slot", "word"], [1, 2], [1, 2]), { title: "A < B & C" });
const table = {
  columns: ["name", "entropy"],
  index: [0, 1],
  values: [
    ["<script>", 1.23456789],
    [null, 1200000.7],
  ],
};

let printed: string[];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, "log").mockImplementation((text: string) => void printed.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A stream that keeps what is written; with columns it is a terminal. */
function streamInto(written: string[], columns?: number): NodeJS.WriteStream {
  const write = (text: string): boolean => written.push(text) > 0;
  return { write, columns, isTTY: columns !== undefined } as NodeJS.WriteStream;
}

describe("outside a notebook", () => {
  test.each([
    ["an answer of one of many", recallTask(), "bits lost per answer, "],
    ["answers of bits", copyTask(2), "bits lost per answer bit, "],
  ])("the progress of a training with %s counts its loss by them", async (_, task, words) => {
    await useBackend("cpu");
    vi.spyOn(process.stderr, "write").mockImplementation((text) => printed.push(String(text)) > 0);
    const sizes = { inputs: task.inputs, outputs: task.outputs, slots: 3, word: 4, readHeads: 1, writeHeads: 1 };
    const parts = { tokens: 6, states: 2, features: 8, heads: 2, gates: "gru", pruned: [] } as const;
    const model =
      task.name === "copy"
        ? ntm({ ...sizes, controller: "feedforward", units: 4, initialWeights: "zero" })
        : nsm({ ...sizes, ...parts, symbols: task.inputs / 6 });
    const training = { model, task, optimizer: adam(0.01), seed: 1, updates: 1, batch: 2 };
    const lengths = { shortest: 2, longest: 2 };
    const { parameters } = await trainHere({ ...training, clip: { by: "norm", limit: 10 }, lengths });
    disposeTensors(parameters);
    expect(printed.at(-1)).toContain(words);
  });

  test("show prints plain text, and only that", () => {
    show(figure);
    show("**bold**");
    show(table);
    expect(printed).toEqual([
      "[Figure: A < B & C (heatmap)]",
      "**bold**",
      "   name      entropy\n0  <script>    1.235\n1            1200001",
    ]);
  });

  test("a live line in a pipe prints the first text, one now and then, and the last", () => {
    vi.useFakeTimers();
    const line = liveLine(streamInto(printed));
    for (let step = 0; step <= 25; step++) {
      line.update(`step ${step}`);
      vi.advanceTimersByTime(1000);
    }
    line.end();
    line.end();
    expect(printed).toEqual(["step 0\n", "step 10\n", "step 20\n", "step 25\n"]);
  });

  test("a live line on a terminal rewrites itself within the width, and ends with a new line", () => {
    const line = liveLine(streamInto(printed, 10));
    line.update("one");
    line.update("a text that is too long");
    line.end();
    expect(printed).toEqual(["\r\u001b[2Kone", "\r\u001b[2Ka text th", "\n"]);
  });
});

describe("in a cell", () => {
  const sent: { content: { data: Record<string, unknown>; transient: { display_id?: string } }; update: boolean }[] =
    [];
  const path = "/elsewhere/node_modules/tslab/dist/jupyter.js";
  beforeEach(() => {
    sent.length = 0;
    const lastWriteDisplayData = (content: never, update: boolean): void => void sent.push({ content, update });
    require.cache[path] = { exports: { lastWriteDisplayData } } as NodeJS.Module;
  });
  afterEach(() => {
    delete require.cache[path];
  });

  test("show sends one output with every MIME type to the kernel that runs, wherever it is installed", () => {
    show(figure);
    expect(sent).toEqual([
      {
        content: {
          data: { "application/vnd.plotly.v1+json": figure, "text/plain": "[Figure: A < B & C (heatmap)]" },
          metadata: {},
          transient: {},
        },
        update: false,
      },
    ]);
    expect(printed).toEqual([]);
  });

  test("a live line replaces its own output", () => {
    const line = liveLine();
    line.update("one");
    line.update("two");
    line.end();
    expect(sent.map(({ content, update }) => [content.data["text/plain"], update])).toEqual([
      ["one", false],
      ["two", true],
    ]);
    expect(sent[0]?.content.transient.display_id).toBe(sent[1]?.content.transient.display_id);
  });
});

describe("a table", () => {
  const htmlOf = (frame: DataFrame): string => outputOf(frame)["text/html"] as string;
  const long = (count: number): DataFrame => {
    return { columns: ["x"], index: [...Array(count).keys()], values: Array(count).fill([0.00001234]) };
  };

  test("is escaped, keeps four significant digits, and has the number in full for the pointer and for sorting", () => {
    const html = htmlOf(table);
    expect(html).toContain("&#60;script&#62;");
    expect(html).not.toContain("<script");
    expect(html).toContain(' title="1.23456789">1.235<');
  });

  test("keeps to elements that sanitizers let pass, so that what they leave can be read", () => {
    const elements = new Set([...htmlOf(table).matchAll(/<([a-z]+)/g)].map(([, name]) => name));
    expect([...elements].sort()).toEqual(["a", "b", "div", "span", "table", "td", "tr"]);
  });

  test("says how much of it is not seen, and stands in plain text up to there", () => {
    expect(htmlOf(long(1234))).toContain("… 1,134 more of 1,234 rows");
    expect((outputOf(long(1234))["text/plain"] as string).split("\n")).toHaveLength(102);
    expect(outputOf(long(1234))["text/plain"]).toContain("1.234e-5");
  });

  test.each([
    [1, 1, 0, false],
    [2, 2, 0, true],
    [1000, 1000, 900, true],
    [1001, 100, 0, false], // a part that sorts would mislead
  ])("of %i rows has %i of them in it, %i hidden, and sorts: %s", (count, rows, hidden, sorts) => {
    const html = htmlOf(long(count));
    expect(html.match(/<tr/g)).toHaveLength(rows + 1);
    expect(html.match(/<tr hidden>/g) ?? []).toHaveLength(hidden);
    expect(html.includes("onclick=")).toBe(sorts);
  });

  test("gives all its rows as CSV in a link, or says why not", () => {
    const csvIn = (html: string): string =>
      Buffer.from(/base64,([^"]*)/.exec(html)?.[1] ?? "", "base64").toString("utf8");
    expect(csvIn(htmlOf(long(1234)))).toBe(toCsv(long(1234)));
    expect(htmlOf(table)).toContain('download="table.csv"');
    const [heavy, light] = ["x".repeat(1001), "x".repeat(10)].map((text) => ({
      ...long(1000),
      values: Array(1000).fill([text]),
    }));
    expect(htmlOf(heavy as DataFrame)).toContain("write toCsv(table) to a file");
    expect(csvIn(htmlOf(light as DataFrame))).toContain("xxxxxxxxxx");
  });
});

describe("CSV", () => {
  /** A reader after RFC 4180, section 2, which knows nothing of the writer. */
  function read(csv: string): string[][] {
    expect(csv.endsWith("\r\n")).toBe(true);
    const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
    const rows: string[][] = [[]];
    for (const [, quoted, bare, end] of csv.matchAll(field)) {
      rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? (bare as string));
      if (end === "\r\n") rows.push([]);
    }
    return rows.slice(0, -1);
  }
  const letters = fc.stringMatching(/^[a-z,"' ;é][a-z,"' \r\n;é]{0,7}$/);

  test("comes back as it was, whatever quotes, commas and line breaks are in it", () => {
    const cell = fc.oneof(letters, fc.double({ noNaN: true }), fc.constant(null));
    const tables = fc.array(fc.tuple(cell, cell), { maxLength: 5 });
    fc.assert(
      fc.property(tables, letters, (values, name) => {
        const rows = values.map((row) => row.map((content) => (content === null ? "" : String(content))));
        const csv = toCsv({ columns: [name, "b"], index: values.map((_, row) => row), values });
        expect(read(csv)).toEqual([[name, "b"], ...rows]);
      }),
    );
  });

  test("has the index only when that says more than the rows' numbers", () => {
    expect(toCsv({ columns: ["a"], index: [0, 1], values: [[1], [Number.NaN]] })).toBe("a\r\n1\r\nNaN\r\n");
    expect(toCsv({ columns: ["a"], index: ["x", "y"], values: [[1], [2]] })).toBe(",a\r\nx,1\r\ny,2\r\n");
  });

  test("keeps a spreadsheet from running a stranger's formula, and leaves numbers and signs alone", () => {
    const cells = ["=1+1", "@SUM(A1)", "+cmd", "\t=1", "-x", "-1.5e3", "=", "×", -2];
    const [, ...rows] = read(toCsv({ columns: ["a"], index: [...cells.keys()], values: cells.map((cell) => [cell]) }));
    const expected = ["'=1+1", "'@SUM(A1)", "'+cmd", "'\t=1", "'-x", "-1.5e3", "=", "×", "-2"];
    expect(rows.flat()).toEqual(expected);
  });
});

describe("a figure that is Plotly's and none of ours", () => {
  const drawn = (what: PlotlyFigure): unknown => JSON.parse(JSON.stringify(outputOf(what)[FIGURE_MIME]));

  test("needs only data, of any type", () => {
    expect(drawn({ data: [{ y: [1, 2] }] })).toEqual({ data: [{ y: [1, 2] }], layout: {}, config: {} });
    const box = { data: [{ type: "box", y: [1, 2] }, { type: "sunburst" }], layout: { title: "T" } };
    expect(outputOf(box)["text/plain"]).toBe("[Figure: T (box, sunburst)]");
    expect(outputOf({ data: [{ y: [1] }] })["text/plain"]).toBe("[Figure: untitled (scatter)]");
    expect(outputOf({ data: [] })["text/plain"]).toBe("[Figure: untitled (no traces)]");
  });

  test("has titles that plotly.js draws, wherever they stand as texts", () => {
    const text = (title: string) => ({ title: { text: title } });
    const buttons = (title: unknown) => [{ buttons: [{ args: [{ "xaxis.title": title }] }] }];
    expect(
      drawn({
        data: [{ type: "heatmap", z: [[1]], colorbar: { title: "C" }, title: "P", meta: { title: "mine" } }],
        layout: { title: "T", xaxis: { title: "X" }, scene: { zaxis: { title: "Z" } }, updatemenus: buttons("B") },
        frames: [{ name: "1", data: [{ y: [2] }], layout: { title: "F" } }],
        config: { scrollZoom: true },
      }),
    ).toEqual({
      data: [{ type: "heatmap", z: [[1]], colorbar: text("C"), ...text("P"), meta: { title: "mine" } }],
      layout: {
        ...{ ...text("T"), xaxis: text("X"), scene: { zaxis: text("Z") } },
        updatemenus: buttons({ text: "B" }),
      },
      frames: [{ name: "1", data: [{ y: [2] }], layout: text("F") }],
      config: { scrollZoom: true },
    });
    const kept = { data: [], layout: { title: { text: "T", x: 0 } } };
    expect(drawn(kept)).toEqual({ ...kept, config: {} });
  });

  test("has typed arrays and dates as JSON knows them, also when the objects are of another realm", () => {
    const figure =
      runInNewContext(`({ data: [{ x: [new Date(0)], y: Float32Array.of(0.5, NaN), z: [BigInt64Array.of(3n)] }],
      layout: { title: "T" } })`);
    expect(drawn(figure)).toEqual({
      data: [{ x: ["1970-01-01T00:00:00.000Z"], y: [0.5, null], z: [[3]] }],
      layout: { title: { text: "T" } },
      config: {},
    });
  });
});

test("show refuses what it cannot draw, saying what it was given", () => {
  expect(() => show({ shape: [1] } as never)).toThrow("was given an object with shape");
  expect(() => show(undefined as never)).toThrow("was given undefined");
  expect(() => show([1] as never)).toThrow("was given an array");
  expect(() => show({ data: [], layout: null } as never)).toThrow("was given an object with data, layout");
});
