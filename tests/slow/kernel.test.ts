import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { limit } from "../limit.js";
import { python, root } from "./scratch.js";

interface Shown {
  readonly status: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly error?: { readonly ename: string; readonly evalue: string; readonly traceback: readonly string[] };
}

/** A cell, or a question about one: its kind, the code, and where the cursor stands. */
type Entry = string | readonly ["complete" | "inspect", string, number];

/** Send groups of cells to a fresh kernel, each group at once, the next when an error is shown or all have ended. */
async function send(groups: readonly (readonly Entry[])[]): Promise<Shown[]> {
  const script = join(import.meta.dirname, "kernel.py");
  const options = { cwd: join(root, "notebooks"), timeout: limit };
  const { stdout } = await promisify(execFile)(python, [script, JSON.stringify(groups)], options);
  return JSON.parse(stdout);
}

/** Send cells one after the other, and expect of each in turn what it prints, or an error that begins so. */
async function expectEach(cells: readonly (readonly [cell: string, printed: string])[]): Promise<void> {
  const shown = await send(cells.map(([cell]) => [cell]));
  const seen = shown.map(
    ({ stdout = "", stderr = "", error }) => stdout + stderr + (error?.traceback.join("\n") ?? ""),
  );
  expect(seen.map((words) => words.trim())).toEqual(cells.map(([, printed]) => printed));
}

test("the short form { slot } works for whatever an earlier cell declares", async () => {
  await expectEach([
    ["const slot = 3; const step = 4;", ""],
    ["console.log(JSON.stringify({ slot, step, other: { slot } }))", '{"slot":3,"step":4,"other":{"slot":3}}'],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the cell's
      "console.log([{ slot }], { ...{ slot }, step }, `${Object.keys({ slot })}`)",
      "[ { slot: 3 } ] { slot: 3, step: 4 } slot",
    ],
    ["{ const slot = 5; console.log({ slot, step }); }", "{ slot: 5, step: 4 }"],
    [
      "const f = async ({ slot = 1, b }: { slot?: number; b: number }) => ({ slot, b, step });\nawait f({ b: 2 })",
      "{ slot: 1, b: 2, step: 4 }",
    ],
    [
      "class Site { at = { slot }; static all = { step }; get both() { return { slot, step }; } }\nconsole.log(new Site().at, Site.all, new Site().both)",
      "{ slot: 3 } { step: 4 } { slot: 3, step: 4 }",
    ],
    ["console.log({ /* one */ slot, // two\n  step /* three */ })", "{ slot: 3, step: 4 }"],
    ["function mark(what: object) { return (target: any) => { target.what = what; }; }", ""],
    ["@mark({ slot })\nclass Marked {}\nconsole.log((Marked as any).what)", "{ slot: 3 }"],
    ["import { join } from 'path'; import * as os from 'os'; enum Kind { A } interface Where { slot: number }", ""],
    [
      "console.log(Object.values({ join, os, Kind, Site }).map((value) => typeof value).join())",
      "function,object,object,function",
    ],
    [
      "interface Step { step: typeof step }\nconst where: Where & Step = { slot, step };\nconsole.log(where)",
      "{ slot: 3, step: 4 }",
    ],
    ["const slot = 'again'; console.log({ slot })", "{ slot: 'again' }"],
    ["console.log({ slot })", "{ slot: 'again' }"],
  ]);
});

test("a variable of an earlier cell is one variable: a later cell, its own functions and a pattern all change it", async () => {
  await expectEach([
    ["let slot = 1, step = 2; const both = () => [slot, step]; const put = (value: number) => { slot = value; };", ""],
    ["slot = 5; console.log(both(), slot)", "[ 5, 2 ] 5"],
    ["put(7); slot++; console.log(both(), { slot })", "[ 8, 2 ] { slot: 8 }"],
    [
      "const given: { slot: number; step?: number } = { slot: 9 };\n({ slot, step = 6 } = given);\nconsole.log(both(), slot, step)",
      "[ 9, 6 ] 9 6",
    ],
    ["[slot, step] = [step, slot]; for ({ slot } of [{ slot: 0 }]);\nconsole.log(both())", "[ 0, 9 ]"],
    ["slot = await Promise.resolve(3);\nsetTimeout(() => { step = 4; }, 1);", expect.any(String) as unknown as string],
    ["await new Promise((done) => setTimeout(done, 50)); console.log(both())", "[ 3, 4 ]"],
    ["let slot = 'another'; const now = () => slot;", ""],
    ["slot = 'changed'; console.log(now(), both())", "changed [ 3, 4 ]"],
  ]);
});

test("what a module may say, a cell may say: await (…), for await, export, namespaces, __names", async () => {
  await expectEach([
    [
      "const one = await (async () => 1)();\nfor await (const two of [Promise.resolve(2)]) console.log(one, two);",
      "1 2",
    ],
    ["export const slot = 3;\nexport default function twice() { return 2 * slot; }", ""],
    ["export { slot, twice as double };", ""],
    ["console.log({ slot }, twice())", "{ slot: 3 } 6"],
    [
      "export { nowhere };",
      "1:10 - No value exists in scope for the shorthand property 'nowhere'. Either declare one or provide an initializer.",
    ],
    [
      "const f = (exports: object) => [exports, slot];",
      "1:12 - The name `exports` hides the variables of earlier cells. Give it another name.",
    ],
    ["namespace Sizes { export const width = 8; }\nconst __dirname = 'here';", ""],
    ["const between = 0;", ""],
    ["console.log(Sizes.width, { __dirname })", "8 { __dirname: 'here' }"],
  ]);
});

test("TensorFlow.js and danfo.js are there by the names that people know, with or without the native library", async () => {
  await expectEach([
    ["import * as tf from '@tensorflow/tfjs-node';\nimport * as dfd from 'danfojs-node';", ""],
    [
      "console.log(tf.tensor1d([1, 2]).square().arraySync(), new dfd.DataFrame({ a: [1, 3] }).mean({ axis: 0 }).values)",
      "[ 1, 4 ] [ 2 ]",
    ],
    [
      "console.log(new dfd.StandardScaler().fitTransform(new dfd.DataFrame({ a: [1, 3] })).values)",
      "[ [ -1 ], [ 1 ] ]",
    ],
  ]);
});

test("the completion and the inspection of a cell with short forms work at the place of the cursor", async () => {
  const code = "const all = { slot, step };\nstep.toFi";
  const asked = [["complete", code, code.length]] as const;
  const hover = [["inspect", code, code.lastIndexOf("step") + 2]] as const;
  const [, completed, inspected] = await send([["const slot = 3; const step = 4;"], asked, hover]);
  const [start, end] = [code.indexOf("toFi"), code.length];
  expect(completed).toMatchObject({ matches: ["toFixed"], cursor_start: start, cursor_end: end });
  expect(inspected).toMatchObject({ data: { "text/plain": expect.stringContaining("const step: 4") } });
});

test("an error begins with its sentence, then tells the lines as they were typed, and nothing of the kernel", async () => {
  await expectEach([
    [
      "interface Wide { width: number }\n\nconst look = (where: Wide) => {\n  throw new RangeError('The tape ends.');\n};",
      "",
    ],
    [
      "\n// then\nlook({ width: 1 });",
      "RangeError: The tape ends.\n    at look (cell [1], line 4, column 9)\n    at cell [2], line 3, column 1",
    ],
    [
      "await null;\n\nlook({ width: 2 });",
      "RangeError: The tape ends.\n    at look (cell [1], line 4, column 9)\n    at cell [3], line 3, column 1",
    ],
    [
      "throw new Error('Outer.', { cause: new TypeError('Inner.\\nMore.') });",
      "Error: Outer.\n    at cell [4], line 1, column 7\nCaused by: TypeError: Inner.\nMore.\n    at cell [4], line 1, column 36",
    ],
    [
      "throw new AggregateError([new Error('One.'), 2], 'Both.');",
      "AggregateError: Both.\n    at cell [5], line 1, column 7\nError 1 of 2: Error: One.\n    at cell [5], line 1, column 27\nError 2 of 2: 2",
    ],
    ["throw 'x';", "Thrown: 'x'"],
    ["throw undefined;", "Thrown: undefined"],
    [
      "class Hostile extends Error { get message(): string { throw 1; } }\nthrow new Hostile();",
      "Thrown: something that cannot be shown",
    ],
    [
      "require('fs').readFileSync('/none');",
      "Error: ENOENT: no such file or directory, open '/none'\n    at cell [9], line 1, column 15\n{ errno: -2, code: 'ENOENT', syscall: 'open', path: '/none' }",
    ],
    ["const slot = 1;\n\nconst it = { slot, step: };", "3:26 - Expression expected."],
    ["const width: number =\n  'x';", "1:7 - Type 'string' is not assignable to type 'number'."],
    [
      "try { look({ width: 3 }); } catch (error) { console.error(error); }",
      "RangeError: The tape ends.\n    at look (cell [1], line 4, column 9)\n    at cell [12], line 1, column 7",
    ],
    [
      "import { copyBatch } from 'tapescope';\ncopyBatch([]);",
      expect.stringMatching(
        /^Error: copy: at least one .*\n( {4}at .*\n)* {4}at cell \[13\], line 2, column \d+$/,
      ) as unknown as string,
    ],
  ]);
});

test("an error outside of a cell's own run is told, and the kernel lives on", async () => {
  const cell =
    "Promise.reject(new Error('Lost.'));\nsetTimeout(() => { throw new Error('Late.'); });\nawait new Promise((done) => setTimeout(done, 50));";
  const [first, second] = await send([[cell], ["console.log('alive')"]]);
  expect(first?.stderr?.split("\n").filter((line) => !line.startsWith("    at "))).toEqual([
    "In a promise that nothing awaited: Error: Lost.",
    "In a callback: Error: Late.",
    "",
  ]);
  expect(second).toEqual({ status: "ok", stdout: "alive\n" });
});

test("an error ends what was sent together with its cell, and what is sent when it is shown runs", async () => {
  const busy = "const end = Date.now() + 300; while (Date.now() < end);";
  const shown = await send([
    ["const slot = 1;", "throw new Error('One.');", "console.log(1)", "console.log(2)"],
    ["console.log({ slot })"],
    [`${busy} throw new Error('Two.');`, "console.log(3)"],
    ["const wrong: string = 1;", "console.log(4)"],
    ["console.log(5)", "console.log(6)"],
  ]);
  expect(shown.map(({ status, stdout, error }) => stdout ?? error?.evalue ?? status)).toEqual([
    ...["ok", "One.", "aborted", "aborted"],
    "{ slot: 1 }\n",
    ...["Two.", "aborted"],
    ...["1:7 - Type 'number' is not assignable to type 'string'.", "aborted"],
    ...["5\n", "6\n"],
  ]);
});
