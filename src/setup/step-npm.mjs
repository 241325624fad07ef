import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "./files.mjs";
import { npm } from "./places.mjs";
import { failure } from "./problem.mjs";
import { run } from "./run.mjs";

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean }} Locked one package of a lock
 * file; `link` is our own, which needs no version
 */

/** @param {string} root @returns {import("./step.mjs").Step} */
export function npmStep(root) {
  return {
    name: "npm packages",
    missing: () => missingPackages(root),
    make: async () => {
      const { command, first } = npm();
      const wishes = ["--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
      const patience = ["--fetch-retry-mintimeout=2000", "--fetch-retry-maxtimeout=10000"];
      const result = await run(command, [...first, "ci", ...wishes, ...patience], { cwd: root });
      if (result.code === 127) throw failure("npm", result, "Install npm: it comes with Node.");
      if (result.code !== 0) throw failure("npm ci", result, "Mend what it tells, then run `npm run setup`.");
      return {};
    },
  };
}

/**
 * What separates node_modules from the lock file, in a few words. npm writes its own record of what it installed last,
 * so a killed `npm ci` leaves none; a package deleted by hand is still in the record.
 * @param {string} root
 * @returns {string | undefined}
 */
function missingPackages(root) {
  const installed = readJson(join(root, "node_modules", ".package-lock.json"))?.packages;
  if (!installed)
    return existsSync(join(root, "node_modules")) ? "their installation had not finished" : "they were not installed";
  const difference = firstDifference(readJson(join(root, "package-lock.json"))?.packages ?? {}, installed);
  if (difference) return difference;
  const gone = Object.keys(installed).find((path) => !existsSync(join(root, path, "package.json")));
  if (gone) return `${nameOf(gone)} was missing`;
  return existsSync(join(root, "node_modules", ".bin", "tapescope")) ? undefined : "their commands were missing";
}

/**
 * The first package that is not installed as the lock file says. Optional ones are for other platforms.
 * @param {Record<string, Locked>} wanted
 * @param {Record<string, Locked>} installed
 * @returns {string | undefined}
 */
export function firstDifference(wanted, installed) {
  for (const [path, { version, integrity, optional }] of Object.entries(wanted)) {
    const found = installed[path];
    if (path === "" || (optional && !found)) continue;
    if (!found) return `${nameOf(path)} was missing`;
    if (found.version !== version || found.integrity !== integrity) return `${nameOf(path)} had changed`;
  }
  return undefined;
}

/** @param {string} path such as node_modules/a/node_modules/@b/c */
function nameOf(path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}
