import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, expect, test } from "vitest";
import { loadMoment, saveMoment } from "../../src/files/moment-file.js";
import { useBackend } from "../../src/tensors/backend.js";
import { random } from "../../src/tensors/random.js";
import { openLedger } from "../../src/training/log.js";
import type { Moment } from "../../src/training/train.js";

await useBackend("cpu");
const folder = mkdtempSync(join(tmpdir(), "tapescope-moment-"));
afterAll(() => rmSync(folder, { recursive: true }));

const moment: Moment = {
  update: 10,
  seconds: 2.5,
  parameters: { "output.bias": tf.tensor1d([1, -2, 0.1]) },
  memory: { "step/1": tf.scalar(10) },
  source: random(4).state,
  syllabus: { open: 2, right: 0.25 },
  ledger: openLedger(1).state,
};
const settings = { clip: "norm:1", updates: "100" };
const path = join(folder, "one.resume.safetensors");
await saveMoment(path, moment, settings);

test("a moment comes back as it was kept, also for a training that is made longer", async () => {
  for (const updates of ["100", "200", "10"]) {
    const { parameters, memory, ...plain } = await loadMoment(path, { ...settings, updates });
    const { parameters: before, memory: remembered, ...wanted } = moment;
    expect(plain).toEqual(wanted);
    for (const [found, kept] of [
      [parameters, before],
      [memory, remembered],
    ] as const) {
      expect(Object.keys(found)).toEqual(Object.keys(kept));
      for (const [name, tensor] of Object.entries(kept)) expect(found[name]?.dataSync()).toEqual(tensor.dataSync());
    }
  }
});

test("a moment is refused to a training of other settings, or of fewer updates than it has had", async () => {
  await expect(loadMoment(path, { ...settings, clip: "norm:2" })).rejects.toThrow(
    "it was kept by a training with clip norm:1; now clip is norm:2",
  );
  await expect(loadMoment(path, { ...settings, updates: "9" })).rejects.toThrow(
    "it was kept after 10 updates; 9 are fewer. Give more updates",
  );
});
