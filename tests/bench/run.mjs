// npm run bench [-- NAME...]: runs every benchmark of this folder (NAME.mjs), one after the other, each in a process of its
// own; prints a table as it goes and writes reports/bench.json. Where only some are named, the file keeps the lines of the
// others; of two lines for the same thing the newest stays.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { missingPeers } from "./shared/peers.mjs";

const folder = import.meta.dirname;
const root = join(folder, "..", "..");
const file = join(root, "reports", "bench.json");
const benchmarks = readdirSync(folder)
  .filter((name) => name.endsWith(".mjs") && name !== basename(import.meta.filename))
  .map((name) => name.slice(0, -".mjs".length));
const named = process.argv.slice(2);
const unknown = named.find((name) => !benchmarks.includes(name));
if (unknown !== undefined) {
  console.error(`There is no benchmark "${unknown}"; there are ${benchmarks.join(", ")}.`);
  process.exit(2);
}
if (!existsSync(join(root, "dist", "index.js"))) {
  console.error("What is measured is the built package: run npm run build first.");
  process.exit(2);
}

const missing = missingPeers();
if (missing.length > 0) {
  console.error("These are missing here, so that there will be no figures beside them:");
  for (const line of missing) console.error(`  ${line}`);
}
for (const name of named.length > 0 ? named : benchmarks) {
  console.log(`\n${name}`);
  const failed = await run(name);
  if (!failed) continue;
  console.error(`  ${failed}`);
  process.exitCode = 1;
}

/** Run one benchmark; why it failed, if it did. */
async function run(name) {
  const child = spawn(process.execPath, [join(folder, `${name}.mjs`)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { TF_CPP_MIN_LOG_LEVEL: "2", ...process.env },
  });
  const ended = new Promise((resolve) => {
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : `${name} ended with ${signal ?? code}.`));
  });
  for await (const text of createInterface({ input: child.stdout })) {
    const line = lineIn(text);
    if (!line) continue;
    console.log(`  ${row(line)}`);
    keep(line);
  }
  return ended;
}

/** The figures in a line of output; undefined if it says something else. */
function lineIn(text) {
  try {
    const { name, batch, unit, ours, peer, theirs, ratio } = JSON.parse(text);
    return name === undefined ? undefined : { name, batch, unit, ours, peer, theirs, ratio };
  } catch {
    return undefined;
  }
}

function row({ name, batch, unit, ours, peer, theirs, ratio }) {
  const number = (value) => (typeof value === "number" ? String(Number(value.toPrecision(3))) : "–");
  const cells = [name.padEnd(50), `batch ${batch}`.padEnd(9), `${number(ours)} ${unit}`.padStart(11)];
  return [...cells, `${peer} ${number(theirs)} ${unit}`.padStart(32), `ratio ${number(ratio)}`.padStart(13)].join(" ");
}

/** Put a line into the file, in the place of an older one. Written beside and renamed: never half there. */
function keep(line) {
  const same = (one) => one.name === line.name && one.batch === line.batch && one.peer === line.peer;
  const lines = [...linesKept().filter((one) => !same(one)), line];
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(lines, null, 2)}\n`);
  renameSync(`${file}.${process.pid}`, file);
}

function linesKept() {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw new Error(`${file} cannot be read: ${error.message}. Remove it, and run all benchmarks.`);
  }
}
