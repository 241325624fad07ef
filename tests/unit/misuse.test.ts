import { expect, test } from "vitest";
import { readImportance, slotUsage } from "../../src/analysis/usage.js";
import { diagonalPattern } from "../../src/attention/patterns.js";
import { type NsmConfig, nsm } from "../../src/model/nsm.js";
import { recallBatch } from "../../src/tasks/recall.js";
import { readArrays } from "../../src/tensors/array-file.js";
import { namedArray } from "../../src/tensors/named-array.js";

// What a person without types may write: each is told what was expected.
test.each([
  [
    "a table of text where a file of arrays is read",
    () => readArrays(new TextEncoder().encode("a,b\n1,2\n3,4\n"), "x", []),
    "begins as none of .npy, .npz and .safetensors",
  ],
  [
    "one weighting where a list of heads is wanted",
    () => slotUsage(namedArray("w", ["step", "slot"], [1, 2], [1, 0]) as never),
    "for one head write [weights]",
  ],
  [
    "one weighting for importance",
    () => readImportance(namedArray("w", ["step", "slot"], [1, 2], [1, 0]) as never),
    "for one head write [weights]",
  ],
  ["no seed", () => diagonalPattern({ size: 3 } as never), "A seed is a whole number; undefined was given"],
  [
    "a machine without a list of pruned states",
    () => nsm({ gates: "gru", features: 2, heads: 1 } as NsmConfig),
    "pruned is a list of states, usually []",
  ],
  [
    "one story where a list of stories is wanted",
    () => recallBatch(["put 1 in the red box"] as never),
    "for one story write [story]",
  ],
])("%s", (_, misuse, message) => {
  expect(misuse).toThrow(message);
});
