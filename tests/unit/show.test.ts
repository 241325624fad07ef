import { createRequire } from "node:module";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { memoryHeatmap } from "../../src/figures/memory-heatmap.js";
import { liveLine } from "../../src/notebook/live-line.js";
import { outputOf, show } from "../../src/notebook/show.js";
import { namedArray } from "../../src/tensors/named-array.js";

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

test("a table is escaped, keeps four significant digits, and says how much of it is not shown", () => {
  const html = outputOf(table)["text/html"] as string;
  expect(html).toContain("&#60;script&#62;");
  expect(html).not.toContain("<script>");
  expect(html).toContain(">1.235<");
  const long = { columns: ["x"], index: [...Array(1234).keys()], values: Array(1234).fill([0.00001234]) };
  expect(outputOf(long)["text/html"]).toContain("… 1,134 more of 1,234 rows");
  expect((outputOf(long)["text/plain"] as string).split("\n")).toHaveLength(102);
  expect(outputOf(long)["text/plain"]).toContain("1.234e-5");
});

test("show refuses what it cannot draw, saying what it was given", () => {
  expect(() => show({ shape: [1] } as never)).toThrow("was given an object with shape");
  expect(() => show(undefined as never)).toThrow("was given undefined");
  expect(() => show([1] as never)).toThrow("was given an array");
});
