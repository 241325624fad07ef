import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { checkpointIn } from "../../src/model/checkpoint.js";
import { run } from "../../src/model/run.js";
import { type BackendName, useBackend } from "../../src/tensors/backend.js";
import { type NamedArray, select } from "../../src/tensors/named-array.js";
import { readSafetensors, type SafetensorsFile } from "../../src/tensors/safetensors.js";
import { disposeTensors } from "../../src/tensors/tensors.js";
import { readArray } from "../../src/training/expectations.js";
import { verify } from "../../src/training/verify.js";
import { backendsHere } from "../backends.js";

const folder = join(import.meta.dirname, "..", "reference");
const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
const read = (name: string): SafetensorsFile => readSafetensors(readFileSync(join(folder, name)));

/** The backend computes, and nothing is replayed. */
const onlyOn = async (backend: BackendName): Promise<BackendName> => {
  vi.stubEnv("TAPESCOPE_BACKEND", backend);
  return useBackend(backend);
};
afterEach(() => void vi.unstubAllEnvs());

describe.each(backendsHere)("on the %s backend", (backend) => {
  test.each(files)("%s is met to 1e-5, every expected value and gradient", async (name) => {
    expect(await onlyOn(backend)).toBe(backend);
    const file = read(name);
    const differences = verify(file);
    const expected = [...file.tensors.keys()].filter((tensor) => tensor.startsWith("expected."));
    expect(differences.map((one) => one.name)).toEqual(expected);
    for (const { name: tensor, maxError } of differences) expect(maxError, tensor).toBeLessThan(1e-5);
  });

  test("pruned states get exactly nothing", async () => {
    await onlyOn(backend);
    const file = read("nsm-lstm-2x1-pruned.safetensors");
    const { model, parameters } = checkpointIn(file);
    const inputs = readArray(file, "inputs", ["step", "batch", "input"]);
    const given = { "routing.weights": "state", routed: "state", "state.attention": "key", importance: "state" };
    const { trace } = run(model, parameters, inputs, { record: Object.keys(given) });
    disposeTensors(parameters);
    expect(model.metadata.pruned).toBe("1");
    for (const [site, axis] of Object.entries(given)) {
      const { data } = select(trace[site] as NamedArray, { [axis]: 1 });
      expect(
        [...data].filter((value) => value !== 0),
        site,
      ).toEqual([]);
    }
  });
});

describe("the references", () => {
  test("of both models, and of the cell with both kinds of gates, are there", () => {
    const kinds = files
      .map(read)
      .map(({ metadata }) => `${metadata.get("model")} ${metadata.get("gates") ?? ""}`.trim());
    expect(new Set(kinds)).toEqual(new Set(["ntm", "nsm gru", "nsm lstm", "nsm step gru", "nsm step lstm"]));
  });

  test("of whole Neural State Machines expect every site and every gradient, so that nothing goes uncompared", () => {
    const whole = files.map(read).filter(({ metadata }) => metadata.get("model") === "nsm");
    for (const file of whole) {
      const { model, parameters } = checkpointIn(file);
      disposeTensors(parameters);
      const named = [
        ...model.sites.map(({ name }) => name),
        ...Object.keys(model.shapes).map((name) => `grad.${name}`),
      ];
      const expected = [...file.tensors.keys()].filter((name) => name.startsWith("expected."));
      expect(new Set(expected)).toEqual(new Set([...named, "outputs", "loss"].map((name) => `expected.${name}`)));
    }
  });

  test.each([
    ["ntm-reference", "memory"],
    ["nsm-reference", "gated"],
    ["nsm-lstm-2x1-pruned", "importance.attention"],
  ])("%s with a wrong digit in %s alone is noticed there alone", async (name, value) => {
    await useBackend("cpu");
    const file = read(`${name}.safetensors`);
    const tensor = file.tensors.get(`expected.${value}`);
    if (!tensor) throw new Error(`the reference lost its ${value}`);
    const bytes = Uint8Array.from(tensor.bytes);
    new DataView(bytes.buffer).setFloat32(8, new DataView(bytes.buffer).getFloat32(8, true) + 1e-3, true);
    const changed = { ...file, tensors: new Map(file.tensors).set(`expected.${value}`, { ...tensor, bytes }) };
    const worst = verify(changed).filter(({ maxError }) => maxError > 1e-5);
    expect(worst.map((one) => one.name)).toEqual([`expected.${value}`]);
  });
});
