import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { filesIn, readJson, writeWhole } from "./files.mjs";
import { buildFromWheel, builtBinding, forgetBuilt } from "./native-wheel.mjs";
import { nativeHome } from "./places.mjs";
import { problem } from "./problem.mjs";
import { answerSeconds, run } from "./run.mjs";

/** Enough for its download on a slow line, and short enough to wait for where the host is shut off: wasm is used then. */
const installerSeconds = 120;

/**
 * TensorFlow's own C library under TensorFlow.js: faster than WebAssembly in training, and not needed for anything.
 *
 * The package's installer downloads it from a host of its own. Where that fails, which is remembered, wasm computes.
 * `npm run setup` tries once more; `--native` builds it from what the Python registry has.
 *
 * @param {string} root
 * @param {{ native?: boolean, retry?: boolean }} wishes
 * @returns {import("./step.mjs").Step}
 */
export function nativeStep(root, wishes) {
  const verifiedPath = join(nativeHome(root), "verified.json");
  const failedPath = join(nativeHome(root), "failed.json");
  const remember = () => {
    rmSync(failedPath, { force: true });
    writeWhole(verifiedPath, JSON.stringify({ fingerprint: fingerprint(root) }));
    return {};
  };
  return {
    name: "Native TensorFlow",
    missing: () => {
      const isThere = existsSync(bindingPath(root));
      if (isThere && readJson(verifiedPath)?.fingerprint === fingerprint(root)) return undefined;
      const gaveUp = readJson(failedPath)?.circumstances === circumstances(root);
      if (gaveUp && !isThere && !wishes.native && !wishes.retry && !builtBinding(root)) return undefined;
      return isThere ? "it was not tried out" : "it was not installed";
    },
    make: async () => {
      if (existsSync(bindingPath(root)) && (await computes(root))) return remember();
      if (builtBinding(root) && (await placeBuilt(root))) return remember();
      removeRemains(root);
      forgetBuilt(root);
      if (wishes.native) {
        await buildFromWheel(root);
        if (await placeBuilt(root)) return remember();
        throw problem("it was built, but does not compute here; wasm is used instead.");
      }
      if (await runInstaller(root)) return remember();
      removeRemains(root);
      writeWhole(failedPath, JSON.stringify({ circumstances: circumstances(root) }));
      return { without: "its download failed; wasm is used instead. To build it: npm run setup -- --native" };
    },
  };
}

/** Does TensorFlow.js have a native backend to load? @param {string} root */
export function hasNative(root) {
  return existsSync(bindingPath(root));
}

/** @param {string} root @param {...string} path */
function tfjsNode(root, ...path) {
  return join(root, "node_modules", "@tensorflow", "tfjs-node", ...path);
}

/** @param {string} root */
function bindingPath(root) {
  return tfjsNode(root, "lib", "napi-v8", "tfjs_binding.node");
}

/**
 * Changes whenever a file that the backend loads does.
 * @param {string} root
 */
function fingerprint(root) {
  const folders = [tfjsNode(root, "lib"), tfjsNode(root, "deps", "lib"), join(nativeHome(root), "lib")];
  const paths = folders.flatMap((folder) => filesIn(folder).map((path) => join(folder, path)));
  return paths
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .map((stat) => (stat ? `${stat.size}@${stat.mtimeMs}` : "absent"))
    .join(" ");
}

/** An installer that failed would fail again, unless one of these has changed. @param {string} root */
function circumstances(root) {
  const { version } = readJson(tfjsNode(root, "package.json")) ?? {};
  return [version, process.platform, process.arch, process.versions.modules].join(" ");
}

/** @param {string} root @returns {Promise<boolean>} */
async function runInstaller(root) {
  const PATH = [join(root, "node_modules", ".bin"), process.env.PATH, dirname(process.execPath)].join(delimiter);
  const installer = [join("scripts", "install.js")];
  await run(process.execPath, installer, { cwd: tfjsNode(root), env: { PATH }, seconds: installerSeconds });
  return existsSync(bindingPath(root)) && (await computes(root));
}

/** @param {string} root @returns {Promise<boolean>} */
async function placeBuilt(root) {
  const beside = `${bindingPath(root)}.part`;
  mkdirSync(dirname(beside), { recursive: true });
  copyFileSync(/** @type {string} */ (builtBinding(root)), beside);
  renameSync(beside, bindingPath(root));
  return computes(root);
}

/** A download that was cut off would be taken for a whole one. @param {string} root */
function removeRemains(root) {
  for (const folder of ["deps", "lib"]) rmSync(tfjsNode(root, folder), { recursive: true, force: true });
}

/** Loaded and asked for a product in a process of its own, which a library that does not fit may kill. */
const trial = `
const util = require("util");
util.isNullOrUndefined ??= (value) => value == null; // used by tfjs-node, gone from Node 23
const tf = require("@tensorflow/tfjs-node");
const product = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5, 6], [7, 8]])).dataSync();
process.exit(tf.getBackend() === "tensorflow" && product.join() === "19,22,43,50" ? 0 : 1);
`;

/** @param {string} root @returns {Promise<boolean>} */
async function computes(root) {
  const { code } = await run(process.execPath, ["-e", trial], { cwd: root, seconds: answerSeconds });
  return code === 0;
}
