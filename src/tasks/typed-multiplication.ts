import { quoted } from "../tensors/quoted.js";
import type { Random } from "../tensors/random.js";
import { isHeldOut, type Lesson, lesson, multiplicationBatch, multiplicationTokens } from "./multiplication.js";
import type { TaskInput, Trained } from "./typed-input.js";
import { plainText } from "./typed-lines.js";

/** Two factors, in as many digits as the machine was taught; with partial products first if it learnt to say them. */
export const multiplication: TaskInput = {
  help: "Two whole numbers of up to four digits.",
  fields: "factors",
  example: () => "27 × 4",
  draw(source, { metadata }) {
    const { factors } = anyLesson(source, metadata);
    return factors.map(({ least, most }) => source.integer(least, most)).join(" × ");
  },
  read(text, { metadata }) {
    const [, first, second] = /^\s*(\d{1,4})\s*[×x*·⋅✕,]\s*(\d{1,4})\s*$/i.exec(plainText(text)) ?? [];
    if (!first || !second) {
      const given = text.trim() === "" ? "nothing" : quoted(text.trim());
      throw new Error(`Two whole numbers of up to four digits are needed, such as 27 × 4; ${given} was given.`);
    }
    const pair = [Number(first), Number(second)] as const;
    const { widths, notes } = widthsFor(pair, metadata);
    const help = metadata["partial-products"] ? "partial-products" : "none";
    const batch = multiplicationBatch([pair], widths, help);
    const answers = batch.targets.shape[0] as number;
    const shown = widths[0] + widths[1] + 2;
    const tokens = Array.from({ length: answers }, (_, step) => {
      const row = batch.inputs.data.subarray(
        step * multiplicationTokens.length,
        (step + 1) * multiplicationTokens.length,
      );
      return multiplicationTokens[row.indexOf(1)] as string;
    });
    const helping = answers - shown - widths[0] - widths[1];
    const asked = tokens.map((_, step) => {
      const place = step - shown;
      if (place >= helping) return placeName(place - helping);
      const [row, digit] = [Math.floor(place / (widths[0] + 1)), place % (widths[0] + 1)];
      return place < 0 ? "" : `${pair[0]} × ${digitOf(pair[1], row)}, ${placeName(digit)}`;
    });
    const say = (digits: readonly string[]) => `${Number([...digits].reverse().join(""))}`;
    const given = [[pair], widths, ...(help === "none" ? [] : [help])].map((one) => JSON.stringify(one)).join(", ");
    return { batch, tokens, asked, say, notes, code: ["multiplicationBatch", given] };
  },
};

type Widths = readonly [number, number];

/** The lessons that the machine was trained on, by their numbers; 1, one digit by one, if its metadata do not say. */
function lessonsOf(metadata: Trained["metadata"]): readonly number[] {
  const numbers = (metadata.lessons ?? "").split(",").filter((text) => /^\d{1,2}$/.test(text));
  return numbers.length > 0 ? numbers.map(Number) : [1];
}

function anyLesson(source: Random, metadata: Trained["metadata"]): Lesson {
  const numbers = lessonsOf(metadata);
  return lesson(numbers[source.integer(0, numbers.length - 1)] as number);
}

/** Digits that a lesson writes its factors with. */
function widthsOf({ factors }: Lesson): Widths {
  return [factors[0].digits, factors[1].digits];
}

/**
 * How to write a pair: as the shortest lesson that has both numbers; if none has, as the shortest that is wide enough, with
 * leading zeros; else as it is.
 */
function widthsFor(pair: Widths, metadata: Trained["metadata"]): { widths: Widths; notes: string[] } {
  const lessons = lessonsOf(metadata).map(lesson);
  const digits = pair.map((factor) => `${factor}`.length) as unknown as Widths;
  const length = (one: Lesson) => one.factors[0].digits + one.factors[1].digits;
  const shortest = (fits: (one: Lesson) => boolean) => lessons.filter(fits).sort((a, b) => length(a) - length(b))[0];
  const taught = shortest(({ factors }) =>
    factors.every(({ least, most }, index) => least <= (pair[index] as number) && (pair[index] as number) <= most),
  );
  if (taught) return { widths: widthsOf(taught), notes: heldOutNote(pair, taught, metadata) };
  const known = lessons.map((one) => widthsOf(one).join("×")).join(", ");
  const wide = shortest((one) => widthsOf(one).every((width, index) => width >= (digits[index] as number)));
  return {
    widths: wide ? widthsOf(wide) : digits,
    notes: [`Training showed no such pair: it showed ${known} digits.`],
  };
}

function heldOutNote(pair: Widths, { factors }: Lesson, metadata: Trained["metadata"]): string[] {
  const seed = metadata["held-out-by"];
  const few = factors.reduce((count, { least, most }) => count * (most - least + 1), 1) < 100;
  if (seed === undefined || few || !isHeldOut(...pair, Number(seed))) return [];
  return ["This pair was held out: training never showed it."];
}

const places = ["units", "tens", "hundreds", "thousands"];

function placeName(place: number): string {
  return places[place] ?? `10^${place}`;
}

function digitOf(value: number, place: number): number {
  return Math.floor(value / 10 ** place) % 10;
}
