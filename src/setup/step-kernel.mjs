import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "./files.mjs";
import { venv } from "./places.mjs";

/**
 * The tslab kernel, known to this project's JupyterLab only. It is started by this very Node, whatever the PATH says.
 * @param {string} root
 * @returns {import("./step.mjs").Step}
 */
export function kernelStep(root) {
  const folder = venv(root, "share", "jupyter", "kernels", "tslab");
  /** @type {[string, string][]} */
  const files = [
    [join(folder, "kernel.json"), kernelSpec(root, process.execPath)],
    [join(folder, "logo-svg.svg"), logo],
  ];
  return {
    name: "TypeScript kernel",
    missing: () => {
      const path = files.find(([path, content]) => !existsSync(path) || readFileSync(path, "utf8") !== content)?.[0];
      return path && (existsSync(path) ? "its description was out of date" : "it had no description");
    },
    make: async () => {
      for (const [path, content] of files) writeWhole(path, content);
      return {};
    },
  };
}

/** Warnings of Node about itself and about packages do not belong in a reader's cell. */
const quiet = ["ExperimentalWarning", "DeprecationWarning"].map((name) => `--disable-warning=${name}`);

/**
 * @param {string} root
 * @param {string} node
 * @returns {string}
 */
export function kernelSpec(root, node) {
  const spec = {
    argv: [node, ...quiet, join(root, "src", "kernel", "start.mjs"), "{connection_file}"],
    display_name: "TypeScript",
    language: "typescript",
    env: { TF_CPP_MIN_LOG_LEVEL: "2" }, // libtensorflow's start-up lines do not belong in a reader's cell
  };
  return `${JSON.stringify(spec, null, 2)}\n`;
}

/** The package brings none; without one the launcher shows a bare letter. */
const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
  <rect width="64" height="64" rx="8" fill="#3178c6"/>
  <text x="58" y="57" text-anchor="end" font-family="sans-serif" font-weight="700" font-size="32" fill="#fff">TS</text>
</svg>
`;
