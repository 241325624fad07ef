import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * Write a file in one move: a reader sees the old content or the new, never a part.
 * @param {string} path
 * @param {string | Uint8Array} content
 */
export function writeWhole(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.part`;
  writeFileSync(beside, content);
  renameSync(beside, path);
}

/**
 * A JSON file's value; undefined if it is absent or half written, which set-up mends in the same way.
 * @param {string} path
 * @returns {any}
 */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * The files of a folder and its folders, as paths from there with "/", sorted.
 * @param {string} folder
 * @returns {string[]}
 */
export function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

/**
 * One hash for the names and contents of files.
 * @param {string} folder
 * @param {readonly string[]} paths from the folder
 * @returns {string}
 */
export function hashOf(folder, paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    const content = existsSync(join(folder, path)) ? readFileSync(join(folder, path)) : "absent";
    hash.update(`${path}\n${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

/**
 * Do two files hold the same bytes?
 * @param {string} a
 * @param {string} b
 */
export function sameContent(a, b) {
  if (!existsSync(a) || !existsSync(b) || statSync(a).size !== statSync(b).size) return false;
  return readFileSync(a).equals(readFileSync(b));
}
