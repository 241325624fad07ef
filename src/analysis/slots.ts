import { standardDeviation } from "simple-statistics";
import type { ArrayInput } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import { arrayOf, MEMORY, reduceRows } from "./matrices.js";

/** A slot whose numbers deviate more than this from their mean holds something. */
const ACTIVE_ABOVE = 0.1;

/**
 * The Euclidean norm √Σx² of each memory slot: how much it holds.
 *
 * @param memory [..., slot, word], such as [step, slot, word]
 * @returns [..., slot]; NaN for a slot with a NaN.
 * @throws if there are fewer than two axes, or no value at all.
 * @example slotNorm([[3, 4], [0, 0]]) // data: [5, 0]
 */
export function slotNorm(memory: ArrayInput): NamedArray {
  const array = arrayOf(memory, "memory", MEMORY, 2, "slotNorm");
  return reduceRows(array, `slot norm of ${array.name}`, normOf);
}

/**
 * Which memory slots are active: 1 where the standard deviation over the slot's numbers is above 0.1, else 0.
 *
 * A slot of equal numbers, such as an untouched one, is not active, however large they are.
 *
 * @param memory [..., slot, word], such as [step, slot, word]
 * @returns [..., slot], 0 or 1; NaN for a slot with NaN or ∞. Its sum is the number of active slots.
 * @throws if there are fewer than two axes, or no value at all.
 * @example activeSlots([[1, -1], [0.5, 0.5]]) // data: [1, 0]
 */
export function activeSlots(memory: ArrayInput): NamedArray {
  const array = arrayOf(memory, "memory", MEMORY, 2, "activeSlots");
  return reduceRows(array, `active slots of ${array.name}`, (slot) => {
    if (!slot.every(Number.isFinite)) return Number.NaN;
    return standardDeviation(Array.from(slot)) > ACTIVE_ABOVE ? 1 : 0;
  });
}

/** √Σx² */
export function normOf(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] as number) ** 2;
  return Math.sqrt(squares);
}
