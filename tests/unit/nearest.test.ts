import { expect, test } from "vitest";
import { didYouMean } from "../../src/tensors/nearest.js";

const tasks = ["copy", "associative-recall", "recall", "multiplication"];

test.each([
  ["cpy", "copy"],
  ["ocpy", "copy"],
  ["Copy", "copy"],
  ["copyy", "copy"],
  ["recal", "recall"],
  ["asociative-recal", "associative-recall"],
  ["mult", "multiplication"],
  ["multiplicaton", "multiplication"],
])("%s is taken for %s", (given, name) => {
  expect(didYouMean(given, tasks)).toBe(` (did you mean ${name}?)`);
});

test.each(["", "x", "sort", "add", "c"])("no name is near to %j", (given) => {
  expect(didYouMean(given, tasks)).toBe("");
});

test("a whole name goes before one that only begins so", () => {
  expect(didYouMean("memry", ["memory.before", "memory"])).toBe(" (did you mean memory?)");
  expect(didYouMean("read.weights", ["read.0.weights", "write.0.weights"])).toBe(" (did you mean read.0.weights?)");
});
