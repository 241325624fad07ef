import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readJson, writeWhole } from "./files.mjs";
import { npm } from "./places.mjs";
import { countsOf, summaryOf } from "./tally.mjs";

/**
 * Check types and style, run every test, and tell the counts.
 * @param {string} root
 * @param {readonly string[]} args for vitest
 * @returns {Promise<number>} the exit code
 */
export async function runTests(root, args) {
  const reports = join(root, "reports");
  const report = join(reports, "tests.json");
  mkdirSync(reports, { recursive: true });
  rmSync(report, { force: true });

  const { command, first } = npm();
  console.log("… Types and style");
  const checked = await show(root, command, [...first, "run", "--silent", "check"]);
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const tested = await show(root, process.execPath, [vitest, "run", "--config", config, ...reporters, ...args]);

  const counts = countsOf(checked, tested, readJson(report));
  const summary = summaryOf(counts);
  writeWhole(join(reports, "summary.txt"), `${summary}\n`);
  console.log(`\n${checked === 0 ? "✓" : "✗"} Types and style (counted as one test)`);
  for (const name of counts.failures) console.log(`✗ ${name}`);
  console.log(summary);
  const skipped = process.env.CI ? counts.skipped : 0; // there nothing may be skipped
  if (skipped > 0) console.log(`${skipped} tests were skipped, which is a failure where CI is set.`);
  return counts.failed === 0 && counts.passed > 0 && skipped === 0 ? 0 : 1;
}

const config = join("tests", "vitest.config.ts");

/**
 * @param {string} root
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
function show(root, command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}
