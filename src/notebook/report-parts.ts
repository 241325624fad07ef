import { attentionTable, memoryTable } from "../analysis/tables.js";
import type { Figure, PlotlyFigure } from "../figures/figure.js";
import { type ArrayInput, toNamedArray } from "../tensors/array-input.js";
import type { NamedArray } from "../tensors/named-array.js";
import { type DataFrame, frameOf, isDataFrame, type Rows } from "./data-frame.js";
import { drawable, isFigure } from "./plain-figure.js";
import { ARRAYS, type ArrayName, STANDARD_FIGURES } from "./standard-figures.js";

/** What a report is made of; any part may be left out. */
export interface ReportData {
  /** Who attends to whom, [query, key]. */
  readonly attentionWeights?: ArrayInput;
  /** How tokens are routed to states, [token, state]. */
  readonly tokenStateAttention?: ArrayInput;
  /** Which state, a row, listens to which, [state, state], or with the head first. */
  readonly stateAttention?: ArrayInput;
  /** [head, query, key] */
  readonly multiHeadAttention?: ArrayInput;
  /** [slot, word] */
  readonly memoryContent?: ArrayInput;
  /** The memory after each step, [step, slot, word]. */
  readonly memoryOverSteps?: ArrayInput;
  /** [slot] or [state], or several scores to compare, [score, slot]. */
  readonly importanceScores?: ArrayInput;
  /** Before the first step, [head, slot] or [slot]; so are the three that follow. */
  readonly initialReadWeights?: ArrayInput;
  readonly initialWriteWeights?: ArrayInput;
  /** After the last step. */
  readonly finalReadWeights?: ArrayInput;
  readonly finalWriteWeights?: ArrayInput;
  /** Further figures by name, each with what it shows and how to read it. */
  readonly figures?: Readonly<Record<string, { readonly figure: PlotlyFigure; readonly about: string }>>;
  /** Further tables by name: DataFrames or plain records. */
  readonly tables?: Readonly<Record<string, { readonly table: DataFrame | Rows; readonly about: string }>>;
}

/** One figure or one table of a report, with what it shows. `arrays` are what it was drawn from. */
export type ReportPart = { readonly name: string; readonly about: string; readonly arrays: readonly NamedArray[] } & (
  | { readonly figure: Figure }
  | { readonly table: DataFrame }
);

const ATTENTION = ["attentionWeights", "tokenStateAttention", "stateAttention", "multiHeadAttention"] as const;
const MEMORY = ["memoryContent", "memoryOverSteps"] as const;

/**
 * The parts of a report: the standard figures of what there is, the figures and tables given, and the numbers of all
 * attention and memory.
 *
 * @throws if there is nothing, a name is unknown, or something cannot be drawn.
 */
export function reportParts(data: ReportData): readonly ReportPart[] {
  const known = [...Object.keys(ARRAYS), "figures", "tables"];
  if (!isRecord(data)) {
    const given = Array.isArray(data) ? "an array" : String(data);
    throw new Error(`A report takes an object with some of ${known.join(", ")}, but was given ${given}.`);
  }
  for (const name of Object.keys(data)) {
    if (!known.includes(name)) throw new Error(`A report has no "${name}"; it takes ${known.join(", ")}.`);
  }
  const names = (Object.keys(ARRAYS) as ArrayName[]).filter((name) => data[name] !== undefined);
  const arrays = new Map(names.map((name) => [name, arrayOf(data[name] as ArrayInput, name)]));
  const all = [...standardFigures(arrays), ...freeFigures(data), ...numbers(arrays), ...freeTables(data)];
  if (all.length === 0) throw new Error(`A report needs at least one of ${known.join(", ")}.`);
  return all;
}

/** An array without names of its own gets its name in words, and those axes that fit it. */
function arrayOf(input: ArrayInput, name: ArrayName): NamedArray {
  const words = wordsOf(name);
  const choices: readonly (readonly string[])[] = ARRAYS[name];
  const { axes, shape } = toNamedArray(input, words, []);
  const fitting = choices.find(({ length }) => length === shape.length);
  if (fitting) return toNamedArray(input, words, fitting);
  const wanted = choices.map((choice) => `[${choice.join(", ")}]`).join(" or ");
  throw new Error(`The report's ${name} must be ${wanted}, but has ${axes.length} axes [${shape.join(", ")}].`);
}

/** "memoryContent" is "memory content". */
function wordsOf(name: ArrayName): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

type Arrays = ReadonlyMap<ArrayName, NamedArray>;

function standardFigures(arrays: Arrays): ReportPart[] {
  return STANDARD_FIGURES.filter(({ of }) => of.some((name) => arrays.has(name))).map(({ name, about, of, draw }) => {
    const drawn = of.map((one) => arrays.get(one));
    return { name, about, arrays: drawn.filter((array) => array !== undefined), figure: draw(name, ...drawn) };
  });
}

/** What attention and memory come to in numbers, a row of the table for each matrix. */
function numbers(arrays: Arrays): ReportPart[] {
  const among = (names: readonly ArrayName[]): [string, NamedArray][] =>
    names.flatMap((name) => (arrays.has(name) ? [[wordsOf(name), arrays.get(name) as NamedArray]] : []));
  const attention = among(ATTENTION);
  const memory = among(MEMORY);
  const inAttention = {
    name: "Attention in numbers",
    about:
      "A row for each attention matrix. Entropies are in nats (natural logarithm): low where few places get all the weight. " +
      "The focus score is 1 for rows that look at one place, 0 for rows that look everywhere alike. Sparsity is the share " +
      "of weights below 0.01.",
  };
  const inMemory = {
    name: "Memory in numbers",
    about:
      "A row for each memory. Sparsity is the share of values nearer to zero than 0.01; a slot is active if its numbers " +
      "have a standard deviation above 0.1.",
  };
  const part = (words: { name: string; about: string }, of: [string, NamedArray][], rows: () => Rows): ReportPart[] =>
    of.length > 0 ? [{ ...words, arrays: of.map(([, array]) => array), table: frameOf(rows()) }] : [];
  return [
    ...part(inAttention, attention, () => attentionTable(Object.fromEntries(attention))),
    ...part(inMemory, memory, () => memoryTable(Object.fromEntries(memory))),
  ];
}

function freeFigures({ figures = {} }: ReportData): ReportPart[] {
  return Object.entries(figures).map(([name, given]) => {
    const { figure, about } = given ?? {};
    if (isFigure(figure) && typeof about === "string") {
      checkJson(name, figure);
      return { name, about, arrays: [], figure: drawable(figure) };
    }
    throw new Error(`The report's figure "${name}" must be { figure, about }: a Plotly figure, and text.`);
  });
}

/** Pages hold figures as JSON, which knows no circles and no bigints. */
function checkJson(name: string, figure: PlotlyFigure): void {
  try {
    JSON.stringify(figure);
  } catch (error) {
    const [why] = (error as Error).message.split("\n");
    throw new Error(`The report's figure "${name}" cannot be written as JSON: ${why}. Give it plain values only.`);
  }
}

function freeTables({ tables = {} }: ReportData): ReportPart[] {
  return Object.entries(tables).map(([name, given]) => {
    const { table, about } = given ?? {};
    const frame = Array.isArray(table) && table.every(isRecord) ? frameOf(table) : table;
    if (isDataFrame(frame) && typeof about === "string") return { name, about, arrays: [], table: frame };
    throw new Error(
      `The report's table "${name}" must be { table, about }: a DataFrame or a list of records, and text.`,
    );
  });
}

function isRecord(what: unknown): what is Readonly<Record<string, unknown>> {
  return typeof what === "object" && what !== null && !Array.isArray(what);
}
