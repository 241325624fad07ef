import { namedArray } from "../tensors/named-array.js";
import { quoted } from "../tensors/quoted.js";
import type { Random } from "../tensors/random.js";
import { associativeRecallBatch } from "./associative-recall.js";
import { copyBatch } from "./copy.js";
import { answersTo, recallBatch, recallTask, recallTokens, recallWords } from "./recall.js";
import type { TaskInput, Trained } from "./typed-input.js";
import { linesOf } from "./typed-lines.js";
import { multiplication } from "./typed-multiplication.js";
import { symbols } from "./typed-symbols.js";

/** The way to type inputs of the task that a checkpoint was trained on; of an unknown task, its symbols or rows of numbers. */
export function taskInputOf({ metadata }: Trained): TaskInput {
  const task = metadata.task ?? "";
  if (Object.hasOwn(taskInputs, task)) return taskInputs[task] as TaskInput;
  return Object.hasOwn(metadata, "symbols") ? symbols : anyInput;
}

const copy: TaskInput = {
  help: "One vector a line, as bits: 0 and 1. The machine sees all, then says them again.",
  fields: "lines",
  example: ({ model }) => asWide("11000000\n00110000\n00001100\n00000011\n10101010", model.outputs),
  draw: (source, { model }) => lines(source.integer(3, 10), () => bitsOf(source, model.outputs)),
  read(text, { model }) {
    const vectors = linesOf(text).flatMap((line) => vectorsOf(line, model.outputs));
    if (vectors.length === 0)
      throw new Error(`At least one vector of ${model.outputs} bits is needed; nothing was given.`);
    const batch = copyBatch([vectors]);
    const tokens = [...vectors.map((_, item) => `${item + 1}`), "end", ...vectors.map(() => "·")];
    const asked = [...vectors.map(() => ""), "", ...vectors.map((_, item) => `vector ${item + 1}`)];
    return { batch, tokens, asked, say: joined(" "), notes: [], code: ["copyBatch", JSON.stringify([vectors])] };
  },
};

const associativeRecall: TaskInput = {
  help: 'One item a line, three vectors of bits with spaces between; last "? 2" to ask what came after item 2.',
  fields: "lines",
  example: ({ model }) =>
    asWide("110000 001100 000011\n101010 010101 111000\n000111 100001 011110\n? 2", model.outputs),
  draw(source, { model }) {
    const items = source.integer(3, 6);
    const item = () => Array.from({ length: 3 }, () => bitsOf(source, model.outputs)).join(" ");
    return `${lines(items, item)}\n? ${source.integer(1, items - 1)}`;
  },
  read(text, { model }) {
    const all = linesOf(text);
    const [, query] = /^\?\s*(\d{1,3})$/.exec(all.at(-1) ?? "") ?? [];
    if (!query)
      throw new Error(
        `The last line asks for an item by its number, such as "? 2"; ${quoted(all.at(-1) ?? "")} was given.`,
      );
    const items = all.slice(0, -1).map((line) => line.split(/\s+/).map((part) => vectorOf(part, model.outputs)));
    if (Number(query) < 1 || Number(query) >= items.length) {
      throw new Error(`Item ${query} cannot be asked for: 1 to ${items.length - 1} have an item after them.`);
    }
    const batch = associativeRecallBatch([{ items, query: Number(query) - 1 }]);
    const vectors = items[0]?.length as number;
    const within = (name: string) => Array.from({ length: vectors }, (_, vector) => `${name}.${vector + 1}`);
    const tokens = [
      ...items.flatMap((_, item) => ["item", ...within(`${item + 1}`)]),
      ...["?", ...within(query), "?"],
      ...Array.from({ length: vectors }, () => "·"),
    ];
    const first = tokens.length - vectors;
    const asked = tokens.map((_, step) =>
      step < first ? "" : `item ${Number(query) + 1}, vector ${step - first + 1}`,
    );
    const given = `[{ items: ${JSON.stringify(items)}, query: ${Number(query) - 1} }]`;
    return { batch, tokens, asked, say: joined(" "), notes: [], code: ["associativeRecallBatch", given] };
  },
};

const recall: TaskInput = {
  help: 'One sentence a line: "put 7 in the red box", "what is in the red box?"; "it" is the last place.',
  fields: "lines",
  example: () =>
    "put 7 in the red box\nput 3 in the blue cup\nput 9 in it\nwhat is in the red box?\nwhat is in the blue cup?",
  draw(source) {
    const { inputs } = recallTask().draw(source, source.integer(4, 8), 1);
    const words = recallWords.length;
    return lines(inputs.shape[0] as number, (step) => {
      const tokens = Array.from({ length: recallTokens }, (_, token) => {
        const start = (step * recallTokens + token) * words;
        return recallWords[inputs.data.subarray(start, start + words).indexOf(1)];
      });
      return tokens.filter((word) => word !== undefined).join(" ");
    });
  },
  read(text) {
    const story = linesOf(text);
    const answers = answersTo(story);
    const notes = answers.every((answer) => answer === undefined)
      ? ["Nothing is asked: no sentence is a question."]
      : [];
    const code = ["recallBatch", JSON.stringify([story])] as const;
    return { batch: recallBatch([story]), tokens: story, asked: story, say: joined(", "), notes, code };
  },
};

const anyInput: TaskInput = {
  help: "This checkpoint names no task that is known here: one step a line, its numbers with spaces between.",
  fields: "lines",
  example: () => "",
  draw: (source, { model }) =>
    lines(8, () => Array.from({ length: model.inputs }, () => source.integer(0, 1)).join(" ")),
  read(text, { model }) {
    const all = linesOf(text);
    const rows = all.map((line) => line.split(/[\s,]+/).map(Number));
    const wrong = rows.findIndex((row) => row.length !== model.inputs || !row.every(Number.isFinite));
    if (rows.length === 0 || wrong >= 0) {
      const given = rows.length === 0 ? "nothing was given" : `line ${wrong + 1} is ${quoted(all[wrong] as string)}`;
      throw new Error(`Every line holds ${model.inputs} numbers with spaces between; ${given}.`);
    }
    const steps = rows.length;
    const zeros = (name: string, axes: string[], shape: number[], size: number) =>
      namedArray(name, axes, shape, new Float32Array(size));
    const batch = {
      inputs: namedArray("inputs", ["step", "batch", "input"], [steps, 1, model.inputs], rows.flat()),
      targets: zeros("targets", ["step", "batch", "output"], [steps, 1, model.outputs], steps * model.outputs),
      mask: zeros("mask", ["step", "batch"], [steps, 1], steps),
    };
    const given = `[\n${rows.map((row) => `  [[${row.join(", ")}]],`).join("\n")}\n], "inputs", ["step", "batch", "input"]`;
    const tokens = rows.map((_, step) => `${step}`);
    return { batch, tokens, asked: tokens, say: joined(""), notes: [], code: ["toNamedArray", given] };
  },
};

const taskInputs: Readonly<Record<string, TaskInput>> = {
  multiplication,
  copy,
  "associative-recall": associativeRecall,
  recall,
};

function joined(between: string): (answers: readonly string[]) => string {
  return (answers) => answers.join(between);
}

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join("\n");
}

function bitsOf(source: Random, count: number): string {
  return Array.from({ length: count }, () => source.integer(0, 1)).join("");
}

/** Vectors of so many bits: the given ones cut short, or again from their beginning. */
function asWide(text: string, bits: number): string {
  return text.replace(/[01]{2,}/g, (vector) => vector.repeat(Math.ceil(bits / vector.length)).slice(0, bits));
}

/** A line's vectors: one, whose bits may have spaces between, or several with spaces between. @throws unless they are bits */
function vectorsOf(line: string, bits: number): number[][] {
  const words = line.split(/\s+/);
  return (words.every((word) => word.length === bits) ? words : [line]).map((word) => vectorOf(word, bits));
}

/** @throws unless the text is so many bits */
function vectorOf(text: string, bits: number): number[] {
  const digits = [...text.replace(/\s+/g, "")];
  if (digits.length === bits && digits.every((bit) => bit === "0" || bit === "1")) return digits.map(Number);
  throw new Error(
    `A vector of ${bits} bits such as ${"10".repeat(bits).slice(0, bits)} is needed; ${quoted(text)} was given.`,
  );
}
