import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { filesIn, hashOf, readJson, writeWhole } from "./files.mjs";
import { failure } from "./problem.mjs";
import { run } from "./run.mjs";

const page = ["explorer.js", "explorer.css"].map((file) => `explorer-page/${file}`);

/**
 * The build of src/ to dist/: the modules that notebooks import, and the explorer's page.
 * @param {string} root
 * @returns {import("./step.mjs").Step}
 */
export function buildStep(root) {
  const stampPath = join(root, "dist", ".built.json");
  return {
    name: "Build",
    missing: () => {
      const { sources, hash } = inputs(root);
      const gone = [...sources.flatMap(outputsOf), ...page].find((path) => !existsSync(join(root, "dist", path)));
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
      const bundled = await run(process.execPath, [join(root, "src", "dashboard", "build-page.mjs")], { cwd: root });
      if (bundled.code !== 0) throw failure("vite", bundled, "Mend src/explorer/, then try again.");
      writeWhole(stampPath, JSON.stringify({ hash }));
      return {};
    },
  };
}

/** @param {string} root */
function inputs(root) {
  const all = filesIn(join(root, "src"));
  const sources = all.filter((path) => /\.tsx?$/.test(path) && !path.endsWith(".d.ts"));
  const others = all.filter((path) => /^explorer\/.*\.(css|d\.ts)$|^dashboard\/.*\.mjs$/.test(path));
  const tools = [
    "tsconfig.json",
    ...["typescript", "vite", "preact"].map((name) => `node_modules/${name}/package.json`),
  ];
  return { sources, hash: hashOf(root, [...[...sources, ...others].map((path) => `src/${path}`), ...tools]) };
}

/** @param {string} source */
function outputsOf(source) {
  const stem = source.replace(/\.tsx?$/, "");
  return [`${stem}.js`, `${stem}.d.ts`, `${stem}.js.map`];
}

/**
 * What was built from a file that is no more would still answer to imports. Only what has declarations came from here.
 * @param {string} root
 * @param {readonly string[]} sources
 */
function removeOrphans(root, sources) {
  const current = new Set(sources.flatMap(outputsOf));
  for (const path of filesIn(join(root, "dist"))) {
    if (!path.endsWith(".d.ts") || current.has(path)) continue;
    for (const output of outputsOf(path.replace(/\.d\.ts$/, ".ts")))
      rmSync(join(root, "dist", output), { force: true });
  }
}
