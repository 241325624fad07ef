import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { filesIn, hashOf, readJson, writeWhole } from "./files.mjs";
import { failure } from "./problem.mjs";
import { run } from "./run.mjs";

/**
 * The build of src/ to dist/, which notebooks import.
 * @param {string} root
 * @returns {import("./step.mjs").Step}
 */
export function buildStep(root) {
  const stampPath = join(root, "dist", ".built.json");
  return {
    name: "Build",
    missing: () => {
      const { sources, hash } = inputs(root);
      const gone = sources.flatMap(outputsOf).find((path) => !existsSync(join(root, "dist", path)));
      if (gone) return existsSync(join(root, "dist")) ? `dist/${gone} was missing` : "src/ was not built";
      return readJson(stampPath)?.hash === hash ? undefined : "src/ had changed";
    },
    make: async () => {
      const { sources, hash } = inputs(root);
      rmSync(stampPath, { force: true });
      const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
      const result = await run(process.execPath, [compiler, "-p", join(root, "tsconfig.json")], { cwd: root });
      if (result.code !== 0) throw failure("tsc", result, "Mend src/, then try again.");
      removeOrphans(root, sources);
      writeWhole(stampPath, JSON.stringify({ hash }));
      return {};
    },
  };
}

/** @param {string} root */
function inputs(root) {
  const sources = filesIn(join(root, "src")).filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"));
  const read = [...sources.map((path) => `src/${path}`), "tsconfig.json", "node_modules/typescript/package.json"];
  return { sources, hash: hashOf(root, read) };
}

/** @param {string} source */
function outputsOf(source) {
  const stem = source.slice(0, -".ts".length);
  return [`${stem}.js`, `${stem}.d.ts`, `${stem}.js.map`];
}

/**
 * What was built from a file that is no more would still answer to imports. Only what has declarations came from here.
 * @param {string} root
 * @param {readonly string[]} sources
 */
function removeOrphans(root, sources) {
  const current = new Set(sources);
  for (const path of filesIn(join(root, "dist"))) {
    const source = path.replace(/\.d\.ts$/, ".ts");
    if (source === path || current.has(source)) continue;
    for (const output of outputsOf(source)) rmSync(join(root, "dist", output), { force: true });
  }
}
