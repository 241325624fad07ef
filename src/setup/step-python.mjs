import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hashOf, readJson, writeWhole } from "./files.mjs";
import { lockPath, nativeHome, sitePackages, venv, venvBin, venvPython } from "./places.mjs";
import { failure } from "./problem.mjs";
import { findPython } from "./python.mjs";
import { answerSeconds, run } from "./run.mjs";

/**
 * @typedef {object} Stamp what a finished installation was
 * @property {string} root an environment cannot be moved: its commands hold its path
 * @property {string} version the Python's, such as "Python 3.11.7"
 * @property {Record<string, string>} requirements the hash of each file of requirements
 * @property {string[]} entries what lay in the environment's folders
 */

/**
 * The environment with JupyterLab, nbconvert and the Plotly renderer.
 * @param {string} root
 * @param {readonly string[]} requirements files with one requirement a line, as paths from the root
 * @returns {import("./step.mjs").Step}
 */
export function pythonStep(root, requirements) {
  const stampPath = venv(root, "tapescope.json");
  return {
    name: "Python packages",
    missing: async () => {
      const stamp = /** @type {Stamp | undefined} */ (readJson(stampPath));
      return (await broken(root, stamp)) ?? outdated(root, requirements, stamp);
    },
    make: async () => {
      const stamp = /** @type {Stamp | undefined} */ (readJson(stampPath));
      const whole = (await broken(root, stamp)) === undefined;
      if (!whole) await makeEnvironment(root);
      else rmSync(stampPath);
      const before = whole ? Object.keys(stamp?.requirements ?? {}).filter((file) => existsSync(join(root, file))) : [];
      const files = [...new Set([...requirements, ...before])];
      await install(root, files);
      const hashes = Object.fromEntries(files.map((file) => [file, hashOf(root, [file])]));
      const content = { root, version: await versionOf(root), requirements: hashes, entries: entriesOf(root) };
      writeWhole(stampPath, JSON.stringify(content));
      return {};
    },
  };
}

/**
 * Why the environment has to be made anew, if it has.
 * @param {string} root
 * @param {Stamp | undefined} stamp
 * @returns {Promise<string | undefined>}
 */
async function broken(root, stamp) {
  if (!existsSync(join(venv(root), "pyvenv.cfg"))) return "they were not installed";
  if (!existsSync(venvPython(root))) return "its Python had vanished";
  if (!stamp) return "their installation had not finished";
  if (stamp.root !== root) return "the folder had moved";
  const there = new Set(entriesOf(root));
  const gone = stamp.entries.find((entry) => !there.has(entry));
  if (gone) return `${gone} was missing`;
  return (await versionOf(root)) === stamp.version ? undefined : "its Python had changed";
}

/**
 * @param {string} root
 * @param {readonly string[]} requirements
 * @param {Stamp | undefined} stamp
 */
function outdated(root, requirements, stamp) {
  const changed = requirements.find((file) => stamp?.requirements[file] !== hashOf(root, [file]));
  return changed && `${changed} ${stamp?.requirements[changed] ? "had changed" : "was not installed"}`;
}

/** @param {string} root */
async function makeEnvironment(root) {
  const [program = "", ...first] = await findPython();
  const kept = [lockPath(root), nativeHome(root)];
  const old = existsSync(venv(root)) ? readdirSync(venv(root)).map((name) => venv(root, name)) : [];
  for (const path of old) if (!kept.includes(path)) rmSync(path, { recursive: true, force: true });
  const result = await run(program, [...first, "-m", "venv", venv(root)], { cwd: root });
  if (result.code !== 0) throw failure("Making .venv", result, "Debian: apt install python3-venv");
  // JupyterLab runs a script of its own that Node would take for a module, as our package.json says of all below it.
  writeWhole(venv(root, "package.json"), '{ "type": "commonjs" }\n');
}

/**
 * @param {string} root
 * @param {readonly string[]} files
 */
async function install(root, files) {
  const wanted = files.flatMap((file) => ["-r", join(root, file)]);
  // Python compiles a file when it is first used, which most of these never are.
  const wishes = ["--disable-pip-version-check", "--no-input", "--prefer-binary", "--no-compile", "--retries", "2"];
  // A wish for the user's own folder, common in pip's configuration, cannot be met inside an environment.
  const env = { PIP_USER: "0" };
  const result = await run(venvPython(root), ["-m", "pip", "install", ...wishes, ...wanted], { cwd: root, env });
  if (result.code !== 0) throw failure("pip install", result, "Mend what it tells, then run `npm run setup`.");
}

/** @param {string} root */
async function versionOf(root) {
  return (await run(venvPython(root), ["--version"], { seconds: answerSeconds })).output.trim();
}

/**
 * The names that show whether something was taken away. Those with a version in them are left out: an upgrade by hand
 * is the user's own choice.
 * @param {string} root
 * @returns {string[]}
 */
function entriesOf(root) {
  const folders = [venvBin(root), sitePackages(root) ?? "", venv(root, "share", "jupyter", "labextensions")];
  return folders
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []))
    .filter((name) => !/-info$|^__pycache__$|^~|^tapescope-/.test(name)); // ours are copied by another step
}
