import { createRequire } from "node:module";
import { dirname, sep } from "node:path";

/** The releases whose inner working the other files here build on. */
export const expected = { tslab: "1.0.22", "@tslab/typescript-for-tslab": "5.0.4" };

/**
 * What of tslab is changed here. Its own files on disk are not.
 * @typedef {object} Tslab
 * @property {string} folder where it is installed
 * @property {typeof import("@tslab/typescript-for-tslab")} ts
 * @property {typeof import("tslab/dist/converter.js")} converter
 * @property {typeof import("tslab/dist/executor.js")} executor
 * @property {typeof import("tslab/dist/jupyter.js")} jupyter
 * @property {typeof import("tslab/dist/main.js")} main
 */

/**
 * Load tslab with some functions of its TypeScript replaced.
 * @param {(ts: Tslab["ts"]) => Partial<Tslab["ts"]>} replacements
 * @returns {Tslab}
 * @throws if it is another tslab than the one that this project's package.json names.
 */
export function loadTslab(replacements) {
  const require = createRequire(import.meta.url);
  const description = require.resolve("tslab/package.json");
  const within = createRequire(description);
  refuseOthers("tslab", within("./package.json").version);
  refuseOthers("@tslab/typescript-for-tslab", within("@tslab/typescript-for-tslab/package.json").version);
  const path = within.resolve("@tslab/typescript-for-tslab");
  const ts = within(path);
  // TypeScript's exports are read-only. tslab's files, loaded below, are given a copy of them.
  const module = /** @type {NodeModule} */ (within.cache[path]);
  module.exports = { ...ts, ...replacements(ts) };
  const [converter, executor, jupyter, main] = ["converter", "executor", "jupyter", "main"].map((name) =>
    within(`./dist/${name}.js`),
  );
  return { ts, folder: dirname(description) + sep, converter, executor, jupyter, main };
}

/**
 * @param {keyof typeof expected} name
 * @param {string} version
 */
export function refuseOthers(name, version) {
  if (version !== expected[name])
    throw new Error(
      `The kernel needs ${name} ${expected[name]}, but ${version} is installed. Run \`npm run setup\` to install the right one.`,
    );
}
