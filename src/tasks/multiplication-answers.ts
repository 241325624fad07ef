import { type NamedArray, namedArray, sizeOf } from "../tensors/named-array.js";
import { multiplicationBatch, multiplicationTokens } from "./multiplication.js";

/**
 * What should be answered to sequences of the multiplication task, read off what they show.
 *
 * @param shown one-hot over multiplicationTokens, [..., step, symbol]; after the end of a shorter sequence all NaN.
 * @returns one-hot digits, [..., step, output], as `multiplicationBatch` has its targets; zeros where nothing is asked.
 * @throws if a sequence is no question of the task.
 * @example const right = multiplicationAnswers(select(await statesAt(history, moments, "input"), { token: 0 }));
 */
export function multiplicationAnswers(shown: NamedArray): NamedArray {
  const [steps, symbols] = shown.shape.slice(-2) as [number, number];
  const others = shown.shape.slice(0, -2);
  const targets = Array.from({ length: sizeOf(others) }, (_, index) => {
    const rows = shown.data.subarray(index * steps * symbols, (index + 1) * steps * symbols);
    const text = Array.from({ length: steps }, (_, step) => {
      const row = rows.subarray(step * symbols, (step + 1) * symbols);
      return multiplicationTokens[row.indexOf(Math.max(...row))] ?? ""; // of NaN there is no largest
    });
    return targetsOf(text.join(""));
  });
  const data = new Float32Array(targets.length * steps * 10);
  targets.forEach((of, index) => {
    data.set(of, index * steps * 10);
  });
  return namedArray("right answer", [...shown.axes.slice(0, -1), "output"], [...others, steps, 10], data);
}

/** Targets of "72×4=···", least significant digits first; a longer answer says the partial products before. */
function targetsOf(text: string): Float32Array {
  const [, first, second, asked] = /^(\d+)×(\d+)=(·+)$/.exec(text) ?? [];
  if (!first || !second || !asked) {
    throw new Error(`multiplicationAnswers: sequences such as "72×4=···" are needed; "${text}" was given.`);
  }
  const number = (digits: string): number => Number([...digits].reverse().join(""));
  const widths = [first.length, second.length] as const;
  const help = asked.length > widths[0] + widths[1] ? "partial-products" : "none";
  return multiplicationBatch([[number(first), number(second)]], widths, help).targets.data;
}
