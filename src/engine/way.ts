import { loopKernel } from "./loop-kernel.js";
import { type LoopPattern, loopPattern } from "./loop-pattern.js";
import type { Machine, Table } from "./machine.js";
import { productKernel, productPattern } from "./product-kernel.js";
import type { ProductPattern } from "./product-tile.js";
import type { Share } from "./share-out.js";
import { fills, type Operand, type Step, writtenBy } from "./steps.js";

/** A way to run a program: tables of its steps in a machine's memory, one for each thread. */
export interface Way {
  readonly run: () => void;
  /** Write the tables. */
  readonly link: (addressOf: (operand: Operand) => number) => void;
  /** Give back the tables' storage. */
  readonly release: () => void;
}

/** A step in a table: the kernel's number, the length of the whole in bytes and perhaps more, then operands' addresses. */
interface Entry {
  readonly words: readonly number[];
  readonly operands: readonly Operand[];
}

/** The kernels that it needs must be prepared before it runs. */
export function newWay(machine: Machine, shares: readonly Share[]): Way {
  const lists = shares.map((share, thread) => {
    const entries = share.map((step) => entryOf(machine, step, thread));
    const length = entries.reduce((sum, { words, operands }) => sum + 4 * (words.length + operands.length), 0);
    const place = machine.reserve(length);
    return { entries, table: [place, place + length] as Table };
  });
  const tables = lists.map(({ table }) => table);
  return {
    run: () => machine.run(tables),
    link(addressOf) {
      const memory = machine.words();
      for (const { entries, table } of lists) {
        let at = table[0] / 4;
        for (const { words, operands } of entries) {
          for (const word of words) memory[at++] = word;
          for (const operand of operands) memory[at++] = addressOf(operand);
        }
      }
    },
    release() {
      for (const [place] of tables) machine.release(place);
    },
  };
}

function entryOf(machine: Machine, step: Share[number], thread: number): Entry {
  if (step === "barrier") return { words: machine.barrier(thread), operands: [] };
  return { words: [kernelOf(machine, step), 8 + 4 * step.operands.length], operands: step.operands };
}

function kernelOf(machine: Machine, step: Step): number {
  if (step.kind === "product") {
    const pattern = productPattern(step);
    return machine.kernel(`product ${keyOf(pattern)}`, () => productKernel(pattern));
  }
  const roomy = writtenBy(step).every((operand) => fills(step, operand));
  const pattern = loopPattern(step, roomy);
  return machine.kernel(`loop ${keyOf(pattern)}`, () => loopKernel(pattern));
}

/** Patterns as text. JSON has no −0, infinity or NaN, and a constant of a pattern may be one. */
function keyOf(pattern: LoopPattern | ProductPattern): string {
  return JSON.stringify(pattern, (_, value) =>
    Object.is(value, -0) ? "-0" : typeof value === "number" ? `${value}` : value,
  );
}
