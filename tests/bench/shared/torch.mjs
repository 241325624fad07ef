// PyTorch as a peer: a Python process that is given one line for every step it shall run, and answers with one.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { lackOf, python } from "./peers.mjs";

/** A script of this folder, run by a Python that has what it needs; undefined, and a word why, if there is none. */
export function startTorch(script, ...args) {
  const lack = lackOf(["torch", "numpy", "safetensors"]);
  if (lack) {
    console.error(`No figures beside PyTorch: ${lack}`);
    return undefined;
  }
  const path = join(import.meta.dirname, "..", script);
  const child = spawn(python, [path, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** The answer to a line, as JSON has it. */
    async ask(line) {
      child.stdin.write(`${line}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} ended before it answered "${line}".`);
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}
