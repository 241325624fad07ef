// npm run stress [-- kills=1000 damaged-files=100000 seed=7]: only the tests that repeat something for confidence, more
// often than `npm test` does. With words, only those that are named.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesIn } from "../src/setup/files.mjs";
import { onNewEnoughNode } from "../src/setup/node-version.mjs";
import { problem } from "../src/setup/problem.mjs";
import { repeated } from "./repeat.mjs";

onNewEnoughNode(async () => {
  const { root } = await import("../src/setup/places.mjs");
  const { setUp } = await import("../src/setup/set-up.mjs");
  const counts = countsOf(process.argv.slice(2));
  await setUp(root, { tests: true });
  const { seed = Math.floor(Math.random() * 1e9), ...named } = counts;
  const all = Object.entries(repeated).filter(([name]) => Object.keys(named).length === 0 || name in named);
  const chosen = all.map(([name, { stress, what }]) => ({ name, count: named[name] ?? stress, what }));
  for (const { name, count, what } of chosen) console.log(`${name}=${count}: ${what}`);
  console.log(`seed=${seed}`);

  const words = [...chosen.map(({ name, count }) => `${name}=${count}`), `seed=${seed}`].join(" ");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const tags = chosen.map(({ name }) => name).join(" or ");
  const files = testsThatName(
    join(root, "tests"),
    chosen.map(({ name }) => name),
  );
  const args = [vitest, "run", "--config", join("tests", "vitest.config.ts"), "--tags-filter", tags, ...files];
  const env = { ...process.env, TAPESCOPE_STRESS: words };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: "inherit" });
  return new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1)));
});

/**
 * Files of tests that carry one of these tags: to read all others would take longer than many a test.
 * @param {string} folder
 * @param {readonly string[]} tags
 */
function testsThatName(folder, tags) {
  const names = filesIn(folder).filter((name) => name.endsWith(".test.ts"));
  const carries = (/** @type {string} */ text) => tags.some((tag) => text.includes(`tags: ["${tag}"]`));
  return names.filter((name) => carries(readFileSync(join(folder, name), "utf8"))).map((name) => join("tests", name));
}

/**
 * @param {readonly string[]} words
 * @returns {Record<string, number>}
 */
function countsOf(words) {
  return Object.fromEntries(
    words.map((word) => {
      const [, name = "", count] = /^([a-z-]+)=(\d+)$/.exec(word) ?? [];
      if (name in repeated ? Number(count) > 0 : name === "seed") return [name, Number(count)];
      const names = Object.keys(repeated).join(", ");
      throw problem(`"${word}" is not known here. Say NAME=COUNT with one of ${names}, or seed=NUMBER.`);
    }),
  );
}
