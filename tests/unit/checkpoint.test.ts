import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeAtomically } from "../../src/files/atomic.js";
import { loadCheckpoint, saveCheckpoint } from "../../src/files/checkpoint-file.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/model/checkpoint.js";
import { ntm } from "../../src/model/ntm.js";
import { useBackend } from "../../src/tensors/backend.js";
import { readSafetensors, writeSafetensors } from "../../src/tensors/safetensors.js";
import { disposeTensors } from "../../src/tensors/tensors.js";

let folder: string;
beforeAll(async () => {
  await useBackend("cpu");
  folder = await mkdtemp(join(tmpdir(), "tapescope-"));
});
afterAll(() => rm(folder, { recursive: true }));

const small = { inputs: 3, outputs: 2, slots: 5, word: 4, units: 6 };

function smallFile(changes: (metadata: Map<string, string>) => void = () => {}): Uint8Array {
  const model = ntm({ ...small, controller: "lstm", readHeads: 2, writeHeads: 1, initialWeights: "zero" });
  const parameters = model.parameters(1);
  const file = readSafetensors(encodeCheckpoint({ model, parameters, metadata: {} }));
  disposeTensors(parameters);
  const metadata = new Map(file.metadata);
  changes(metadata);
  return writeSafetensors({ ...file, metadata });
}

describe("a checkpoint", () => {
  test("reads back as the same model with the same parameters, whatever its sizes", () => {
    const sizes = fc.record({
      controller: fc.constantFrom("lstm" as const, "feedforward" as const),
      readHeads: fc.integer({ min: 1, max: 12 }),
      writeHeads: fc.integer({ min: 1, max: 3 }),
      initialWeights: fc.constantFrom("zero" as const, "learned" as const),
    });
    fc.assert(
      fc.property(sizes, fc.integer(), (choice, seed) => {
        const model = ntm({ ...small, ...choice });
        const parameters = model.parameters(seed);
        const bytes = encodeCheckpoint({ model, parameters, metadata: { task: "copy", seed: `${seed}` } });
        const read = decodeCheckpoint(bytes);
        expect(read.model.metadata).toEqual(model.metadata);
        expect(read.model.shapes).toEqual(model.shapes);
        expect(read.metadata).toMatchObject({ task: "copy", seed: `${seed}` });
        expect(encodeCheckpoint(read)).toEqual(bytes);
        disposeTensors(parameters);
        disposeTensors(read.parameters);
      }),
      { numRuns: 20 },
    );
  });

  test("whose metadata does not fit its tensors is refused, saying what does not fit, and leaves no tensor behind", () => {
    const before = tf.memory().numTensors;
    const refused = (name: string, value: string) => () => decodeCheckpoint(smallFile((all) => all.set(name, value)));
    expect(refused("model", "ntn")).toThrow('"model" is "ntn"; known models are ntm');
    expect(refused("controller", "gru-6")).toThrow('"controller" is "gru-6"; "lstm-UNITS" or "feedforward-UNITS"');
    expect(refused("slots", "9999999999")).toThrow('"slots" is "9999999999"; a whole number was expected');
    expect(refused("slots", "6")).toThrow('parameter "memory.init" of shape [6,4]; [5,4] was given');
    expect(refused("read_heads", "900000000")).toThrow(
      "says 900000000 read heads, but the file holds the weights of 2",
    );
    expect(refused("word", "3")).toThrow(/ntm needs the parameter/);
    expect(() => decodeCheckpoint(smallFile((all) => all.delete("word")))).toThrow('"word" is ""');
    expect(tf.memory().numTensors).toBe(before);
  });

  test("in a file is named when it is missing or damaged", async () => {
    const path = join(folder, "damaged.safetensors");
    await expect(loadCheckpoint(path)).rejects.toThrow(`"${path}" could not be read: there is no such file`);
    await writeFile(path, smallFile().subarray(0, 500));
    await expect(loadCheckpoint(path)).rejects.toThrow(`"${path}" could not be read: `);
  });

  test("is saved and loaded", async () => {
    const checkpoint = decodeCheckpoint(smallFile());
    const path = join(folder, "small.safetensors");
    await saveCheckpoint(path, checkpoint);
    const loaded = await loadCheckpoint(path);
    expect(encodeCheckpoint(loaded)).toEqual(smallFile());
    disposeTensors(checkpoint.parameters);
    disposeTensors(loaded.parameters);
  });
});

describe("writing a file atomically", () => {
  test("replaces it whole and leaves nothing beside it", async () => {
    const path = join(folder, "atomic", "file.txt");
    await expect(writeAtomically(path, "x")).rejects.toThrow("could not be written");
    const inside = join(folder, "replaced.txt");
    await writeAtomically(inside, "old");
    await writeAtomically(inside, "new");
    expect(await readFile(inside, "utf8")).toBe("new");
    expect((await readdir(folder)).filter((name) => name.includes(".part"))).toEqual([]);
  });

  test("that fails leaves the old content and nothing beside it", async () => {
    const path = join(folder, "kept.txt");
    await writeAtomically(path, "old");
    await expect(writeAtomically(path, { length: -1 } as unknown as string)).rejects.toThrow("could not be written");
    expect(await readFile(path, "utf8")).toBe("old");
    expect((await readdir(folder)).filter((name) => name.includes(".part"))).toEqual([]);
  });
});
