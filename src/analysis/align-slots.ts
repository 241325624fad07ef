import type { ArrayInput } from "../tensors/array-input.js";
import { axisIndex, type NamedArray, sizeOf } from "../tensors/named-array.js";
import { assignment } from "./assignment.js";
import { arrayOf } from "./matrices.js";

/** How the slots of one run are found again in another. */
export interface SlotAlignment {
  /** For each slot of the first run, the slot of the other that is most like it, one to one. */
  readonly order: readonly number[];
  /** What the slots still differ by, aligned so and as they stood: mean squared differences, added up over the arrays. */
  readonly aligned: number;
  readonly unaligned: number;
}

/**
 * Align the slots of two runs: the one-to-one order of the other's slots in which the two differ the least.
 *
 * The order of slots means nothing to a machine: two that were trained from different seeds, or whose heads began
 * elsewhere, may use different slots for the same. Slots are compared in every array that is given. The difference of slot
 * i and slot k is the sum over the arrays of their mean squared difference over steps (and words), each divided by the mean
 * square of that array in both runs, so that weights and contents count alike. The best of all orders is found, see
 * `assignment`.
 *
 * Usage, such as write and read weights, compares any two runs of one length. The words of two machines that were trained
 * apart mean different things: give their memories only where the machine is the same, else `slotNorm` of them.
 *
 * @param one series of the first run, each [step, slot] or [step, slot, word]
 * @param other the same series of the other run, in the same order and of the same shapes
 * @throws if there is none, the two differ in number or shape, one has no axis "slot", or a value is not finite.
 * @example
 * const sites = ["write.0.weights", "read.0.weights"];
 * const { order } = alignSlots(sites.map((site) => series(first, site)), sites.map((site) => series(second, site)));
 * permuteSlots(series(second, "memory"), order);
 */
export function alignSlots(one: readonly ArrayInput[], other: readonly ArrayInput[]): SlotAlignment {
  const [first, second] = [arraysOf(one), arraysOf(other)];
  if (first.length === 0 || first.length !== second.length) {
    throw new Error(
      `alignSlots takes two lists of the same arrays, at least one; ${first.length} and ${second.length} were given.`,
    );
  }
  const slots = slotsOf(first[0] as NamedArray);
  const costs = Array.from({ length: slots }, () => new Float64Array(slots));
  first.forEach((array, index) => {
    const match = second[index] as NamedArray;
    checkPair(array, match, slots);
    const [rows, columns] = [rowsOf(array), rowsOf(match)];
    const power = (meanSquare(array.data) + meanSquare(match.data)) / 2 || 1; // all zeros differ by nothing
    rows.forEach((row, i) => {
      columns.forEach((column, k) => {
        const before = costs[i]?.[k] as number;
        (costs[i] as Float64Array)[k] = before + meanSquare(row, column) / power;
      });
    });
  });
  const order = assignment(costs);
  const mean = (chosen: (slot: number) => number): number =>
    costs.reduce((sum, row, slot) => sum + (row[chosen(slot)] as number), 0) / slots;
  return { order, aligned: mean((slot) => order[slot] as number), unaligned: mean((slot) => slot) };
}

/**
 * An array with its slots in another order: slot i of the result is slot `order[i]` of the array.
 *
 * Labels of slots go with them; without labels, slots are labelled by the numbers they had.
 *
 * @param array any array with an axis "slot"
 * @param order every slot once, as `alignSlots` gives it
 * @throws if there is no axis "slot", or the order is none of its slots.
 * @example permuteSlots(memory, [2, 0, 1]) // what was slot 2 comes first
 */
export function permuteSlots(array: NamedArray, order: readonly number[]): NamedArray {
  const axis = axisIndex(array, "slot");
  const slots = array.shape[axis] as number;
  if ([...order].sort((a, b) => a - b).some((slot, index) => slot !== index) || order.length !== slots) {
    throw new Error(
      `permuteSlots: an order of "${array.name}" names each of its slots 0 to ${slots - 1} once; [${order}] was given.`,
    );
  }
  const inner = sizeOf(array.shape.slice(axis + 1));
  const data = array.data.map((_, at) => {
    const slot = Math.floor(at / inner) % slots;
    return array.data[at + ((order[slot] as number) - slot) * inner] as number;
  });
  const names = array.labels?.slot ?? Array.from({ length: slots }, (_, slot) => `${slot}`);
  return { ...array, data, labels: { ...array.labels, slot: order.map((slot) => names[slot] as string) } };
}

function arraysOf(inputs: readonly ArrayInput[]): NamedArray[] {
  if (!Array.isArray(inputs)) throw new Error("alignSlots takes two lists of arrays; for one array write [array].");
  return inputs.map((input) => {
    const array = arrayOf(input, "usage", ["step", "slot"], 2, "alignSlots");
    const found = array.data.find((value) => !Number.isFinite(value));
    if (found === undefined) return array;
    throw new Error(`alignSlots: "${array.name}" holds ${found}; what is not finite cannot be compared.`);
  });
}

function slotsOf(array: NamedArray): number {
  return array.shape[axisIndex(array, "slot")] as number;
}

function checkPair(one: NamedArray, other: NamedArray, slots: number): void {
  if (`${one.axes}|${one.shape}` === `${other.axes}|${other.shape}` && slotsOf(one) === slots) return;
  throw new Error(
    `alignSlots compares arrays of one shape and as many slots: "${one.name}" is [${one.axes}] of [${one.shape}], ` +
      `"${other.name}" [${other.axes}] of [${other.shape}], and the first array has ${slots} slots.`,
  );
}

/** The values of each slot. */
function rowsOf(array: NamedArray): Float64Array[] {
  const axis = axisIndex(array, "slot");
  const slots = slotsOf(array);
  const inner = sizeOf(array.shape.slice(axis + 1));
  const size = array.data.length / slots;
  return Array.from({ length: slots }, (_, slot) => {
    const place = (at: number): number => (Math.floor(at / inner) * slots + slot) * inner + (at % inner);
    return Float64Array.from({ length: size }, (_, at) => array.data[place(at)] as number);
  });
}

/** The mean square of values, or of their difference from others. */
function meanSquare(values: ArrayLike<number>, others?: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += ((values[at] as number) - (others?.[at] ?? 0)) ** 2;
  return sum / Math.max(1, values.length);
}
