import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCheckpoint } from "../../src/files/checkpoint-file.js";
import { edit } from "../../src/model/edits.js";
import { run } from "../../src/model/run.js";
import { copyBatch } from "../../src/tasks/copy.js";
import { useBackend } from "../../src/tensors/backend.js";
import { type Ended, refusedIn, tapescopeIn } from "./command-line.js";
import { root } from "./scratch.js";

const data = (name: string): string => join(root, "data", name);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tapescope-run-"));
});
afterAll(() => rm(folder, { recursive: true }));

function runCli(...words: readonly string[]): Promise<Ended> {
  return tapescopeIn(folder, ["run", ...words]);
}

describe("tapescope run", () => {
  test("answers an input of the checkpoint's task, with a row for every step", async () => {
    const product = await runCli(data("ttm-multiplication.safetensors"), "--input", "27,4");
    expect(product).toMatchObject({ code: 0, err: "" });
    expect(product.out).toMatch(
      /^ttm-multiplication.safetensors \(ttm, multiplication, engine\)\nstep +shown +expected/,
    );
    expect(product.out).toMatch(/\n5 +· +8 +8 +(0\.00 ){8}1\.00 0\.00\n/);
    expect(product.out).toMatch(/\nanswer 108: right\n$/);
    const story = "put 7 in the red box; put 3 in it; what is in the red box?";
    expect((await runCli(data("nsm-recall.safetensors"), "--input", story)).out).toMatch(/\nanswer 3: right\n$/);
  });

  test("with edits gives the very numbers that `run` gives, in the notebook or here", async () => {
    const edits = [
      edit("memory", { step: 2, slot: 63 }).noise({ seed: 1, scale: 0.5 }),
      edit("write.0.weights", { step: 1, slot: 63 }, { renormalise: "slot", model: "ntm" }).zero(),
    ];
    await writeFile(join(folder, "edits.json"), JSON.stringify(edits));
    const words = ["--input", "11000000;00110000", "--edits", "edits.json", "--record", "memory, read.*.weights"];
    const { code, out } = await runCli(data("ntm-copy.safetensors"), ...words, "--json");
    expect(code).toBe(0);
    const found = JSON.parse(out);

    await useBackend("cpu");
    const { model, parameters } = await loadCheckpoint(data("ntm-copy.safetensors"));
    const { inputs } = copyBatch([
      [
        [1, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 0, 0, 0, 0],
      ],
    ]);
    const wanted = run(model, parameters, inputs, { edits, record: ["memory"] });
    expect(Float32Array.from(found.outputs.flat())).toEqual(wanted.outputs.data);
    expect(Float32Array.from(found.sites.memory.data)).toEqual(wanted.trace.memory?.data);
    expect(found.sites.memory).toMatchObject({ axes: ["step", "slot", "word"], shape: [5, 128, 20] });
    expect(Object.keys(found.sites)).toEqual(["read.0.weights", "memory"]);
    expect(found).toMatchObject({
      ...{ checkpoint: "ntm-copy.safetensors", model: "ntm", task: "copy", engine: "engine", edits: 2 },
      ...{ tokens: ["1", "2", "end", "·", "·"], expected: "11000000 00110000", right: false },
      unedited: { predicted: "11000000 00110000", right: true },
    });
    expect(found.answers[0]).toMatchObject({ step: 3, label: "vector 1", expected: "11000000", counts: true });
  });

  test("refuses what does not fit with one line, which says what would", async () => {
    const refused = async (content: string, input = "11000000"): Promise<string> => {
      await writeFile(join(folder, "bad.json"), content);
      const words = ["run", data("ntm-copy.safetensors"), "--input", input, "--edits", "bad.json"];
      const { code, out, err } = await refusedIn(folder, words);
      expect({ code, out, lines: err.trim().split("\n").length }).toEqual({ code: 2, out: "", lines: 1 });
      return err;
    };
    expect(await refused(JSON.stringify([edit("memory", { step: 3 }).zero()]))).toContain("step 3 is outside 0 to 2");
    expect(await refused(JSON.stringify([edit("memory", { step: 0 }, { model: "ttm" }).zero()]))).toMatch(
      /Edit 1 of 1: it was made for the model "ttm", but this one is "ntm-/,
    );
    expect(await refused("{")).toContain('"bad.json" could not be read: This file holds no edits: it is no JSON');
    expect(await refused("[]", "110")).toContain("A vector of 8 bits such as 10101010 is needed");
  });
});
