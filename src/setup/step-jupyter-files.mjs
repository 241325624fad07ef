import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { filesIn, sameContent, writeWhole } from "./files.mjs";
import { venv } from "./places.mjs";
import { problem } from "./problem.mjs";

/**
 * What Jupyter reads from its environment: the report's template, the libraries that it inlines, the extension of
 * JupyterLab that draws the explorer, the configuration. The explorer's page was built before.
 * @param {string} root
 * @returns {import("./step.mjs").Step}
 */
export function jupyterFilesStep(root) {
  const template = venv(root, "share", "jupyter", "nbconvert", "templates", "tapescope");
  const extension = venv(root, "share", "jupyter", "labextensions", "tapescope-explorer");
  const modules = join(root, "node_modules");
  const page = join(root, "dist", "explorer-page");
  const plotly = join(modules, "plotly.js-dist-min", "plotly.min.js");
  /** @type {[string, string][]} */
  const copies = [
    [join(root, "src", "notebook", "template"), template],
    [plotly, join(template, "static", "plotly.min.js")],
    [join(modules, "temml", "dist", "temml.min.js"), join(template, "static", "temml.min.js")],
    [page, join(template, "static")],
    [join(root, "src", "notebook", "labextension"), extension],
    [page, join(extension, "static")],
    [plotly, join(extension, "static", "plotly.min.js")],
    // JupyterLab would ask at its first start whether it may fetch news, and look for updates.
    [
      join(root, "src", "notebook", "lab_overrides.json"),
      venv(root, "share", "jupyter", "lab", "settings", "overrides.json"),
    ],
    [join(root, "src", "notebook", "jupyter_config.json"), venv(root, "etc", "jupyter", "jupyter_config.json")],
  ];
  return {
    name: "Report template, JupyterLab extension and configuration",
    missing: () => {
      const wanted = eachFile(root, copies);
      const [, path] = wanted.find(([source, target]) => !sameContent(source, target)) ?? [];
      if (path) return existsSync(path) ? `${relative(root, path)} was out of date` : "they were not copied";
      return leftOver([template, extension], wanted).length > 0 ? "they held a file from an older version" : undefined;
    },
    make: async () => {
      const wanted = eachFile(root, copies);
      for (const [source, target] of wanted) writeWhole(target, readFileSync(source));
      for (const path of leftOver([template, extension], wanted)) rmSync(path);
      return {};
    },
  };
}

/**
 * Pairs of files for pairs of files or folders.
 * @param {string} root
 * @param {readonly [string, string][]} copies
 * @returns {[string, string][]}
 */
function eachFile(root, copies) {
  return copies.flatMap(([source, target]) => {
    if (!existsSync(source)) {
      const remedy = "Bring it back (git checkout -- src), then try again.";
      throw problem(`${relative(root, source)} is missing: this clone is not complete. ${remedy}`);
    }
    if (!statSync(source).isDirectory()) return [[source, target]];
    return filesIn(source).map((path) => /** @type {[string, string]} */ ([join(source, path), join(target, path)]));
  });
}

/**
 * @param {readonly string[]} folders
 * @param {readonly [string, string][]} wanted
 */
function leftOver(folders, wanted) {
  const targets = new Set(wanted.map(([, target]) => target));
  return folders
    .flatMap((folder) => filesIn(folder).map((path) => join(folder, path)))
    .filter((path) => !targets.has(path));
}
