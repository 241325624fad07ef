import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { useBackend } from "../../src/tensors/backend.js";
import {
  fromFloat32,
  readSafetensors,
  type SafetensorsFile,
  type StoredTensor,
} from "../../src/tensors/safetensors.js";
import { verify } from "../../src/training/verify.js";

beforeAll(() => useBackend("cpu"));

const read = (name: string): SafetensorsFile =>
  readSafetensors(readFileSync(join(import.meta.dirname, "..", "reference", `${name}.safetensors`)));
const zeros = (...shape: number[]): StoredTensor =>
  fromFloat32(shape, new Float32Array(shape.reduce((product, length) => product * length, 1)));

/** The file with other metadata and tensors; undefined takes one away. */
function changed(
  file: SafetensorsFile,
  metadata: Record<string, string | undefined>,
  tensors: Record<string, StoredTensor | undefined>,
): SafetensorsFile {
  const change = <T>(map: ReadonlyMap<string, T>, to: Record<string, T | undefined>): Map<string, T> => {
    const all = new Map<string, T | undefined>([...map, ...Object.entries(to)]);
    return new Map([...all].filter((entry): entry is [string, T] => entry[1] !== undefined));
  };
  return { metadata: change(file.metadata, metadata), tensors: change(file.tensors, tensors) };
}

/** What verify says, having run nothing and left no tensor behind. */
function refusal(file: SafetensorsFile): string {
  const before = tf.memory().numTensors;
  const stages: string[] = [];
  try {
    verify(file, (stage) => stages.push(stage));
  } catch (error) {
    expect(stages).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
    return (error as Error).message;
  }
  throw new Error("it was not refused");
}

type Case = [
  problem: string,
  metadata: Record<string, string | undefined>,
  tensors: Record<string, StoredTensor | undefined>,
  message: string,
];

describe("a reference of one step is refused before it is run", () => {
  test.each<Case>([
    ["no size", { tokens: undefined }, {}, 'the metadata\'s "tokens" is ""; a whole number was expected'],
    ["a size in words", { states: "six" }, {}, 'the metadata\'s "states" is "six"; a whole number was expected'],
    ["a size of nothing", { batch: "0" }, {}, 'the metadata\'s "batch" is 0; at least 1 was expected'],
    [
      "a size that the tensors have not",
      { states: "5" },
      {},
      'parameter "router.weight" of shape [20,8]; [24,8] was given',
    ],
    ["a size beyond all tensors", { dim: "999999996" }, {}, "[24,8] was given"],
    ["heads that do not divide", { heads: "3" }, {}, "nsm step: 3 heads do not divide the dim of 8"],
    ["unknown gates", { gates: "minimal" }, {}, '"gates" is "minimal"; "gru" or "lstm" was expected'],
    ["other gates than the tensors", { gates: "lstm" }, {}, '"gates.input.weight" of shape [8,16], which is missing'],
    ["another epsilon", { layer_norm_epsilon: "1e-6" }, {}, '"layer_norm_epsilon" is "1e-6"; only 1e-5 is known here'],
    ["no states", {}, { states: undefined }, '"states" of shape [2,6,8], which is missing'],
    ["tokens of another batch", {}, { tokens: zeros(3, 12, 8) }, '"tokens" of shape [2,12,8]; [3,12,8] was given'],
    [
      "an unknown expectation",
      {},
      { "expected.mood": zeros(1) },
      'no value to compare with the tensor "expected.mood"',
    ],
    [
      "an expectation of another shape",
      {},
      { "expected.gated": zeros(2, 6, 7) },
      "[2,6,7]; the model's value has [2,6,8]",
    ],
    [
      "words for numbers",
      {},
      { "expected.gated": { ...zeros(2, 6, 8), dtype: "I32" } },
      'Tensor "expected.gated" is I32, but only F32',
    ],
  ])("with %s", (_, metadata, tensors, message) => {
    const said = refusal(changed(read("nsm-reference"), metadata, tensors));
    expect(said).toContain(message);
    expect(said).not.toContain("\n");
  });

  test("with few numbers that ask for many", () => {
    const file = read("nsm-step-lstm");
    const nothing = Object.fromEntries(
      [...file.tensors.keys()].filter((name) => /^expected/.test(name)).map((name) => [name, undefined]),
    );
    const long = { tokens: zeros(1, 3000, 1), states: zeros(1, 3000, 1), cell: zeros(1, 3000, 1) };
    const small: Record<string, StoredTensor> = { "router.weight": zeros(3000, 1), "router.bias": zeros(3000) };
    for (const gate of ["input", "forget", "candidate", "output"]) {
      small[`gates.${gate}.weight`] = zeros(1, 2);
      small[`gates.${gate}.bias`] = zeros(1);
    }
    for (const [name, size] of [
      ["attention.in", 3],
      ["attention.out", 1],
      ["router.output", 1],
    ] as const) {
      small[`${name}.weight`] = zeros(size, 1);
      small[`${name}.bias`] = zeros(size);
    }
    for (const part of ["weight", "bias"]) small[`norm.${part}`] = zeros(1);
    const sizes = { batch: "1", tokens: "3000", states: "3000", dim: "1", heads: "1" };
    const said = refusal(changed(file, sizes, { ...nothing, ...long, ...small, "expected.gated": zeros(1, 3000, 1) }));
    expect(said).toMatch(/"routing.weights" take 9000000 numbers, more than the \d+ in the whole file/);
  });
});

describe("a reference of a whole machine is refused before it is run", () => {
  test.each<Case>([
    ["no inputs", {}, { inputs: undefined }, 'The file has no tensor "inputs"'],
    ["targets of another length", {}, { targets: zeros(1, 2, 3) }, '"targets" has shape [1,2,3]; [4,2,3] was expected'],
    ["a mask of another batch", {}, { mask: zeros(4, 3) }, '"mask" has shape [4,3]; [4,2] was expected'],
    ["a mask that counts nothing", {}, { mask: zeros(4, 2) }, "at least one must count"],
    [
      "a mask that counts halves",
      {},
      { mask: fromFloat32([4, 2], new Float32Array(8).fill(0.5)) },
      '"mask" is 1 where an answer counts and 0 where it does not',
    ],
    ["a gradient of no parameter", {}, { "expected.grad.memory": zeros(1) }, 'the tensor "expected.grad.memory"'],
    ["a site of no model", {}, { "expected.controller.hidden": zeros(1) }, 'the tensor "expected.controller.hidden"'],
    ["a pattern of sites", {}, { "expected.*": zeros(1) }, 'no value to compare with the tensor "expected.*"'],
    [
      "weights of one head for those of all",
      {},
      { "expected.read.weights": zeros(4, 2, 7) },
      "the model's value has [4,2,2,7]",
    ],
    ["a pruned state that there is not", { pruned: "7" }, {}, "pruned names states from 0 to 2"],
    ["a model that is not known", { model: "nsm  step" }, {}, "known models are ntm, nsm"],
  ])("with %s", (_, metadata, tensors, message) => {
    const said = refusal(changed(read("nsm-lstm-2x1-pruned"), metadata, tensors));
    expect(said).toContain(message);
    expect(said).not.toContain("\n");
  });

  test("with nothing expected", () => {
    for (const name of ["nsm-reference", "nsm-gru-2x1", "ntm-reference"]) {
      const file = read(name);
      const tensors = new Map([...file.tensors].filter(([tensor]) => !tensor.startsWith("expected.")));
      expect(refusal({ ...file, tensors })).toBe('The file has no tensor "expected.NAME" to compare with.');
    }
  });
});

test("a file may expect less, or the weights of all heads at once, and only that is compared", () => {
  const file = read("nsm-gru-2x1");
  const without = Object.fromEntries(
    [...file.tensors.keys()].filter((name) => /^expected/.test(name)).map((name) => [name, undefined]),
  );
  const [first, second] = [0, 1].map((head) => file.tensors.get(`expected.read.${head}.weights`)?.bytes) as [
    Uint8Array,
    Uint8Array,
  ];
  const [rows, row] = [4 * 2, 7 * 4]; // steps times sequences; bytes in the weights of one
  const bytes = new Uint8Array(2 * first.length);
  for (let i = 0; i < rows; i++) {
    bytes.set(first.subarray(i * row, (i + 1) * row), 2 * i * row);
    bytes.set(second.subarray(i * row, (i + 1) * row), (2 * i + 1) * row);
  }
  const stacked: StoredTensor = { dtype: "F32", shape: [4, 2, 2, 7], bytes };
  const stages: string[] = [];
  const differences = verify(changed(file, {}, { ...without, "expected.read.weights": stacked }), (stage) =>
    stages.push(stage),
  );
  expect(differences).toEqual([{ name: "expected.read.weights", shape: [4, 2, 2, 7], maxError: expect.any(Number) }]);
  expect(differences[0]?.maxError).toBeLessThan(1e-5);
  expect(stages).toEqual(["running the model"]);
});
