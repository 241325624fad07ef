import { createRequire } from "node:module";
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import type { CompilerHost, SourceFile } from "@tslab/typescript-for-tslab";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { locator } from "../../src/kernel/positions.mjs";
import { compileProblem, problemOf } from "../../src/kernel/problems.mjs";
import {
  awaits,
  lostNamespaces,
  type TypeScript,
  withoutExports,
  withPlainNames,
  writeOutShorthand,
} from "../../src/kernel/rewrite.mjs";
import { isGivenUp } from "../../src/kernel/server.mjs";
import { expected, refuseOthers } from "../../src/kernel/tslab.mjs";
import { readJson } from "../../src/setup/files.mjs";
import { root } from "../../src/setup/places.mjs";

const ts: TypeScript = createRequire(import.meta.url)("@tslab/typescript-for-tslab");

/** Compile a cell as tslab does, with `a`, `b` and `c` of earlier cells. */
function compile(cell: string) {
  const texts: Record<string, string> = { "/__prev__.d.ts": "declare let a: any, b: any, c: any;", "/cell.ts": cell };
  const target = ts.ScriptTarget.ES2022;
  const host = {
    getSourceFile: (name: string) => ts.createSourceFile(name, texts[name] ?? "", target, true),
    fileExists: (name: string) => name in texts,
    readFile: (name: string) => texts[name],
    getDefaultLibFileName: () => "",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name: string) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
  } as Partial<CompilerHost> as CompilerHost;
  const options = { target, module: ts.ModuleKind.ESNext, noLib: true, sourceMap: true };
  const program = ts.createProgram(Object.keys(texts), options, host);
  const isEarlier = (node: { getSourceFile(): SourceFile }) => node.getSourceFile().fileName === "/__prev__.d.ts";
  const before = [writeOutShorthand(ts, program.getTypeChecker(), isEarlier)];
  const written: string[] = []; // the source map, then the code
  program.emit(program.getSourceFile("/cell.ts"), (_, text) => written.push(text), undefined, false, { before });
  const [inner = "", code = ""] = written;
  const compilerOptions = { target, module: ts.ModuleKind.CommonJS, sourceMap: true };
  const { outputText, sourceMapText = "" } = ts.transpileModule(code, { compilerOptions });
  return { code, outputText, locate: locator(sourceMapText, inner, 0, outputText.split("\n").length, 0) };
}

/** The names of the short forms in a program. */
function shortForms(code: string): string[] {
  const names: string[] = [];
  const visit = (node: import("@tslab/typescript-for-tslab").Node): void => {
    if (ts.isShorthandPropertyAssignment(node)) names.push(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("code.js", code, ts.ScriptTarget.ES2022, true));
  return names;
}

/** Expressions that name `a`, `b` and `c` by the short form only, and `d` and `e`, which the cell itself declares, at will. */
const expression = fc.letrec<{ any: string; object: string }>((tie) => {
  const gap = fc.constantFrom(" ", "\n", " /* { a } */ ", " // { b }\n");
  const short = fc.constantFrom("a", "b", "c", "d");
  const inner = tie("any");
  const property = fc.oneof(
    { arbitrary: short, weight: 4 },
    inner.map((value) => `x: ${value}`),
    inner.map((value) => `["y" + 1]: ${value}`),
    tie("object").map((value) => `...${value}`),
    inner.map((value) => `m() { return ${value}; }`),
  );
  return {
    object: fc
      .tuple(gap, fc.array(fc.tuple(property, gap), { maxLength: 4 }))
      .map(([first, parts]) => `{${first}${parts.map(([part, after]) => `${part}${after},`).join(" ")} }`),
    any: fc.oneof(
      { maxDepth: 4 },
      { arbitrary: tie("object").map((text) => `(${text})`), weight: 4 },
      fc.constantFrom("d", "1", '"a"'),
      fc.tuple(inner, gap, inner).map(([one, between, other]) => `[${one},${between}${other}]`),
      inner.map((value) => `\`{ a } \${JSON.stringify(${value})}\``),
      fc
        .tuple(fc.constantFrom("a", "b", "e"), inner, inner)
        .map(([name, body, value]) => `((${name}) => (${body}))(${value})`),
      fc.tuple(inner, inner).map(([body, value]) => `(({ a, e = ${value} }) => [a, e, ${body}])({ a: 5 })`),
      fc.tuple(inner, inner).map(([fallback, value]) => `[({ a, b = ${fallback} } = { a: ${value} }), { a, b }]`),
      fc.tuple(gap, inner).map(([before, value]) => `where(${before}${value})`),
    ),
  };
}).any;

describe("The short form of variables of earlier cells", () => {
  it("is written out wherever it stands, the values are the same, and the lines those that were typed", () => {
    fc.assert(
      fc.property(expression, (text) => {
        const cell = `export {};\nconst d = 4;\nresult(${text});\n`;
        const { code, outputText, locate } = compile(cell);
        const run = (source: string, names: string[], values: unknown[], line: (at: [number, number]) => number) => {
          const lines: number[] = [];
          const results: unknown[] = [];
          const where = (value: unknown) => {
            const frame = new Error().stack?.split("\n").find((one) => one.includes("/the-cell")) ?? "";
            lines.push(line(/:(\d+):(\d+)\)?$/.exec(frame)?.slice(1).map(Number) as [number, number]));
            return value;
          };
          const head = `(function(${["where", "result", ...names].join(", ")}) { `;
          const made = runInThisContext(`${head}${source}\n})`, { filename: "/the-cell" });
          made(where, (value: unknown) => results.push(JSON.stringify(value)), ...values);
          return { results, lines };
        };
        const typed = run(cell.replace("export {};", ""), ["a", "b", "c"], [1, 2, 3], ([line]) => line);
        const exports = { a: 1, b: 2, c: 3 };
        const compiled = run(outputText, ["exports"], [exports], ([line, column]) => locate(line, column)?.[0] ?? 0);
        expect(compiled).toEqual(typed);
        expect(shortForms(code)).not.toContain("c"); // no parameter has this name
      }),
      { numRuns: 40 },
    );
  });

  it("keeps that of the cell's own names and of parameters", () => {
    expect(shortForms(compile("const d = 1; const f = (a: any) => ({ a, d, b, e: { c } });").code)).toEqual(["a", "d"]);
  });
});

describe("A cell", () => {
  it.each([
    ["export const a = 1;", "       const a = 1;"],
    ["export default function f() {}", "               function f() {}"],
    ["x; export { a, b as c };", "x; void   { a, b      };"],
    ["export default 5;", "export default 5;"],
    ['export { a } from "b";', 'export { a } from "b";'],
    ["namespace N { export const a = 1; }", "namespace N { export const a = 1; }"],
    ["`export const a`; export // why\n type T = 1", "`export const a`;        // why\n type T = 1"],
  ])("%s is compiled without what exports a name twice, every character in its place", (text, without) => {
    expect(withoutExports(ts, text)).toBe(without);
  });

  it.each([
    ["await (1)", true],
    ["for await (const x of y);", true],
    ["if (x) { [await y]; }", true],
    ["async () => await y", false],
    ["class A { async m() { await y; } }", false],
    ["async function* f() { for await (const x of y); }", false],
    ['"await (1)" // await (2)', false],
  ])("%s waits by itself: %s", (text, waits) => {
    expect(awaits(ts, ts.createSourceFile("cell.ts", `export {};\n${text}`, ts.ScriptTarget.ES2022, true))).toBe(waits);
  });

  it("exports names that begin with __ as they are, and no declare global", () => {
    expect(withPlainNames("x;\nexport {___x, a, ____y}")).toBe("x;\nexport {__x, a, ___y}");
    expect(withPlainNames("x;\nexport {a, __global, b}")).toBe("x;\nexport {a, b}");
    expect(withPlainNames("export {___x}\nx;")).toBe("export {___x}\nx;");
  });

  it("keeps the namespaces of earlier cells that none of its own names replaces", () => {
    const before = "declare namespace N { const n = 1; }\ndeclare namespace M {\n}\ndeclare const k: number;\n";
    expect(lostNamespaces(ts, before, "declare let M: number;\n")).toBe("declare namespace N { const n = 1; }\n");
    expect(lostNamespaces(ts, before, before)).toBe("");
  });
});

describe("After an error", () => {
  const failure = { session: "one", sent: 1000, took: 500, ended: 9000 };

  it("what had arrived is given up, whoever sent it", () => {
    expect(isGivenUp(failure, { session: "one", sent: 1001, arrived: 8999 })).toBe(true);
    expect(isGivenUp(failure, { session: "two", sent: Number.NaN, arrived: 8999 })).toBe(true);
  });

  it("what was sent before it was shown is given up though it arrives late", () => {
    expect(isGivenUp(failure, { session: "one", sent: 1010, arrived: 9100 })).toBe(true);
  });

  it("what is sent once it is shown runs, at once and later, also when a clock cannot be read", () => {
    for (const sent of [1500, 1501, 99_000, Number.NaN])
      expect(isGivenUp(failure, { session: "one", sent, arrived: 9000.1 })).toBe(false);
    expect(isGivenUp(failure, { session: "two", sent: 0, arrived: 9001 })).toBe(false);
    expect(isGivenUp(undefined, { session: "one", sent: 1, arrived: 1 })).toBe(false);
  });
});

describe("A problem of a cell", () => {
  const told = (thrown: unknown) => problemOf(thrown, new WeakMap()).traceback.filter((line) => !/^ +at /.test(line));

  it("begins with its sentence, and a long or many-lined one is told whole", () => {
    expect(told(new TypeError("One.\n    at once\nTwo."))).toEqual(["TypeError: One.", "Two."]);
    const long = "word ".repeat(10_000);
    expect(told(new Error(long))).toEqual([`Error: ${long}`]);
    expect(compileProblem(["1:2 - One.", "3:4 - Two."])).toEqual({
      ename: "CompileError",
      evalue: "1:2 - One.\n3:4 - Two.",
      traceback: ["1:2 - One.", "3:4 - Two."],
    });
  });

  it("may be its own cause, or nothing that can be read", () => {
    const circle = new Error("Round.");
    circle.cause = circle;
    expect(told(circle)).toEqual(["Error: Round.", "Caused by: Error"]);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(told(proxy)).toEqual(["Thrown: something that cannot be shown"]);
  });
});

describe("tslab", () => {
  it("is that of package.json, with its own TypeScript", () => {
    expect(expected.tslab).toBe(readJson(join(root, "package.json")).dependencies.tslab);
    const { version, dependencies } = readJson(join(root, "node_modules", "tslab", "package.json"));
    expect(expected).toEqual({
      tslab: version,
      "@tslab/typescript-for-tslab": dependencies["@tslab/typescript-for-tslab"],
    });
  });

  it("of another version is refused by name", () => {
    expect(() => refuseOthers("tslab", "1.0.23")).toThrow("The kernel needs tslab 1.0.22, but 1.0.23 is installed.");
  });
});
