import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { NestedNumbers } from "../src/tensors/array-input.js";

type Numbers = Readonly<Record<string, NestedNumbers>>;
type Table = { readonly table: readonly Readonly<Record<string, number>>[] };

interface Reference {
  readonly attention: Readonly<Record<string, Numbers & Table>>;
  readonly memory: Numbers & Table;
  readonly usage: Numbers;
  readonly intervals: readonly {
    readonly sample: readonly number[];
    readonly mean: number;
    readonly std: number;
    readonly low: number;
    readonly high: number;
  }[];
}

/** What NumPy and SciPy compute: tests/reference/make_analysis_reference.py. */
export const reference: Reference = JSON.parse(
  readFileSync(join(import.meta.dirname, "reference", "analysis-reference.json"), "utf8"),
  (_, value) => (value === null ? Number.NaN : value),
);

/** Equal within 1e-6, NaN where NaN is wanted. */
export function expectClose(found: ArrayLike<number>, wanted: NestedNumbers): void {
  const numbers = (wanted as number[]).flat(9);
  expect(found.length).toBe(numbers.length);
  numbers.forEach((value, index) => {
    const difference = Math.abs((found[index] as number) - value);
    const message = `element ${index}: ${found[index]} where ${value} is wanted`;
    if (Number.isNaN(value)) expect(found[index], message).toBeNaN();
    else expect(difference, message).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)));
  });
}
