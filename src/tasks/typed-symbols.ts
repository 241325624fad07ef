import { namedArray } from "../tensors/named-array.js";
import { quoted } from "../tensors/quoted.js";
import { bitsIn, canNameBit } from "./answers.js";
import type { TaskInput, Trained } from "./typed-input.js";

/**
 * Typing for a task of somebody's own, whose checkpoint names in its metadata the input's `symbols` ("a b c ?"), one for
 * each number of a step's input, and perhaps the `answers`, one for each output, and `examples`, one a line.
 *
 * A symbol is a step, shown as 1 at its place among zeros. `?=b` says what the answer at that step should be. Of a machine
 * that answers in bits the `answers` name the bits: `?=a+c` says which should be 1, `?=none` that none should.
 */
export const symbols: TaskInput = {
  help: "One symbol a step, with spaces between, such as the example's. What is due is written behind it: ?=b, of bits ?=a+c.",
  fields: "lines",
  example: ({ metadata }) => examplesIn(metadata)[0] ?? "",
  draw(source, { metadata }) {
    const examples = examplesIn(metadata);
    if (examples.length > 0) return examples[source.integer(0, examples.length - 1)] as string;
    const known = wordsIn(metadata.symbols);
    return Array.from({ length: 8 }, () => known[source.integer(0, known.length - 1)]).join(" ");
  },
  read(text, checkpoint) {
    const { model, metadata } = checkpoint;
    const [known, names] = [wordsIn(metadata.symbols), wordsIn(metadata.answers)];
    checkNames(checkpoint, known, names);
    const words = wordsIn(text).map((word) => /^(.+?)(?:=(.+))?$/.exec(word)?.slice(1) ?? []) as [string, string?][];
    if (words.length === 0) throw new Error(`Symbols are needed, such as ${known.slice(0, 3).join(" ")}.`);
    const steps = words.length;
    const zeros = (width: number) => new Float32Array(steps * width);
    const [inputs, targets, mask] = [zeros(model.inputs), zeros(model.outputs), zeros(1)];
    words.forEach(([symbol, answer], step) => {
      inputs[step * model.inputs + placeOf(symbol, known, "symbols")] = 1;
      if (answer === undefined) return;
      for (const one of model.activation === "softmax" ? [answer] : bitsIn(answer)) {
        targets[step * model.outputs + placeOf(one, names, "answers")] = 1;
      }
      mask[step] = 1;
    });
    const batch = {
      inputs: namedArray("inputs", ["step", "batch", "input"], [steps, 1, model.inputs], inputs),
      targets: namedArray("targets", ["step", "batch", "output"], [steps, 1, model.outputs], targets),
      mask: namedArray("mask", ["step", "batch"], [steps, 1], mask),
    };
    const tokens = words.map(([symbol]) => symbol);
    const asked = tokens.map((symbol, step) => `${symbol} at ${step}`);
    const rows = words.map((_, step) => [...inputs.subarray(step * model.inputs, (step + 1) * model.inputs)]);
    const given = `[\n${rows.map((row) => `  [[${row.join(", ")}]],`).join("\n")}\n], "inputs", ["step", "batch", "input"]`;
    return {
      ...{ batch, tokens, asked, notes: [], code: ["toNamedArray", given] },
      ...{ say: (answers) => answers.join(" "), ...(names.length > 0 && { names }) },
    };
  },
};

function examplesIn({ examples = "" }: Trained["metadata"]): string[] {
  return examples
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function wordsIn(text = ""): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** @throws if there are too few or too many names, or one could not be told from another, or could not be typed */
function checkNames({ model }: Trained, symbols: readonly string[], answers: readonly string[]): void {
  for (const [what, names, wanted] of [
    ["symbol", symbols, model.inputs],
    ["answer", answers, model.outputs],
  ] as const) {
    const twice = names.find((name, place) => names.indexOf(name) < place);
    if (twice !== undefined) {
      throw new Error(
        `The checkpoint's metadata name the ${what} ${quoted(twice)} twice; each needs a name of its own.`,
      );
    }
    if (names.length === wanted || (what === "answer" && names.length === 0)) continue;
    const count = `${names.length} ${what}${names.length === 1 ? "" : "s"}`;
    throw new Error(`The checkpoint's metadata name ${count}; its machine has ${wanted}.`);
  }
  const untypeable = symbols.find((symbol) => symbol.includes("=", 1));
  if (untypeable !== undefined) {
    throw new Error(
      `The checkpoint's metadata name the symbol ${quoted(untypeable)}, which cannot be typed: what is behind "=" is the ` +
        "answer that is due.",
    );
  }
  const unsayable = model.activation === "softmax" ? undefined : answers.find((answer) => !canNameBit(answer));
  if (unsayable === undefined) return;
  throw new Error(
    `The checkpoint's metadata name the bit ${quoted(unsayable)}; "a+c" says that the bits a and c are 1, "none" that none is.`,
  );
}

function placeOf(word: string, among: readonly string[], what: string): number {
  const place = among.indexOf(word);
  if (place >= 0) return place;
  const choices = among.length > 0 ? `there are ${among.join(" ")}` : "the checkpoint's metadata name none";
  throw new Error(`${quoted(word)} is none of the ${what}; ${choices}.`);
}
