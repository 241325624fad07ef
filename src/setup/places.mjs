import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds package.json. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const windows = process.platform === "win32";

/**
 * The project's own Python environment. Set-up keeps its lock and its native TensorFlow there too, because git ignores
 * the folder and `npm ci` leaves it alone.
 * @param {string} root
 * @param {...string} path
 */
export function venv(root, ...path) {
  return join(root, ".venv", ...path);
}

/** @param {string} root */
export function venvBin(root) {
  return venv(root, windows ? "Scripts" : "bin");
}

/** @param {string} root */
export function venvPython(root) {
  return join(venvBin(root), windows ? "python.exe" : "python");
}

/** @param {string} root */
export function lockPath(root) {
  return venv(root, "setup.lock");
}

/**
 * Where a native TensorFlow that was built here lives.
 * @param {string} root
 */
export function nativeHome(root) {
  return venv(root, "native");
}

/**
 * Where pip puts packages; undefined while there is none.
 * @param {string} root
 * @returns {string | undefined}
 */
export function sitePackages(root) {
  if (windows) return existing(venv(root, "Lib", "site-packages"));
  const lib = existing(venv(root, "lib"));
  const version = lib && readdirSync(lib).find((name) => name.startsWith("python3"));
  return version && existing(venv(root, "lib", version, "site-packages"));
}

/**
 * How to call npm with this very Node. On Windows `npm` is a batch file, which only a shell can start.
 * @returns {{ command: string, first: string[] }}
 */
export function npm() {
  const besideNode = dirname(process.execPath);
  const scripts = [
    process.env.npm_execpath ?? "",
    join(besideNode, "node_modules", "npm", "bin", "npm-cli.js"),
    join(besideNode, "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"),
  ];
  const script = scripts.find((path) => path.endsWith("npm-cli.js") && existsSync(path));
  return script ? { command: process.execPath, first: [script] } : { command: "npm", first: [] };
}

/** @param {string} path */
function existing(path) {
  return existsSync(path) ? path : undefined;
}
