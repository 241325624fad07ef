import { multiplicationTokens } from "../tasks/multiplication.js";
import { multiplicationAnswers } from "../tasks/multiplication-answers.js";
import { answersTo, recallWords } from "../tasks/recall.js";
import { type NamedArray, select } from "../tensors/named-array.js";

/** One token of a sequence in words. */
export interface TokenName {
  /** What was shown, such as "7" or "put 3 in it"; its number where that cannot be told. */
  readonly shown: string;
  /** What was answered, where something was asked, and what is right. */
  readonly said?: string;
  readonly right?: string;
}

/**
 * What was shown at every token of a sequence, and what was answered, read off what was recorded.
 *
 * @param input [step, batch, token, symbol] one-hot; of any other shape, tokens are numbered.
 * @param logits [step, batch, output]
 * @param numbers the recorded tokens, as many as `input` has steps
 */
export function tokenNames(
  numbers: readonly number[],
  sequence: number,
  input?: NamedArray,
  logits?: NamedArray,
): readonly TokenName[] {
  const symbols = input?.axes.join() === "step,batch,token,symbol" ? input.shape[3] : undefined;
  const words = [multiplicationTokens, recallWords].find(({ length }) => length === symbols);
  if (!input || !words || input.shape[0] !== numbers.length) return numbers.map((number) => ({ shown: `${number}` }));
  const one = select(input, { batch: sequence });
  const shown = rowsOf(one).map((step) =>
    rowsOf(step)
      .filter((token) => Math.max(...token.data) > 0.5)
      .map((token) => words[largest(token.data)])
      .join(" "),
  );
  const right = words === multiplicationTokens ? productDigits(one) : storyAnswers(shown);
  const said = logits && rowsOf(select(logits, { batch: sequence })).map(({ data }) => `${largest(data)}`);
  return shown.map((text, step) => ({
    shown: text,
    ...(right?.[step] !== undefined && { right: right[step], ...(said && { said: said[step] as string }) }),
  }));
}

/** The right digit at every step of a sequence that asks; undefined for one that was cut short. */
function productDigits(shown: NamedArray): (string | undefined)[] | undefined {
  try {
    const targets = multiplicationAnswers(select(shown, { token: 0 }));
    return rowsOf(targets).map(({ data }) => (Math.max(...data) > 0 ? `${largest(data)}` : undefined));
  } catch {
    return undefined;
  }
}

function storyAnswers(sentences: readonly string[]): (string | undefined)[] | undefined {
  try {
    return answersTo(sentences).map((answer) => (answer === undefined ? undefined : `${answer}`));
  } catch {
    return undefined;
  }
}

/** The parts of an array along its first axis. */
function rowsOf({ name, axes, shape, data }: NamedArray): NamedArray[] {
  const size = data.length / (shape[0] as number);
  return Array.from({ length: shape[0] as number }, (_, index) => ({
    name,
    axes: axes.slice(1),
    shape: shape.slice(1),
    data: data.subarray(index * size, (index + 1) * size),
  }));
}

function largest(values: Float32Array): number {
  return values.reduce((best, value, index) => (value > (values[best] as number) ? index : best), 0);
}
