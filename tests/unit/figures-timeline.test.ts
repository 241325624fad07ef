import { describe, expect, test } from "vitest";
import { timeline } from "../../src/figures/timeline.js";

interface Drawn {
  readonly xaxis: { readonly tickvals: number[]; readonly ticktext: string[]; readonly range: number[] };
  readonly yaxis: { readonly range?: number[] };
}
const layoutOf = (tokens: readonly string[], options: { range?: [number, number] } = {}): Drawn => {
  const values = tokens.map((_, index) => index / 10);
  const { layout } = timeline(tokens, { focus: values }, { title: "Focus", y: "focus", ...options });
  return layout as unknown as Drawn;
};

describe("A timeline", () => {
  test("names the tokens along its axis, over their numbers", () => {
    const { xaxis, yaxis } = layoutOf(["7", "×", "<b>", "="], { range: [0, 1] });
    expect(xaxis.tickvals).toEqual([0, 1, 2, 3]);
    expect(xaxis.ticktext).toEqual(["7<br>0", "×<br>1", "&#60;b&#62;<br>2", "=<br>3"]);
    expect(xaxis.range).toEqual([-0.5, 3.5]);
    expect(yaxis.range).toEqual([0, 1]);
  });

  test("has numbers alone where names are long, or are the numbers", () => {
    expect(layoutOf(["put 7 in the red box", "1"]).xaxis.ticktext).toEqual(["0", "1"]);
    expect(layoutOf(["0", "1"]).yaxis.range).toBeUndefined();
  });

  test("names every n-th of many tokens", () => {
    const { tickvals, ticktext } = layoutOf(Array.from({ length: 120 }, (_, index) => String(index))).xaxis;
    expect(tickvals).toHaveLength(40);
    expect(tickvals.slice(0, 3)).toEqual([0, 3, 6]);
    expect(ticktext[1]).toBe("3");
  });

  test("refuses a curve of another length than the tokens", () => {
    expect(() => timeline(["a", "b"], { focus: [1] }, { title: "", y: "" })).toThrow(
      '"focus" has 1 values, but "token" has 2.',
    );
  });
});
