import { mean, standardDeviation } from "simple-statistics";
import { expect, test } from "vitest";
import { type Random, random } from "../../src/tensors/random.js";

const draw = (seed: number, from: "uniform" | "normal", count = 20_000): number[] => {
  const source = random(seed);
  return Array.from({ length: count }, () => source[from]());
};

test("equal seeds give equal numbers, other seeds others, also beyond 32 bits", () => {
  expect(draw(7, "uniform", 50)).toEqual(draw(7, "uniform", 50));
  expect(draw(7, "uniform", 50)).not.toEqual(draw(8, "uniform", 50));
  expect(draw(7, "uniform", 50)).not.toEqual(draw(7 + 2 ** 32, "uniform", 50));
});

test("uniform numbers fill [0, 1) evenly and normal ones have mean 0 and deviation 1", () => {
  const uniform = draw(1, "uniform");
  expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...uniform)).toBeLessThan(1);
  expect(mean(uniform)).toBeCloseTo(0.5, 2);
  const normal = draw(1, "normal");
  expect(Math.abs(mean(normal))).toBeLessThan(0.03);
  expect(Math.abs(standardDeviation(normal) - 1)).toBeLessThan(0.03);
});

test("whole numbers reach both ends and nothing beyond", () => {
  const source = random(3);
  const seen = new Set(Array.from({ length: 500 }, () => source.integer(-1, 2)));
  expect([...seen].sort()).toEqual([-1, 0, 1, 2]);
});

test("a seed that is no whole number is refused", () => {
  expect(() => random(0.5)).toThrow("A seed is a whole number; 0.5 was given.");
});

test("a source goes on from where another stood", () => {
  const first = random(11);
  for (let i = 0; i < 37; i++) first.uniform();
  const second = random(first.state);
  expect(draws(second)).toEqual(draws(first));
});

function draws(source: Random): number[] {
  return Array.from({ length: 20 }, () => source.normal() + source.integer(0, 9));
}
