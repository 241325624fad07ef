import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import * as api from "../../src/index.js";

const src = join(import.meta.dirname, "..", "..", "src");

/** What each room may build on. Arrows run downwards only, and the looking wing never meets the computing wing. */
const below: Record<string, readonly string[]> = {
  tensors: [],
  attention: ["tensors"],
  memory: ["tensors", "attention"],
  engine: ["tensors"],
  model: ["tensors", "attention", "memory", "engine"],
  tasks: ["tensors"],
  training: ["tensors", "engine", "model", "tasks", "tracker"],
  analysis: ["tensors"],
  experiments: ["tensors", "model", "tasks", "analysis"],
  tracker: ["tensors", "analysis", "model"],
  figures: ["tensors", "analysis"],
  explorer: [
    "tensors",
    "attention",
    "memory",
    "engine",
    "model",
    "tasks",
    "training",
    "tracker",
    "analysis",
    "figures",
  ],
  files: ["tensors", "model", "training", "tracker"],
  dashboard: ["tensors", "model", "tracker", "files", "explorer"],
  notebook: ["tensors", "analysis", "figures", "explorer", "files", "model", "tasks", "training", "tracker"],
  cli: [
    "tensors",
    "analysis",
    "dashboard",
    "experiments",
    "files",
    "model",
    "notebook",
    "tasks",
    "training",
    "tracker",
  ],
  setup: [],
  kernel: [],
};
const nodeOnly = ["files", "notebook", "cli", "dashboard", "setup", "kernel"];

interface Source {
  readonly name: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(tsx?|mjs)$/.test(name) && name.includes("/"))
  .map((name) => {
    const text = readFileSync(join(src, name), "utf8");
    const code = text.replace(/\/\*[\s\S]*?\*\//g, ""); // types in JSDoc are no imports
    const imports = [...code.matchAll(/(?:from|import\(|^import)\s*"([^"]+)"/gm)].map((match) => match[1] as string);
    return { name, room: name.split("/")[0] as string, text, imports };
  });
const targetsOf = (source: Source): string[] =>
  source.imports
    .filter((path) => path.startsWith("."))
    .map((path) => relative(src, join(src, source.name, "..", path)).replace(/\.js$/, ".ts"))
    .map((path) => (existsSync(join(src, path)) ? path : path.replace(/\.ts$/, ".tsx")));

describe("the house", () => {
  test("has the rooms of the plan and no others", () => {
    expect([...new Set(sources.map(({ room }) => room))].sort()).toEqual(Object.keys(below).sort());
  });

  test.each(Object.keys(below))("%s builds on the rooms below it only", (room) => {
    for (const source of sources.filter((one) => one.room === room)) {
      const rooms = targetsOf(source).map((target) => target.split("/")[0] as string);
      const wrong = rooms.filter((other) => other !== room && !below[room]?.includes(other) && other !== "..");
      expect({ file: source.name, wrong }).toEqual({ file: source.name, wrong: [] });
    }
  });

  test("has no circle of files that import each other", () => {
    const targets = new Map(sources.map((source) => [source.name, targetsOf(source)]));
    const done = new Set<string>();
    const visit = (name: string, path: readonly string[]): void => {
      if (done.has(name)) return;
      if (path.includes(name)) throw new Error(`${[...path, name].join(" imports ")}: a circle.`);
      for (const target of targets.get(name) ?? []) visit(target, [...path, name]);
      done.add(name);
    };
    for (const { name } of sources) visit(name, []);
    expect(done.size).toBeGreaterThanOrEqual(sources.length);
  });

  test("runs in a browser, but for the rooms that are Node's", () => {
    const wrong = sources.filter(
      ({ room, imports, text }) =>
        !nodeOnly.includes(room) && (imports.some((path) => path.startsWith("node:")) || /\bBuffer\b/.test(text)),
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  test("keeps tensors of TensorFlow.js in the computing wing", () => {
    const computing = ["tensors", "engine", "attention", "memory", "model", "training"];
    const wrong = sources.filter(
      ({ room, imports }) => !computing.includes(room) && imports.some((path) => path.startsWith("@tensorflow/")),
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  test("has no file so long that it must hold two ideas", () => {
    const long = sources.filter(({ text }) => text.split("\n").length > 230);
    expect(long.map(({ name, text }) => `${name}: ${text.split("\n").length}`)).toEqual([]);
  });
});

test("the public API is this and no more", () => {
  expect(Object.entries(api).map(([name, value]) => `${typeof value} ${name}`)).toMatchSnapshot();
});
