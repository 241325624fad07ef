import type { Random } from "../tensors/random.js";
import type { Batch } from "./task.js";

/** What a checkpoint says of its task: the widths of its machine's inputs and outputs, how it answers, and its metadata. */
export interface Trained {
  readonly model: {
    readonly inputs: number;
    readonly outputs: number;
    /** One of many answers, or bits. */
    readonly activation: "softmax" | "sigmoid";
  };
  readonly metadata: Readonly<Record<string, string>>;
}

/** A typed input as a machine takes it. */
export interface Reading {
  /** One sequence. */
  readonly batch: Batch;
  /** What every step shows, in a few characters. */
  readonly tokens: readonly string[];
  /** What the answer at every step is called; unused where none is asked. */
  readonly asked: readonly string[];
  /** The answer in one line, from what is answered at the steps that count. */
  readonly say: (answers: readonly string[]) => string;
  /** What each output stands for: an answer, or a bit that is 1; where it is not just a digit or a bit. */
  readonly names?: readonly string[];
  /** The function of the library that makes the inputs, and its arguments as code. */
  readonly code: readonly [name: string, given: string];
  /** What a reader should know of this input, such as that training never showed its like. */
  readonly notes: readonly string[];
}

/** How a task's input is typed. */
export interface TaskInput {
  readonly help: string;
  /** Two numbers in one line, or one item a line. */
  readonly fields: "factors" | "lines";
  /** An input to begin with; "" where none suits. */
  example(checkpoint: Trained): string;
  /** Another input, at random. */
  draw(source: Random, checkpoint: Trained): string;
  /** @throws if the text is no input of the task, saying what one looks like. */
  read(text: string, checkpoint: Trained): Reading;
}
