import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { backendNames, useBackend } from "../../src/tensors/backend.js";
import { readSafetensors } from "../../src/tensors/safetensors.js";
import { verify } from "../../src/training/verify.js";

const folder = join(import.meta.dirname, "..", "reference");
const files = readdirSync(folder).filter((name) => name.startsWith("ntm-") && name.endsWith(".safetensors"));
const nativeProblem = await useBackend("native").then(
  () => undefined,
  (error: Error) => error.message,
);

describe.each(backendNames)("on the %s backend", (backend) => {
  const missing = backend === "native" && nativeProblem !== undefined && process.env.CI === undefined;
  const why = missing ? ` (skipped: ${nativeProblem})` : "";
  test.skipIf(missing).each(files)(
    `%s is met to 1e-5: outputs, memory, weightings, loss, every gradient${why}`,
    async (file) => {
      expect(await useBackend(backend)).toBe(backend);
      const differences = verify(readSafetensors(readFileSync(join(folder, file))));
      expect(differences.length).toBeGreaterThan(15);
      for (const { name, maxError } of differences) expect(maxError, name).toBeLessThan(1e-5);
    },
  );
});

test("a reference that is wrong by little is noticed", async () => {
  await useBackend("cpu");
  const file = readSafetensors(readFileSync(join(folder, "ntm-reference.safetensors")));
  const memory = file.tensors.get("expected.memory");
  if (!memory) throw new Error("the reference lost its memory");
  const bytes = Uint8Array.from(memory.bytes);
  new DataView(bytes.buffer).setFloat32(40, new DataView(bytes.buffer).getFloat32(40, true) + 1e-3, true);
  const changed = { ...file, tensors: new Map(file.tensors).set("expected.memory", { ...memory, bytes }) };
  const worst = verify(changed).filter(({ maxError }) => maxError > 1e-5);
  expect(worst.map(({ name }) => name)).toEqual(["expected.memory"]);
});
