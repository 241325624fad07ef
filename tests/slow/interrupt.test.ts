import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { limit } from "../limit.js";
import { python, root } from "./scratch.js";

const training = `
import { adam, copyTask, ntm, paperCopy, trainHere, useBackend } from "tapescope";

await useBackend("cpu");
const task = copyTask(2);
const sizes = { inputs: 3, outputs: 2, slots: 4, word: 3, units: 6 };
const result = await trainHere({
  model: ntm({ ...paperCopy, ...sizes }),
  task,
  optimizer: adam(),
  clip: { by: "norm", limit: 10 },
  seed: 1,
  updates: 1_000_000,
  batch: 1,
  lengths: { shortest: 1, longest: 2 },
});`;

test("a training in a cell tells its progress in one place, and the stop button ends it with what it has learnt", async () => {
  const next = 'console.log(result.ended, result.updates > 0, "memory.init" in result.parameters);';
  const script = join(import.meta.dirname, "interrupt.py");
  const options = { cwd: join(root, "notebooks"), timeout: limit };
  const { stdout } = await promisify(execFile)(python, [script, `${limit / 1000}`, training, next], options);
  const [first, second] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(first.status).toBe("ok");
  expect(first.texts[0]).toMatch(
    /^display_data: copy: \d+\/1,000,000 \(0 %\), [\d.]+ bits lost per answer bit, .* left$/,
  );
  for (const text of first.texts.slice(1)) expect(text).toMatch(/^update_display_data: copy: /);
  expect(second).toEqual({ status: "ok", texts: ["stream: interrupted true true\n"] });
});
