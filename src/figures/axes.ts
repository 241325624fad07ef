import type { NamedArray } from "../tensors/named-array.js";
import { escapeText } from "./figure.js";

/** @throws unless the array has this many axes, saying what was given, what is needed and what to do. */
export function checkAxes(array: NamedArray, count: number, what: string): void {
  if (array.axes.length === count) return;
  const given = array.axes.map((axis, index) => `${axis}: ${array.shape[index]}`).join(", ");
  const first = array.axes[0] ?? "";
  const advice =
    array.axes.length > count
      ? `Fix a position along the others first, for example select(array, { ${/^\w+$/.test(first) ? first : JSON.stringify(first)}: 0 }).`
      : `Keep more axes when you select, or stack() several arrays.`;
  throw new Error(`${what} draws ${count} axes, but "${array.name}" has ${array.axes.length} [${given}]. ${advice}`);
}

/** @throws unless arrays whose first axis is the step have as many steps as the first of them. */
export function checkSteps(arrays: readonly NamedArray[], what: string): void {
  const [first] = arrays as [NamedArray];
  for (const { name, axes, shape } of arrays) {
    if (shape[0] === first.shape[0]) continue;
    throw new Error(
      `${what} draws arrays over the same steps: "${name}" has ${shape[0]} of "${axes[0]}", ` +
        `"${first.name}" has ${first.shape[0]} of "${first.axes[0]}".`,
    );
  }
}

/** Positions along an axis as Plotly takes them: their labels, made unique and safe, or undefined for plain numbers. */
export function positionsOf(array: NamedArray, axis: string): string[] | undefined {
  const labels = array.labels?.[axis];
  if (!labels) return undefined;
  // Plotly merges equal categories, drops empty ones and trips over "constructor": zero-width spaces tell them apart.
  const seen = new Map<string, number>();
  return labels.map((label) => {
    const text = escapeText(label, 24);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    return text + "\u200b".repeat(times);
  });
}

/** What a heading calls one position of an axis: its label, or such as "head 0". */
export function positionTitle(array: NamedArray, axis: string, index: number): string {
  return array.labels?.[axis]?.[index] ?? `${axis} ${index}`;
}

/** Plotly numbers axes "", "2", "3". */
export function suffixOf(index: number): string {
  return index === 0 ? "" : String(index + 1);
}
