import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readJson, writeWhole } from "./files.mjs";
import { nativeHome, venvPython } from "./places.mjs";
import { failure, problem } from "./problem.mjs";
import { answerSeconds, run } from "./run.mjs";

const tensorflow = "2.21.0";

/**
 * Which wheel holds the C library, and how its files are called. Only the first was tried.
 * @type {Record<string, { wheel: string, libraries: readonly string[] } | undefined>}
 */
const platforms = {
  "linux x64": { wheel: "tensorflow-cpu", libraries: soNames() },
  "linux arm64": { wheel: "tensorflow", libraries: soNames() },
  "darwin arm64": { wheel: "tensorflow", libraries: ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"] },
};

/** What the two sources of the binding include, directly or not. */
const headers = ["tensorflow/c/", "tensorflow/core/platform/", "tsl/platform/", "xla/tsl/c/"];

/** Python's own zip reader checks each file's sum; the wheel's other 1.5 GB stay packed. */
const unpack = `
import pathlib, shutil, sys, zipfile
wheel, target, names, headers = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3].split(), sys.argv[4].split()
wanted = {"tensorflow/" + name: target / "lib" / name for name in names}
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        inner = name.removeprefix("tensorflow/include/")
        if inner != name and inner.endswith(".h") and inner.startswith(tuple(headers)):
            wanted[name] = target / "include" / inner
    for name, path in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(name) as source, open(path, "wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
`;

/**
 * The binding that was built here for the present tfjs-node, if there is one. It finds its libraries by the way from
 * node_modules, so that it outlives `npm ci` and a move of the whole folder.
 * @param {string} root
 * @returns {string | undefined}
 */
export function builtBinding(root) {
  const binding = join(nativeHome(root), "tfjs_binding.node");
  const finished = readJson(join(nativeHome(root), "built.json"))?.circumstances === circumstances(root);
  return finished && existsSync(binding) ? binding : undefined;
}

/**
 * What was built here does not compute, or was not finished.
 * @param {string} root
 */
export function forgetBuilt(root) {
  const home = nativeHome(root);
  const parts = existsSync(home) ? readdirSync(home).filter((name) => name.startsWith("part-")) : [];
  for (const name of ["built.json", ...parts]) rmSync(join(home, name), { recursive: true, force: true });
}

/**
 * Build tfjs-node's binding on the C library of TensorFlow's Python package.
 * @param {string} root
 */
export async function buildFromWheel(root) {
  const home = nativeHome(root);
  const platform = platforms[`${process.platform} ${process.arch}`];
  if (!platform)
    throw problem(`no wheel is known to hold it for ${process.platform} ${process.arch}; wasm is used instead.`);
  const compiler = await findCompiler();

  mkdirSync(home, { recursive: true });
  const part = mkdtempSync(join(home, "part-"));
  try {
    await fetchLibraries(root, part, platform);
    await compile(root, part, compiler, platform.libraries);
    rmSync(join(home, "lib"), { recursive: true, force: true });
    renameSync(join(part, "lib"), join(home, "lib"));
    renameSync(join(part, "tfjs_binding.node"), join(home, "tfjs_binding.node"));
    writeWhole(join(home, "built.json"), JSON.stringify({ circumstances: circumstances(root) }));
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

/** @returns {Promise<string>} */
async function findCompiler() {
  const names = process.env.CXX ? [process.env.CXX] : ["g++", "c++", "clang++"];
  for (const name of names) if ((await run(name, ["--version"], { seconds: answerSeconds })).code === 0) return name;
  const remedy = "Install g++ (Debian: apt install g++; macOS: xcode-select --install), then try again.";
  throw problem(`it needs a C++ compiler, and none was found (tried ${names.join(", ")}). ${remedy}`);
}

/**
 * @param {string} root
 * @param {string} part
 * @param {{ wheel: string, libraries: readonly string[] }} platform
 */
async function fetchLibraries(root, part, { wheel, libraries }) {
  // Only the C library is wanted, so the wheel of one Python serves them all.
  const choice = ["--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--dest", part];
  const pip = ["-m", "pip", "download", "--disable-pip-version-check", "--no-input", ...choice];
  const download = await run(venvPython(root), [...pip, `${wheel}==${tensorflow}`], { cwd: root });
  if (download.code !== 0) throw failure(`Downloading ${wheel} ${tensorflow}`, download, "wasm is used meanwhile.");
  const file = join(part, /** @type {string} */ (readdirSync(part).find((name) => name.endsWith(".whl"))));
  const unpacked = await run(venvPython(root), ["-c", unpack, file, part, libraries.join(" "), headers.join(" ")]);
  if (unpacked.code !== 0) throw failure(`Unpacking ${wheel}`, unpacked, "wasm is used meanwhile.");
  rmSync(file);
}

/**
 * @param {string} root
 * @param {string} part
 * @param {string} compiler
 * @param {readonly string[]} libraries
 */
async function compile(root, part, compiler, libraries) {
  const modules = join(root, "node_modules");
  const package_ = join(modules, "@tensorflow", "tfjs-node");
  const includes = [join(modules, "node-api-headers", "include"), join(part, "include"), join(modules, "@tensorflow")];
  const mac = process.platform === "darwin";
  const args = [
    ...["-std=c++17", "-O2", "-fPIC", "-DNAPI_VERSION=8", "-DBUILDING_NODE_EXTENSION"],
    ...(mac ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"]),
    ...includes.flatMap((folder) => ["-I", folder]),
    ...["binding/tfjs_backend.cc", "binding/tfjs_binding.cc", "-o", join(part, "tfjs_binding.node")],
    ...libraries.map((name) => join(part, "lib", name)),
    // From node_modules/@tensorflow/tfjs-node/lib/napi-v8, where the binding will lie, up to the root.
    `-Wl,-rpath,${mac ? "@loader_path" : "$ORIGIN"}/../../../../../.venv/native/lib`,
  ];
  const result = await run(compiler, args, { cwd: package_ });
  if (result.code !== 0) throw failure("Compiling tfjs-node's binding", result, "wasm is used meanwhile.");
}

/** @param {string} root */
function circumstances(root) {
  const { version } = readJson(join(root, "node_modules", "@tensorflow", "tfjs-node", "package.json")) ?? {};
  return [tensorflow, version, process.platform, process.arch].join(" ");
}

function soNames() {
  return ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
}
