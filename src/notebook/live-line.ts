import { randomUUID } from "node:crypto";
import { display, inNotebook } from "./display.js";

/** One line of text that changes in its place, such as the progress of a training. */
export interface LiveLine {
  update(text: string): void;
  /** Leave the last text standing. */
  end(): void;
}

/** Milliseconds between two lines where nothing can be replaced. */
const SELDOM = 10_000;

/**
 * A line that replaces itself: as a cell's output in a notebook, in place on a terminal.
 *
 * Where the output goes to a file or a pipe, nothing can be replaced: the first text is printed, then one every ten
 * seconds, and the last.
 *
 * @param stream where it goes outside a notebook; progress beside a result on standard output belongs on stderr.
 * @example
 * const line = liveLine();
 * await train(training, { onProgress: ({ update, bitsPerAnswer }) => line.update(`${update}: ${bitsPerAnswer} bits`) });
 * line.end();
 */
export function liveLine(stream: NodeJS.WriteStream = process.stdout): LiveLine {
  if (inNotebook()) return inCell();
  return stream.isTTY ? onTerminal(stream) : inPipe(stream);
}

function inCell(): LiveLine {
  const id = randomUUID();
  let shown = false;
  return {
    update(text) {
      display({ "text/plain": text }, id, shown);
      shown = true;
    },
    end() {},
  };
}

function onTerminal(stream: NodeJS.WriteStream): LiveLine {
  let shown = false;
  return {
    update(text) {
      const fitting = text.replace(/\s+/g, " ").slice(0, Math.max(1, (stream.columns ?? 80) - 1));
      stream.write(`\r\u001b[2K${fitting}`);
      shown = true;
    },
    end() {
      if (shown) stream.write("\n");
      shown = false;
    },
  };
}

function inPipe(stream: NodeJS.WriteStream): LiveLine {
  let printedAt = Number.NEGATIVE_INFINITY;
  let waiting: string | undefined;
  const print = (): void => {
    if (waiting !== undefined) stream.write(`${waiting}\n`);
    waiting = undefined;
  };
  return {
    update(text) {
      waiting = text;
      if (Date.now() - printedAt < SELDOM) return;
      printedAt = Date.now();
      print();
    },
    end: print,
  };
}
