import { attentionPanels } from "../figures/attention-heatmap.js";
import { attentionWithEntropy } from "../figures/attention-with-entropy.js";
import type { Figure } from "../figures/figure.js";
import { memoryEvolution } from "../figures/memory-evolution.js";
import { memoryHeatmap } from "../figures/memory-heatmap.js";
import { memoryImportance } from "../figures/memory-importance.js";
import { memorySteps } from "../figures/memory-steps.js";
import { readWriteWeights } from "../figures/read-write-weights.js";
import { routingHeatmap } from "../figures/routing-heatmap.js";
import { stateCommunication } from "../figures/state-communication.js";
import type { NamedArray } from "../tensors/named-array.js";

/** The arrays that a report knows by name, each with the axes that it may have, for arrays that bring no names. */
export const ARRAYS = {
  attentionWeights: [["query", "key"]],
  tokenStateAttention: [["token", "state"]],
  stateAttention: [
    ["state", "heard state"],
    ["head", "state", "heard state"],
  ],
  multiHeadAttention: [["head", "query", "key"]],
  memoryContent: [["slot", "word"]],
  memoryOverSteps: [["step", "slot", "word"]],
  importanceScores: [["slot"], ["score", "slot"]],
  initialReadWeights: [["head", "slot"], ["slot"]],
  initialWriteWeights: [["head", "slot"], ["slot"]],
  finalReadWeights: [["head", "slot"], ["slot"]],
  finalWriteWeights: [["head", "slot"], ["slot"]],
} as const;

export type ArrayName = keyof typeof ARRAYS;

/** A figure that a report draws when one of the arrays that it is of is there. */
export interface StandardFigure {
  readonly name: string;
  /** What it shows and how to read it. */
  readonly about: string;
  readonly of: readonly ArrayName[];
  /** @param arrays as in `of`; one that is not there is undefined. */
  readonly draw: (title: string, ...arrays: readonly (NamedArray | undefined)[]) => Figure;
}

type OfOne = (array: NamedArray, options: { title: string }) => Figure;

function figure(name: string, of: ArrayName, draw: OfOne, about: string): StandardFigure {
  return { name, about, of: [of], draw: (title, array) => draw(array as NamedArray, { title }) };
}

function heads(name: string, read: ArrayName, write: ArrayName, when: string): StandardFigure {
  const about =
    `Where each head looks ${when}: its weights over the memory slots, read heads in blue, write heads in orange, all on ` +
    "one scale. A single high bar is a head that looks at one slot; a flat row is one that looks everywhere alike.";
  return { name, about, of: [read, write], draw: (title, ...arrays) => drawHeads(title, arrays) };
}

/** One head may come as [slot]; where only one kind of head is given, the other has none. */
function drawHeads(title: string, given: readonly (NamedArray | undefined)[]): Figure {
  const [read, write] = given.map((array) => {
    if (array?.axes.length !== 1) return array;
    return { ...array, axes: ["head", ...array.axes], shape: [1, ...array.shape] };
  });
  const none = (like: NamedArray | undefined): NamedArray => {
    const { name, axes, shape } = like as NamedArray;
    return { name, axes, shape: [0, ...shape.slice(1)], data: new Float32Array() };
  };
  return readWriteWeights(read ?? none(write), write ?? none(read), { title });
}

/** In the order in which a report shows them. */
export const STANDARD_FIGURES: readonly StandardFigure[] = [
  figure(
    "Attention weights",
    "attentionWeights",
    attentionWithEntropy,
    "How much each query, a row, attends to each key, a column. The weights of a row sum to one: a bright cell is where the " +
      "query looks. Beside each row stands its entropy: short where the query looks at one place, up to the dotted line " +
      "where it looks everywhere alike.",
  ),
  figure(
    "Token-to-state routing",
    "tokenStateAttention",
    routingHeatmap,
    "To which states, the rows, each token, a column, is sent. Beside each row stands what the state receives of all tokens " +
      "together: far beyond the dotted line, the even share, is a state that takes over; near zero, one that is not used.",
  ),
  figure(
    "State-to-state communication",
    "stateAttention",
    stateCommunication,
    "Which state listens to which: what is heard flows from the states on the left to those that listen on the right. A " +
      "ribbon is as wide as the attention paid, so a tall bar on the left is a state that many listen to.",
  ),
  figure(
    "Attention of each head",
    "multiHeadAttention",
    attentionPanels,
    "Every head in a panel of its own, in one range of colours, so that heads can be compared: rows are queries, columns are " +
      "keys. Heads that look alike attend alike here; a bright diagonal is a head whose positions attend to themselves.",
  ),
  figure(
    "Memory content",
    "memoryContent",
    memoryHeatmap,
    "A row for each memory slot, a column for each number of its word. Blue is below zero, pale is zero, red is above. Rows " +
      "that look alike hold the same; a pale row holds values near zero on this scale.",
  ),
  figure(
    "Memory over the steps",
    "memoryOverSteps",
    memoryEvolution,
    "The memory after each step: move the slider, or play. All steps share one range of colours, so that a cell that changes " +
      "its colour has changed its value.",
  ),
  figure(
    "Memory at several steps",
    "memoryOverSteps",
    memorySteps,
    "The same memory at some of its steps, side by side and in one range of colours, for paper.",
  ),
  figure(
    "Importance",
    "importanceScores",
    memoryImportance,
    "The importance of each position, with a line at the mean: bars above it are more important than the average. Bars of " +
      'one height mean that none is preferred. A score "written, then read", if it is there, multiplies the weight of each ' +
      "reading by that of all earlier writes to the slot.",
  ),
  heads("Initial read and write weights", "initialReadWeights", "initialWriteWeights", "before the first step"),
  heads("Final read and write weights", "finalReadWeights", "finalWriteWeights", "after the last step"),
];
